#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/async/worker_pool.h"
#include "godwit/rpc/server/interceptor.h"
#include "godwit/rpc/server/method.h"

namespace godwit::rpc {

struct ServerLimits {
  // A longer message of a client is refused with RESOURCE_EXHAUSTED before it is put together. Bytes.
  std::size_t max_receive_message_bytes = 4 * 1024 * 1024;
  // A longer message of a handler is refused in the same way. Bytes; without a limit unless set.
  std::size_t max_send_message_bytes = std::numeric_limits<std::uint32_t>::max();
};

// What all calls of one loop share. Lives longer than the loop's calls; constant while they run.
struct ServerEnvironment {
  Executor& executor;
  const MethodRegistry& methods;
  ServerLimits limits;
  std::vector<std::shared_ptr<ServerInterceptor>> interceptors;
  WorkerPool* workers = nullptr;  // where blocking handlers run; nullptr: there are none
};

}  // namespace godwit::rpc
