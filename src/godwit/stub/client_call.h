#pragma once

#include <coroutine>
#include <string>
#include <utility>

#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/client/streaming_call.h"
#include "godwit/rpc/client/unary_call.h"
#include "godwit/rpc/status.h"
#include "godwit/stub/codec.h"
#include "godwit/stub/owned.h"

// Calls as generated stubs return them, for coroutines on the channel's loop. Each is one object that stays where it was
// made (normally in the coroutine's frame); destroying it before its end cancels the call.
namespace godwit {

namespace internal {

template <typename T>
Status unreadable_reply(const ClientMethod& method, const std::string& error) {
  return Status(StatusCode::kInternal, "the reply of " + std::string(method.path()) + " is no valid " +
                                           std::string(Codec<T>::type().full_name) + ": " + error);
}

// Parses a message into memory of its own; null, with the reason, when it is not valid.
template <typename T>
Owned<T> parse_reply(Bytes bytes, const BlockRef& owner, std::string& error) {
  MessageArena* memory = MessageArena::take();
  Owned<T> message(Codec<T>::create(memory->arena()), memory);
  if (!Codec<T>::parse(*message, bytes, owner, memory->arena(), error)) return {};
  return message;
}

// A coroutine's way to read, one message for each await. What the readers of both streaming kinds share.
template <typename Reply>
class ReplyReader {
 public:
  ReplyReader(rpc::StreamingCall& call, const ClientMethod& method) : call_(call), method_(method) {}

  class Awaiter {
   public:
    explicit Awaiter(ReplyReader& reader) : reader_(reader), read_(reader.call_) {}
    bool await_ready() { return read_.await_ready(); }
    void await_suspend(std::coroutine_handle<> waiter) { read_.await_suspend(waiter); }
    Reply* await_resume() { return reader_.parse(read_.await_resume()); }

   private:
    ReplyReader& reader_;
    rpc::StreamingCall::ReadAwaiter read_;
  };
  Awaiter read() { return Awaiter(*this); }
  Owned<Reply> take() { return std::move(message_); }

 private:
  Reply* parse(const rpc::ReceivedMessage& received) {
    message_ = Owned<Reply>();
    if (!received) return nullptr;
    std::string error;
    message_ = parse_reply<Reply>(received.bytes(), received.view().owner, error);
    if (message_) {
      call_.received({message_.get(), &Codec<Reply>::type()});
    } else {
      call_.fail(unreadable_reply<Reply>(method_, error));
    }
    return message_.get();
  }

  rpc::StreamingCall& call_;
  const ClientMethod& method_;
  Owned<Reply> message_;
};

template <typename T>
void send_request(rpc::StreamingCall& call, const T& message, bool last) {
  Codec<T>::send(message, [&](const auto& framed) {
    const MessageHandle handle{&message, &Codec<T>::type()};
    last ? call.send_last_message(framed, handle) : call.send_message(framed, handle);
    return true;
  });
}

}  // namespace internal

// `auto reply = co_await stub.SayHello(request);` gives Result<Owned<Reply>, Status>. The call begins when it is awaited;
// the request must live until then, and no longer.
template <typename Request, typename Reply>
class [[nodiscard]] UnaryCall final : private rpc::UnaryAwaiter {
 public:
  UnaryCall(Channel& channel, const ClientMethod& method, ClientContext* context, const Request& request)
      : channel_(channel), method_(method), context_(context), request_(request) {}

  bool await_ready() {
    Codec<Request>::send(request_, [&](const auto& framed) {
      this->start(channel_, method_, context_, framed, {&request_, &Codec<Request>::type()});
      return true;
    });
    return this->ended();
  }
  using rpc::UnaryAwaiter::await_suspend;
  StatusOr<Owned<Reply>> await_resume() {
    if (!this->status().ok()) return Failure(std::move(this->status()));
    return std::move(reply_);
  }

 private:
  void on_message(const http::BodyView& message) override {
    std::string error;
    reply_ = internal::parse_reply<Reply>(message.bytes, message.owner, error);
    if (reply_) {
      this->received({reply_.get(), &Codec<Reply>::type()});
    } else {
      this->reject(internal::unreadable_reply<Reply>(method_, error));
    }
  }

