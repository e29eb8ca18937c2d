#pragma once

#include <coroutine>
#include <utility>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/channel.h"

namespace godwit::rpc {

// A call with one message each way, told by two functions. The typed layer derives from it; one object may be started
// again when its call has ended. Destroying it cancels the call. For the channel's loop only.
class UnaryCall : private CallSink {
 public:
  UnaryCall() = default;
  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  // Sends `framed`: 5 bytes of prefix and the message. on_finished() may come before this returns. The
  // channel, the method (see ClientMethod) and the context (may be nullptr) outlive the call.
  template <typename Framed>  // Bytes: copied; Slice, Slices: references are taken
  void start(Channel& channel, const ClientMethod& method, ClientContext* context, const Framed& framed,
             MessageHandle request = {}) {
    call_ = &Call::make(channel.core(), method, context, *this, Call::Delivery::kPush);
    call_->start_with(framed, request);
  }
  bool running() const { return call_ != nullptr; }
  // on_finished() comes with CANCELLED before this returns, if the call runs.
  void cancel() {
    if (call_) call_->cancel();
  }

 protected:
  ~UnaryCall() {
    if (call_) call_->release();
  }

  // The reply's bytes; the view lives until this returns. Parse it here and say received(); when the call then ends
  // with another status than OK, the reply does not count. At most once for each call.
  void on_message(const http::BodyView& message) override = 0;
  // The call has ended, exactly once. This object may be destroyed or started again from inside.
  virtual void on_finished(Status&& status) = 0;

  // From inside on_message(): the parsed message, for interceptors; or why it can't be parsed, which ends the call.
  void received(MessageHandle reply) { call_->received(reply); }
  void reject(Status status) { call_->fail(std::move(status)); }

 private:
  void on_initial_metadata() override {}
  void on_writable() override {}
  void on_done() override {
    Call* call = std::exchange(call_, nullptr);
    if (call->status().ok()) {
      call->release();
      return on_finished(Status());
    }
    Status status = std::move(call->status());
    call->release();
    on_finished(std::move(status));
  }

  Call* call_ = nullptr;
};

// The unary call as an awaiter: a derived class starts it in await_ready() and returns ended(), parses in on_message(),
// and makes its result in await_resume(). It lives in the caller's coroutine frame, and no other coroutine is needed.
class UnaryAwaiter : public UnaryCall {
 public:
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }

 protected:
  ~UnaryAwaiter() = default;
  bool ended() const { return ended_; }
  Status& status() { return status_; }

 private:
  void on_finished(Status&& status) final {
    if (!status.ok()) status_ = std::move(status);
    ended_ = true;
    if (waiter_) waiter_.resume();  // may destroy this
  }

  std::coroutine_handle<> waiter_;
  Status status_;
  bool ended_ = false;
};

}  // namespace godwit::rpc
