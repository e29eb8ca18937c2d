#pragma once

#include <coroutine>
#include <utility>

#include "godwit/async/cancellation.h"
#include "godwit/base/assert.h"

namespace godwit {

// A flag that one coroutine at a time can wait for. For one loop; set() may be called from anything on that loop.
class AsyncEvent {
 public:
  AsyncEvent() = default;
  AsyncEvent(const AsyncEvent&) = delete;
  AsyncEvent& operator=(const AsyncEvent&) = delete;
  // A coroutine that still waits is never resumed; destroying it is its owner's duty.
  ~AsyncEvent() {
    if (waiter_) waiter_->event_ = nullptr;
  }

  bool is_set() const { return set_; }
  // Sets the flag and resumes the waiter inside the call. The event may be gone when set() returns, if the waiter
  // destroyed it.
  void set() {
    set_ = true;
    if (waiter_) std::exchange(waiter_, nullptr)->resume(true);
  }
  void reset() { set_ = false; }

  class Waiter final : private CancellationCallback {
   public:
    Waiter(AsyncEvent& event, CancellationToken token) : event_(&event), token_(token) {}
    ~Waiter() {
      if (event_ && event_->waiter_ == this) event_->waiter_ = nullptr;
    }
    bool await_ready() {
      set_ = event_->set_;
      return set_ || token_.is_cancelled();
    }
    void await_suspend(std::coroutine_handle<> handle) {
      GODWIT_ASSERT(!event_->waiter_ && "one coroutine waits for an AsyncEvent at a time");
      handle_ = handle;
      event_->waiter_ = this;
      attach(token_);
    }
    bool await_resume() const { return set_; }

   private:
    friend class AsyncEvent;
    void resume(bool set) {
      set_ = set;
      detach();
      handle_.resume();
    }
    void on_cancelled() override {
      if (event_) event_->waiter_ = nullptr;
      resume(false);
    }
    AsyncEvent* event_;
    CancellationToken token_;
    std::coroutine_handle<> handle_;
    bool set_ = false;
  };
  // co_await gives true once the flag is set (at once if it is), false when the token was cancelled first. Destroying
  // the waiting coroutine takes it out.
  Waiter wait(CancellationToken token = {}) { return Waiter(*this, token); }

 private:
  bool set_ = false;
  Waiter* waiter_ = nullptr;
};

}  // namespace godwit
