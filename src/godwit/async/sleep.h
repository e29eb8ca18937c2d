#pragma once

#include <coroutine>

#include "godwit/async/cancellation.h"
#include "godwit/async/executor.h"
#include "godwit/async/timer.h"

namespace godwit {

// What sleep_until() gives: a timer in the coroutine's own frame.
class Sleep final : private Timer, private CancellationCallback {
 public:
  Sleep(Executor& executor, TimePoint deadline, CancellationToken token)
      : executor_(executor), wake_at_(deadline), token_(token) {}

  bool await_ready() const { return token_.is_cancelled(); }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    executor_.timers().schedule(*this, wake_at_);
    attach(token_);
  }
  bool await_resume() const { return slept_; }

 private:
  void on_timer() override {
    slept_ = true;
    detach();
    handle_.resume();
  }
  void on_cancelled() override {
    cancel();
    handle_.resume();
  }

  Executor& executor_;
  TimePoint wake_at_;
  CancellationToken token_;
  std::coroutine_handle<> handle_;
  bool slept_ = false;
};

// Waits on the executor's loop; even a time that has passed takes a turn of the loop. co_await gives true when the time
// came, false when `token` was cancelled before. Destroying the coroutine cancels the timer.
inline Sleep sleep_until(Executor& executor, TimePoint deadline, CancellationToken token = {}) {
  return Sleep(executor, deadline, token);
}
inline Sleep sleep_for(Executor& executor, Duration duration, CancellationToken token = {}) {
  return Sleep(executor, add_saturating(executor.now(), duration), token);
}

}  // namespace godwit
