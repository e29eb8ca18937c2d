#pragma once

#include <string>
#include <utility>

#include "godwit/rpc/client/blocking.h"
#include "godwit/stub/client_call.h"

// The same calls for threads that wait. The channel's loop runs on another thread. One object is for one thread at a
// time, but that one thread may read while another writes.
namespace godwit {

template <typename Request, typename Reply>
StatusOr<Owned<Reply>> blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context,
                                      const Request& request) {
  rpc::BlockingReply reply;
  Codec<Request>::send(request, [&](const auto& framed) {
    reply = rpc::blocking_unary(channel, method, context, framed, {&request, &Codec<Request>::type()});
    return true;
  });
  if (!reply.status.ok()) return Failure(std::move(reply.status));
  std::string error;
  Owned<Reply> message = internal::parse_reply<Reply>(reply.message.bytes(), reply.message.owner(), error);
  if (!message) return Failure(internal::unreadable_reply<Reply>(method, error));
  return message;
}

namespace internal {

// Reads and writes of a BlockingCall, typed.
template <typename Request, typename Reply>
class BlockingStream {
 public:
  BlockingStream(Channel& channel, const ClientMethod& method, ClientContext* context)
      : method_(method), call_(channel, method, context) {}

  bool write(const Request& message) {
    bool written = false;
    Codec<Request>::send(message, [&](const auto& framed) { return written = call_.write(framed); });
    return written;
  }
  Reply* read() {
    message_ = Owned<Reply>();
    Slice bytes;
    if (!call_.read(bytes)) return nullptr;
    std::string error;
    message_ = parse_reply<Reply>(bytes.bytes(), bytes.owner(), error);
    if (!message_) {
      unreadable_ = unreadable_reply<Reply>(method_, error);
      call_.cancel();
    }
    return message_.get();
  }
  Owned<Reply> take() { return std::move(message_); }
  Status finish() {
    Status status = call_.finish();
    return unreadable_.ok() ? status : unreadable_;
  }
  rpc::BlockingCall& call() { return call_; }

 private:
  const ClientMethod& method_;
  rpc::BlockingCall call_;
  Owned<Reply> message_;
  Status unreadable_;
};

}  // namespace internal

// A server-streaming call: `while (Feature* feature = stream.read()) ...; Status status = stream.finish();`
template <typename Request, typename Reply>
class [[nodiscard]] BlockingReader {
 public:
  BlockingReader(Channel& channel, const ClientMethod& method, ClientContext* context, const Request& request)
      : stream_(channel, method, context) {
    stream_.write(request);
    stream_.call().close_sending();
  }
  // Null after the last message or when the call has failed: finish() tells which. The message lives until the next read().
  Reply* read() { return stream_.read(); }
  Owned<Reply> take() { return stream_.take(); }
  Status finish() { return stream_.finish(); }
  void cancel() { stream_.call().cancel(); }  // any thread

 private:
  internal::BlockingStream<Request, Reply> stream_;
};

// A client-streaming call.
template <typename Request, typename Reply>
class [[nodiscard]] BlockingWriter {
 public:
  BlockingWriter(Channel& channel, const ClientMethod& method, ClientContext* context)
      : stream_(channel, method, context) {}
  // False when the call has ended: finish() tells why.
  bool write(const Request& message) { return stream_.write(message); }
  StatusOr<Owned<Reply>> finish() {
    stream_.call().close_sending();
    stream_.read();
    Owned<Reply> reply = stream_.take();
    Status status = stream_.finish();
    if (!status.ok()) return Failure(std::move(status));
    return reply;
  }
  void cancel() { stream_.call().cancel(); }  // any thread

 private:
  internal::BlockingStream<Request, Reply> stream_;
};

// A bidirectional call.
template <typename Request, typename Reply>
class [[nodiscard]] BlockingReaderWriter {
 public:
  BlockingReaderWriter(Channel& channel, const ClientMethod& method, ClientContext* context)
      : stream_(channel, method, context) {}
  Reply* read() { return stream_.read(); }
  Owned<Reply> take() { return stream_.take(); }
  bool write(const Request& message) { return stream_.write(message); }
  void close_writing() { stream_.call().close_sending(); }
  Status finish() { return stream_.finish(); }
  void cancel() { stream_.call().cancel(); }  // any thread

 private:
  internal::BlockingStream<Request, Reply> stream_;
};

}  // namespace godwit
