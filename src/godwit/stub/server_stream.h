#pragma once

#include <string>
#include <utility>

#include "godwit/async/task.h"
#include "godwit/rpc/server/server_call.h"
#include "godwit/stub/codec.h"
#include "godwit/stub/owned.h"

namespace godwit {

namespace rpc {
inline Arena* coroutine_arena(ServerCall& call) { return &call.arena(); }
}  // namespace rpc

namespace internal {

inline Status unreadable_request(const rpc::ServerCall& call, const MessageType& type, const std::string& error) {
  return Status(StatusCode::kInternal, "the request of " + std::string(call.path()) + " is no valid " +
                                           std::string(type.full_name) + ": " + error);
}

template <typename T>
bool send_message(rpc::ServerCall& call, const T& message) {
  call.sending({&message, &Codec<T>::type()});
  return Codec<T>::send(message, [&](const auto& framed) { return call.send_message(framed); });
}

}  // namespace internal

// The messages of a streaming client, one after the other, for coroutine handlers.
//
//   while (const Point* point = co_await reader.read()) { ... }
//
// After the last one (or when the call is over) read() gives nullptr: ServerContext::is_cancelled() tells which. A message
// lives until the next read(), unless it is taken over with take().
template <typename T>
class ServerReader {
 public:
  explicit ServerReader(rpc::ServerCall& call) : call_(call) {}
  ServerReader(const ServerReader&) = delete;
  ~ServerReader() {
    if (arena_) arena_->give_back();
  }

  class Awaiter {
   public:
    explicit Awaiter(ServerReader& reader) : reader_(reader), read_(reader.call_) {}
    bool await_ready() { return read_.await_ready(); }
    void await_suspend(std::coroutine_handle<> handle) { read_.await_suspend(handle); }
    T* await_resume() { return reader_.parse(read_.await_resume()); }

   private:
    ServerReader& reader_;
    rpc::ServerCall::ReadAwaiter read_;
  };
  Awaiter read() { return Awaiter(*this); }

  // The message that read() gave last, with its memory. Empty when there is none.
  Owned<T> take() { return Owned<T>(std::exchange(message_, nullptr), std::exchange(arena_, nullptr)); }

 private:
  T* parse(rpc::ServerCall::ReadResult result) {
    message_ = nullptr;
    if (result.outcome != rpc::ServerCall::ReadOutcome::kMessage) return nullptr;
    if (arena_) {
      arena_->arena().reset();
    } else {
      arena_ = MessageArena::take();
    }
    T* message = Codec<T>::create(arena_->arena());
    std::string error;
    if (!Codec<T>::parse(*message, result.message.bytes(), result.message.owner(), arena_->arena(), error)) {
      call_.fail(internal::unreadable_request(call_, Codec<T>::type(), error));
      return nullptr;
    }
    call_.received({message, &Codec<T>::type()});
    return message_ = message;
  }

  rpc::ServerCall& call_;
  MessageArena* arena_ = nullptr;
  T* message_ = nullptr;
};

// The messages of a streaming server.
//
//   if (!co_await writer.write(feature)) co_return Status();  // nobody listens any more
//
// write() waits while the client is slower than the handler; false when the call is over.
template <typename T>
class ServerWriter {
 public:
  explicit ServerWriter(rpc::ServerCall& call) : call_(call) {}
  ServerWriter(const ServerWriter&) = delete;

  // The message is serialized before this returns.
  rpc::ServerCall::WriteAwaiter write(const T& message) {
    internal::send_message(call_, message);
    return call_.writable();
  }

 private:
  rpc::ServerCall& call_;
};

// Both directions of a bidirectional call, independent of each other.
template <typename Request, typename Reply>
class ServerReaderWriter {
 public:
  explicit ServerReaderWriter(rpc::ServerCall& call) : reader_(call), writer_(call) {}
  typename ServerReader<Request>::Awaiter read() { return reader_.read(); }
  Owned<Request> take() { return reader_.take(); }
  rpc::ServerCall::WriteAwaiter write(const Reply& message) { return writer_.write(message); }
  ServerReader<Request>& reader() { return reader_; }
  ServerWriter<Reply>& writer() { return writer_; }

 private:
  ServerReader<Request> reader_;
  ServerWriter<Reply> writer_;
};

}  // namespace godwit
