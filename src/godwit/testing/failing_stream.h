#pragma once

#include <cstdint>
#include <memory>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"

namespace godwit::testing {

// Counts operations of one or several streams and says when to fail: "fail on the Nth operation, for N = 1, 2, ...
// until a run succeeds" visits every error path. Lives longer than the streams that use it.
class FailCount {
 public:
  explicit FailCount(std::uint64_t fail_at) : fail_at_(fail_at) {}  // 1 fails the first; 0 never
  bool next() { return ++count_ == fail_at_; }
  std::uint64_t count() const { return count_; }
  bool failed() const { return fail_at_ != 0 && count_ >= fail_at_; }

 private:
  std::uint64_t fail_at_;
  std::uint64_t count_ = 0;
};

// Passes everything on to `stream` until the count says to fail: then the stream below is closed and the user gets
// on_error("simulated failure of operation N (write)"). Operations are start, write, shutdown_write and each on_bytes
// and on_end from below.
std::unique_ptr<ByteStream> make_failing_stream(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                FailCount& count);

}  // namespace godwit::testing
