#include "godwit/rpc/client/streaming_call.h"

namespace godwit::rpc {

StreamingCall::~StreamingCall() {
  if (destroyed_) *destroyed_ = true;
  if (call_) call_->release();
}

void StreamingCall::start(Channel& channel, const ClientMethod& method, ClientContext* context) {
  call_ = &Call::make(channel.core(), method, context, *this, Call::Delivery::kPull);
  call_->start();
}

void StreamingCall::Waiter::wait(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  place_ = this;
}

void StreamingCall::resume(Waiter*& place) {
  Waiter* waiter = std::exchange(place, nullptr);
  std::exchange(waiter->waiter_, {}).resume();
}

void StreamingCall::on_initial_metadata() {
  if (headers_waiter_) resume(headers_waiter_);
}

void StreamingCall::on_message(const http::BodyView& message) {
  if (!reader_) return;
  reader_->message_ = ReceivedMessage(message.bytes, message.owner);
  resume(reader_);
}

void StreamingCall::on_writable() {
  if (writer_ && call_->can_write()) resume(writer_);
}

void StreamingCall::on_done() {
  // Each of them may destroy this, or the coroutines of the others.
  bool destroyed = false;
  destroyed_ = &destroyed;
  for (Waiter** place : {&reader_, &headers_waiter_, &writer_, &finisher_}) {
    if (*place) resume(*place);
    if (destroyed) return;
  }
  destroyed_ = nullptr;
}

bool StreamingCall::ReadAwaiter::await_ready() {
  call_.current_ = Slice();
  if (call_.call_->take(call_.current_)) {
    message_ = ReceivedMessage(call_.current_.bytes(), call_.current_.owner());
    return true;
  }
  return call_.call_->done();
}

void StreamingCall::ReadAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  wait(waiter);
  call_.call_->want_message();
}

bool StreamingCall::FinishAwaiter::await_ready() {
  call_.call_->close_sending();
  call_.call_->discard_messages();
  return call_.call_->done();
}

}  // namespace godwit::rpc
