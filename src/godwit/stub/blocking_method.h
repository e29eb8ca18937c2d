#pragma once

#include <memory>
#include <string>
#include <utility>

#include "godwit/async/sync_wait.h"
#include "godwit/async/worker_pool.h"
#include "godwit/stub/server_method.h"

// Handlers that block: they run on the server's worker threads, never on an event loop. The forms are those of
// server_method.h without Task and co_await.
namespace godwit {

// The messages of a streaming client, for the worker thread that runs the handler.
template <typename T>
class BlockingServerReader {
 public:
  explicit BlockingServerReader(rpc::ServerCall& call) : call_(call) {}
  BlockingServerReader(const BlockingServerReader&) = delete;

  // Waits for the next message. Null after the last one, or when the call is over (ServerContext::is_cancelled()). It
  // lives until the next read(), unless it is taken over with take().
  T* read() {
    message_ = Owned<T>();
    const rpc::ServerCall::ReadResult result = sync_wait(call_.environment().executor, next(call_));
    if (result.outcome != rpc::ServerCall::ReadOutcome::kMessage) return nullptr;
    MessageArena* memory = MessageArena::take();
    Owned<T> message(Codec<T>::create(memory->arena()), memory);
    std::string error;
    if (!Codec<T>::parse(*message, result.message.bytes(), result.message.owner(), memory->arena(), error)) {
      sync_wait(call_.environment().executor, fail(call_, internal::unreadable_request(call_, Codec<T>::type(), error)));
      return nullptr;
    }
    call_.received({message.get(), &Codec<T>::type()});
    message_ = std::move(message);
    return message_.get();
  }
  Owned<T> take() { return std::move(message_); }

 private:
  static Task<rpc::ServerCall::ReadResult> next(rpc::ServerCall& call) { co_return co_await call.read(); }
  static Task<void> fail(rpc::ServerCall& call, Status status) {
    call.fail(std::move(status));
    co_return;
  }
  rpc::ServerCall& call_;
  Owned<T> message_;
};

// The messages of a streaming server, for the worker thread that runs the handler.
template <typename T>
class BlockingServerWriter {
 public:
  explicit BlockingServerWriter(rpc::ServerCall& call) : call_(call) {}
  BlockingServerWriter(const BlockingServerWriter&) = delete;

  // Waits while the client is slower than the handler. False when the call is over.
  bool write(const T& message) {
    call_.sending({&message, &Codec<T>::type()});
    return Codec<T>::send(message, [&](const auto& framed) {
      return sync_wait(call_.environment().executor, send(call_, framed));
    });
  }

 private:
  template <typename Framed>
  static Task<bool> send(rpc::ServerCall& call, const Framed& framed) {
    if (!call.send_message(framed)) co_return false;
    co_return co_await call.writable();
  }
  rpc::ServerCall& call_;
};

template <typename Request, typename Reply>
class BlockingServerReaderWriter {
 public:
  explicit BlockingServerReaderWriter(rpc::ServerCall& call) : reader_(call), writer_(call) {}
  Request* read() { return reader_.read(); }
  Owned<Request> take() { return reader_.take(); }
  bool write(const Reply& message) { return writer_.write(message); }

 private:
  BlockingServerReader<Request> reader_;
  BlockingServerWriter<Reply> writer_;
};

namespace internal {

// Runs `handler()`, which gives a Status, on the server's workers; the coroutine's frame lies in the call's arena.
template <typename Handler>
Task<Status> run_on_workers(rpc::ServerCall& call, Handler handler) {
  WorkerPool* workers = call.environment().workers;
  if (!workers) co_return Status(StatusCode::kInternal, "the server has no worker threads for blocking handlers");
  Result<Status, Error> result = co_await workers->run(call.environment().executor, handler);
  if (!result.ok()) co_return Status(StatusCode::kResourceExhausted, result.error().message);
  co_return std::move(result.value());
}

template <typename S, typename Request, typename Reply>
class BlockingUnaryMethod final : public rpc::MethodHandler {
 public:
  using Function = Status (S::*)(ServerContext&, const Request&, Reply&);
  BlockingUnaryMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    Status status;
    const Request* request = parse_request<Request>(call, status);
    if (!request) return ended_call(call.context(), std::move(status));
    Reply* reply = Codec<Reply>::create(call.arena());
    call.slot = reply;
    return run_on_workers(call, [this, &call, request, reply] {
      return (service_.*function_)(call.context(), *request, *reply);
    });
  }
  void complete(rpc::ServerCall& call, Status&) override {
    if (call.slot) send_message(call, *static_cast<const Reply*>(call.slot));
  }

