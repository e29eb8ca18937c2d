#pragma once

#include <cstddef>

namespace godwit::rpc {

class Attempt;
class Call;

// The calls and attempts of one channel that wait for reuse. Outlives its channel while calls are still held.
class CallPool {
 public:
  Call& take_call();
  void put(Call& call);
  Attempt& take_attempt();
  void put(Attempt& attempt);
  // The channel is gone: the pool goes with the last call.
  void close();

 private:
  ~CallPool();
  void one_back();

  // More are given back to the allocator: a burst does not pin memory.
  static constexpr std::size_t kKept = 1024;

  Call* calls_ = nullptr;
  Attempt* attempts_ = nullptr;
  std::size_t kept_calls_ = 0;
  std::size_t kept_attempts_ = 0;
  std::size_t out_ = 0;
  bool closed_ = false;
};

}  // namespace godwit::rpc
