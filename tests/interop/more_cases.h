#pragma once

#include <string>

#include "godwit/async/executor.h"
#include "godwit/async/task.h"
#include "godwit/rpc/status.h"
#include "grpc/testing/test.grpc.pb.h"

// Cases beyond those of interop-test-descriptions.md: limits, numbers and odd values of the protocol.
namespace interop {

struct Target {
  grpc::testing::TestService::Stub& stub;
  godwit::Executor& executor;
  // The server is interop_server or one of the others beside it: it echoes every value of the echo keys (grpc-go's: the first one),
  // and EmptyCall counts in "x-interop-cancelled" the calls that were cancelled.
  bool extended = false;
};

using MoreCase = godwit::Task<godwit::Status> (*)(Target);

// Null when there is no such case.
MoreCase find_more_case(const std::string& name);

}  // namespace interop
