#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/async/worker_pool.h"

namespace godwit::net {

// Names through the system's resolver (getaddrinfo, so /etc/hosts, DNS and what else the system is set up for), on
// threads that start when they are needed. Addresses and port numbers in digits need no thread. One lookup serves any
// number of loops; it must outlive its operations, and the loops must outlive it.
class SystemNameLookup {
 public:
  explicit SystemNameLookup(std::size_t threads = 2);

  // The face for one loop: results come on `executor`.
  std::unique_ptr<NameLookup> on(Executor& executor);

 private:
  WorkerPool pool_;
};

}  // namespace godwit::net