  Channel& channel_;
  const ClientMethod& method_;
  ClientContext* context_;
  const Request& request_;
  Owned<Reply> reply_;
};

// A server-streaming call. It begins when the stub is called.
//
//   auto features = stub.ListFeatures(rectangle);
//   while (const Feature* feature = co_await features.read()) { ... }
//   Status status = co_await features.finish();
template <typename Request, typename Reply>
class [[nodiscard]] ClientReader {
 public:
  ClientReader(Channel& channel, const ClientMethod& method, ClientContext* context, const Request& request)
      : reader_(call_, method) {
    call_.start(channel, method, context);
    internal::send_request(call_, request, true);
  }

  // The next message; null after the last one, or when the call has failed: finish() tells which. The message lives until
  // the next read(), unless it is taken over with take().
  typename internal::ReplyReader<Reply>::Awaiter read() { return reader_.read(); }
  Owned<Reply> take() { return reader_.take(); }
  // Waits for the response's headers, which fill the context's initial metadata. False: the call ended without them.
  rpc::StreamingCall::HeadersAwaiter initial_metadata() { return call_.initial_metadata(); }
  // How the call ended. Messages that were not read are dropped.
  rpc::StreamingCall::FinishAwaiter finish() { return call_.finish(); }
  void cancel() { call_.cancel(); }

 private:
  rpc::StreamingCall call_;
  internal::ReplyReader<Reply> reader_;
};

// A client-streaming call.
//
//   auto call = stub.RecordRoute();
//   for (const Point& point : points) {
//     if (!co_await call.write(point)) break;
//   }
//   auto summary = co_await call.finish();  // Result<Owned<RouteSummary>, Status>
template <typename Request, typename Reply>
class [[nodiscard]] ClientWriter {
 public:
  ClientWriter(Channel& channel, const ClientMethod& method, ClientContext* context)
      : reader_(call_, method) {
    call_.start(channel, method, context);
  }

  // The message is serialized before this returns; the await waits while the server is slower. False when the call has
  // ended: finish() tells why.
  rpc::StreamingCall::WritableAwaiter write(const Request& message) {
    internal::send_request(call_, message, false);
    return call_.writable();
  }
  rpc::StreamingCall::HeadersAwaiter initial_metadata() { return call_.initial_metadata(); }
  // Says that all was sent, and waits for the reply.
  Task<StatusOr<Owned<Reply>>> finish() {
    call_.close_sending();
    (void)co_await reader_.read();
    Owned<Reply> reply = reader_.take();
    Status status = co_await call_.finish();
    if (!status.ok()) co_return Failure(std::move(status));
    co_return std::move(reply);
  }
  void cancel() { call_.cancel(); }

 private:
  rpc::StreamingCall call_;
  internal::ReplyReader<Reply> reader_;
};

// A bidirectional call: read() and write() are independent and may be awaited by two coroutines.
template <typename Request, typename Reply>
class [[nodiscard]] ClientReaderWriter {
 public:
  ClientReaderWriter(Channel& channel, const ClientMethod& method, ClientContext* context) : reader_(call_, method) {
    call_.start(channel, method, context);
  }

  // As in ClientReader and ClientWriter.
  typename internal::ReplyReader<Reply>::Awaiter read() { return reader_.read(); }
  Owned<Reply> take() { return reader_.take(); }
  rpc::StreamingCall::WritableAwaiter write(const Request& message) {
    internal::send_request(call_, message, false);
    return call_.writable();
  }
  // Says that all was sent. Reading goes on.
  void close_writing() { call_.close_sending(); }
  rpc::StreamingCall::HeadersAwaiter initial_metadata() { return call_.initial_metadata(); }
  rpc::StreamingCall::FinishAwaiter finish() { return call_.finish(); }
  void cancel() { call_.cancel(); }

 private:
  rpc::StreamingCall call_;
  internal::ReplyReader<Reply> reader_;
};

}  // namespace godwit
