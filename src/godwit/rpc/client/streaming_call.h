#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/channel.h"

namespace godwit::rpc {

// One received message, or the end. The bytes are valid until the caller's next suspension or its next use of the call:
// parse them at once, or keep view().slice(), which costs a reference.
class ReceivedMessage {
 public:
  ReceivedMessage() = default;
  ReceivedMessage(Bytes bytes, const BlockRef& owner) : bytes_(bytes), owner_(&owner) {}

  // False: there are no more messages; finish() tells why.
  explicit operator bool() const { return owner_ != nullptr; }
  Bytes bytes() const { return bytes_; }
  http::BodyView view() const { return {bytes_, *owner_}; }

 private:
  Bytes bytes_;
  const BlockRef* owner_ = nullptr;
};

// A call with any number of messages each way, for coroutines on the channel's loop. At most one coroutine at a time
// waits in read(), one in writable(), one in initial_metadata() and one in finish(). Destroying the object, or a
// coroutine that waits in one of these, cancels the call.
class StreamingCall final : private CallSink {
  class Waiter;

 public:
  StreamingCall() = default;
  StreamingCall(const StreamingCall&) = delete;
  StreamingCall& operator=(const StreamingCall&) = delete;
  ~StreamingCall();

  // Once, before everything else. The channel, the method (see ClientMethod) and the context (may be nullptr) outlive
  // the call.
  void start(Channel& channel, const ClientMethod& method, ClientContext* context);

  // A message: 5 bytes of prefix and the message. Never waits: a producer looks at can_write() or awaits writable()
  // between messages. Ignored after the end.
  void send_message(Bytes framed, MessageHandle handle = {}) { call_->send(framed, false, handle); }
  void send_message(const Slice& framed, MessageHandle handle = {}) { call_->send(framed, false, handle); }
  void send_message(Slices framed, MessageHandle handle = {}) { call_->send(framed, false, handle); }
  // The last message: saves a frame.
  void send_last_message(Bytes framed, MessageHandle handle = {}) { call_->send(framed, true, handle); }
  void send_last_message(const Slice& framed, MessageHandle handle = {}) { call_->send(framed, true, handle); }
  void send_last_message(Slices framed, MessageHandle handle = {}) { call_->send(framed, true, handle); }
  void close_sending() { call_->close_sending(); }
  bool can_write() const { return call_->can_write(); }

  class ReadAwaiter;
  class WritableAwaiter;
  class HeadersAwaiter;
  class FinishAwaiter;
  // The next message. Room for more is given to the server as messages are read.
  ReadAwaiter read();
  // Waits until can_write(). False: the call has ended, sending is of no use.
  WritableAwaiter writable();
  // Waits for the response's headers: then context->initial_metadata() is filled. False: the call ended without them.
  HeadersAwaiter initial_metadata();
  // The status. Messages that were not read are dropped; close_sending() is implied.
  FinishAwaiter finish();

  // The message just read, parsed, for interceptors; or why it can't be parsed, which ends the call.
  void received(MessageHandle handle) { call_->received(handle); }
  void fail(Status status) { call_->fail(std::move(status)); }
  void cancel() { call_->cancel(); }
  bool done() const { return call_->done(); }

 private:
  void on_initial_metadata() override;
  void on_message(const http::BodyView& message) override;
  void on_writable() override;
  void on_done() override;
  static void resume(Waiter*& place);

  Call* call_ = nullptr;
  Waiter* reader_ = nullptr;
  Waiter* writer_ = nullptr;
  Waiter* headers_waiter_ = nullptr;
  Waiter* finisher_ = nullptr;
  Slice current_;              // the message handed out last, when it was not handed out where it arrived
  bool* destroyed_ = nullptr;  // told when this is destroyed while waiters are resumed
};

// What the four awaiters share: a place in the call, taken back when the awaiting coroutine is destroyed.
class StreamingCall::Waiter {
 public:
  Waiter(StreamingCall& call, Waiter*& place) : call_(call), place_(place) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 protected:
  ~Waiter() {
    if (waiter_) {
      place_ = nullptr;
      call_.call_->cancel();
    }
  }
  void wait(std::coroutine_handle<> waiter);

  friend class StreamingCall;
  StreamingCall& call_;
  Waiter*& place_;
  std::coroutine_handle<> waiter_;
  ReceivedMessage message_;
};

class StreamingCall::ReadAwaiter : private Waiter {
 public:
  explicit ReadAwaiter(StreamingCall& call) : Waiter(call, call.reader_) {}
  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  ReceivedMessage await_resume() { return message_; }
};

class StreamingCall::WritableAwaiter : private Waiter {
 public:
  explicit WritableAwaiter(StreamingCall& call) : Waiter(call, call.writer_) {}
  bool await_ready() const { return call_.call_->can_write(); }
  void await_suspend(std::coroutine_handle<> waiter) { wait(waiter); }
  bool await_resume() const { return !call_.call_->done(); }
};

class StreamingCall::HeadersAwaiter : private Waiter {
 public:
  explicit HeadersAwaiter(StreamingCall& call) : Waiter(call, call.headers_waiter_) {}
  bool await_ready() const { return call_.call_->has_initial_metadata() || call_.call_->done(); }
  void await_suspend(std::coroutine_handle<> waiter) { wait(waiter); }
  bool await_resume() const { return call_.call_->has_initial_metadata(); }
};

class StreamingCall::FinishAwaiter : private Waiter {
 public:
  explicit FinishAwaiter(StreamingCall& call) : Waiter(call, call.finisher_) {}
  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter) { wait(waiter); }
  Status await_resume() { return call_.call_->status(); }
};

inline StreamingCall::ReadAwaiter StreamingCall::read() { return ReadAwaiter(*this); }
inline StreamingCall::WritableAwaiter StreamingCall::writable() { return WritableAwaiter(*this); }
inline StreamingCall::HeadersAwaiter StreamingCall::initial_metadata() { return HeadersAwaiter(*this); }
inline StreamingCall::FinishAwaiter StreamingCall::finish() { return FinishAwaiter(*this); }

}  // namespace godwit::rpc
