// How a call ends, and what stands around it: interceptors, deadline, cancellation.

#include <coroutine>
#include <string>
#include <utility>

#include "godwit/rpc/client/attempt.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/call_pool.h"
#include "godwit/rpc/client/channel_core.h"
#include "godwit/rpc/client/text.h"

namespace godwit {

Task<Status> ClientInterceptor::Next::operator()() const { return call_.call_next(index_); }

namespace rpc {

// Where the innermost interceptor waits for the call itself. When it is destroyed there, the call is given up.
class Call::InnerAwaiter {
 public:
  explicit InnerAwaiter(Call& call) : call_(call) {}
  ~InnerAwaiter() {
    if (call_.inner_awaiter_ != this) return;
    call_.inner_awaiter_ = nullptr;
    if (!call_.inner_done_) {
      call_.finish_inner(Status(StatusCode::kCancelled, "an interceptor did not wait for the call's end"));
    }
  }
  InnerAwaiter(const InnerAwaiter&) = delete;
  InnerAwaiter& operator=(const InnerAwaiter&) = delete;

  bool await_ready() {
    call_.start_inner();
    return call_.inner_done_;
  }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    call_.inner_awaiter_ = this;
  }
  Status await_resume() { return call_.inner_status_; }
  void resume() {
    call_.inner_awaiter_ = nullptr;
    waiter_.resume();
  }

 private:
  Call& call_;
  std::coroutine_handle<> waiter_;
};

Task<Status> Call::run_inner() { co_return co_await InnerAwaiter(*this); }

Task<Status> Call::call_next(std::size_t index) {
  const auto& interceptors = channel_->options().interceptors;
  if (index == interceptors.size()) return run_inner();
  return interceptors[index]->intercept(*this, ClientInterceptor::Next(*this, index + 1));
}

void Call::start_interceptors() {
  stage_ = Stage::kIntercepted;
  intercepting_ = call_next(0);
  if (intercepting_.start(&on_interceptors_done, this)) on_interceptors_done(this);
}

void Call::on_interceptors_done(void* self) {
  Call& call = *static_cast<Call*>(self);
  const ChannelCore::Entered entered(*call.channel_);
  if (call.stage_ == Stage::kDone) return;
  // What an interceptor threw is nobody's here: let it pass, as from any callback.
  Status status = call.intercepting_.take();
  call.finish(std::move(status));
}

// --- deadline and cancellation ---

void Call::on_timer() {
  const ChannelCore::Entered entered(*channel_);
  retain();
  if (ending_) {
    Status status = std::move(inner_status_);
    inner_status_ = Status();
    finish(std::move(status));
  } else if (inner_awaiter_ && !inner_done_) {
    finish_locally(deadline_status());
  } else if (intercepting_.valid()) {
    finish(deadline_status());  // an interceptor waits for something of its own
  } else {
    finish_locally(deadline_status());
  }
  drop();
}

Status Call::deadline_status() const {
  std::string text = "the deadline passed after " + text_of_duration(deadline_ - started_) + ", ";
  const std::string target(channel_->target());
  switch (stage_) {
    case Stage::kIntercepted:
      text += "before the interceptors let the call go";
      break;
    case Stage::kPicking:
      text += "while the call waited for a connection to " + target + " (" + std::string(name_of(channel_->state()));
      if (!wait_reason_.ok()) text += "; " + wait_reason_.message();
      text += ")";
      break;
    case Stage::kWaitingForStream:
      text += "while the call waited for its turn: the server of " + target + " allows no more calls at once";
      break;
    case Stage::kRunning:
      text += has_initial_metadata_ ? "in the middle of the response of " : "while waiting for the response of ";
      text += attempt_ ? attempt_->peer() : std::string_view(target);
      break;
    default:
      text += "when the call had ended";
      break;
  }
  return Status(StatusCode::kDeadlineExceeded, std::move(text));
}

void Call::cancel() { fail(Status(StatusCode::kCancelled, "the caller cancelled")); }

void Call::fail(Status status) {
  if (stage_ == Stage::kDone || stage_ == Stage::kMade || ending_) return;
  const ChannelCore::Entered entered(*channel_);
  retain();
  if (intercepting_.valid() && (!inner_awaiter_ || inner_done_)) {
    // An interceptor waits for something of its own, or runs right now: its coroutine can't be destroyed from here.
    inner_status_ = std::move(status);
    ending_ = true;
    channel_->executor().timers().schedule(*this, channel_->executor().now() - 2 * TimerWheel::kTick);
  } else {
    finish_locally(std::move(status));
  }
  drop();
}

// --- ends ---

void Call::finish_locally(Status&& status) {
  ready_.clear();
  next_ready_ = 0;
  finish_inner(std::move(status));
}

void Call::finish_inner(Status&& status) {
  if (inner_done_ || stage_ == Stage::kDone) return;
  if (!intercepting_.valid()) return finish(std::move(status));
  inner_done_ = true;
  queue_link_.unlink();
  detach_attempt();
  if (!status.ok()) inner_status_ = std::move(status);
  if (inner_awaiter_) inner_awaiter_->resume();
}

void Call::finish(Status&& status) {
  if (stage_ == Stage::kDone) return;
  stage_ = Stage::kDone;
  inner_done_ = true;
  Timer::cancel();
  queue_link_.unlink();
  live_link_.unlink();
  detach_attempt();
  if (!status.ok()) status_ = std::move(status);
  // Frames of interceptors that have not ended go here, where they are suspended.
  if (intercepting_.valid()) intercepting_.reset();
  if (ClientContext* context = std::exchange(context_, nullptr)) context->detach();
  channel_ = nullptr;
  if (sink_) sink_->on_done();
  drop();
}

}  // namespace rpc
}  // namespace godwit
