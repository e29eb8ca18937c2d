#pragma once

#include <functional>
#include <utility>

#include "godwit/async/executor.h"
#include "godwit/async/timer.h"

namespace godwit::rpc {

// Something to be done soon, but not from inside what runs now: in the loop's next turn of its timers. Destroying it
// takes it back. For rare things: changes of connections, not calls.
class Deferred final : public Timer {
 public:
  explicit Deferred(std::function<void()> function) : function_(std::move(function)) {}
  // No effect when it is scheduled already.
  void schedule(Executor& executor) {
    // A deadline that has passed fires at the next advance(), without waiting for a tick.
    if (!scheduled()) executor.timers().schedule(*this, executor.now() - 2 * TimerWheel::kTick);
  }

 private:
  void on_timer() override { function_(); }
  std::function<void()> function_;
};

// A timer that calls a function.
class FunctionTimer final : public Timer {
 public:
  explicit FunctionTimer(std::function<void()> function) : function_(std::move(function)) {}

 private:
  void on_timer() override { function_(); }
  std::function<void()> function_;
};

}  // namespace godwit::rpc