 private:
  S& service_;
  Function function_;
};

template <typename S, typename Request, typename Reply>
class BlockingServerStreamingMethod final : public rpc::MethodHandler {
 public:
  using Function = Status (S::*)(ServerContext&, const Request&, BlockingServerWriter<Reply>&);
  BlockingServerStreamingMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    Status status;
    const Request* request = parse_request<Request>(call, status);
    if (!request) return ended_call(call.context(), std::move(status));
    return run_on_workers(call, [this, &call, request] {
      BlockingServerWriter<Reply> writer(call);
      return (service_.*function_)(call.context(), *request, writer);
    });
  }

 private:
  S& service_;
  Function function_;
};

template <typename S, typename Request, typename Reply>
class BlockingClientStreamingMethod final : public rpc::MethodHandler {
 public:
  using Function = Status (S::*)(ServerContext&, BlockingServerReader<Request>&, Reply&);
  BlockingClientStreamingMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    Reply* reply = Codec<Reply>::create(call.arena());
    call.slot = reply;
    return run_on_workers(call, [this, &call, reply] {
      BlockingServerReader<Request> reader(call);
      return (service_.*function_)(call.context(), reader, *reply);
    });
  }
  void complete(rpc::ServerCall& call, Status&) override {
    if (call.slot) send_message(call, *static_cast<const Reply*>(call.slot));
  }

 private:
  S& service_;
  Function function_;
};

template <typename S, typename Request, typename Reply>
class BlockingBidiStreamingMethod final : public rpc::MethodHandler {
 public:
  using Function = Status (S::*)(ServerContext&, BlockingServerReaderWriter<Request, Reply>&);
  BlockingBidiStreamingMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    return run_on_workers(call, [this, &call] {
      BlockingServerReaderWriter<Request, Reply> stream(call);
      return (service_.*function_)(call.context(), stream);
    });
  }

 private:
  S& service_;
  Function function_;
};

}  // namespace internal

template <typename S, typename B, typename Request, typename Reply>
rpc::Method unary_method(std::string path, S& service, Status (B::*function)(ServerContext&, const Request&, Reply&)) {
  return {std::move(path), MethodKind::kUnary,
          std::make_shared<internal::BlockingUnaryMethod<B, Request, Reply>>(service, function)};
}
template <typename S, typename B, typename Request, typename Reply>
rpc::Method server_streaming_method(std::string path, S& service,
                                    Status (B::*function)(ServerContext&, const Request&, BlockingServerWriter<Reply>&)) {
  return {std::move(path), MethodKind::kServerStreaming,
          std::make_shared<internal::BlockingServerStreamingMethod<B, Request, Reply>>(service, function)};
}
template <typename S, typename B, typename Request, typename Reply>
rpc::Method client_streaming_method(std::string path, S& service,
                                    Status (B::*function)(ServerContext&, BlockingServerReader<Request>&, Reply&)) {
  return {std::move(path), MethodKind::kClientStreaming,
          std::make_shared<internal::BlockingClientStreamingMethod<B, Request, Reply>>(service, function)};
}
template <typename S, typename B, typename Request, typename Reply>
rpc::Method bidi_streaming_method(std::string path, S& service,
                                  Status (B::*function)(ServerContext&, BlockingServerReaderWriter<Request, Reply>&)) {
  return {std::move(path), MethodKind::kBidiStreaming,
          std::make_shared<internal::BlockingBidiStreamingMethod<B, Request, Reply>>(service, function)};
}

}  // namespace godwit
