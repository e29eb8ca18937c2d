#pragma once

#include <memory>
#include <string>
#include <utility>

#include "godwit/rpc/server/method.h"
#include "godwit/rpc/server/server_call.h"
#include "godwit/stub/server_stream.h"

// Handlers in the form that users write them, as handlers of bytes. Generated code makes one object for each method:
//
//   unary_method("/helloworld.Greeter/SayHello", *this, &Service::SayHello)
//
// Request and reply live in the call's arena, the coroutine's frame too: a call allocates nothing of its own.
namespace godwit {

namespace internal {

// A task that ends at once: its frame lies in the call's arena.
inline Task<Status> ended_call(ServerContext&, Status status) { co_return status; }

template <typename T>
T* parse_request(rpc::ServerCall& call, Status& status) {
  T* request = Codec<T>::create(call.arena());
  std::string error;
  if (!Codec<T>::parse(*request, call.request(), call.request_owner(), call.arena(), error)) {
    status = unreadable_request(call, Codec<T>::type(), error);
    return nullptr;
  }
  call.received({request, &Codec<T>::type()});
  return request;
}

template <typename S, typename Request, typename Reply>
class UnaryMethod final : public rpc::MethodHandler {
 public:
  using Function = Task<Status> (S::*)(ServerContext&, const Request&, Reply&);
  UnaryMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    Status status;
    const Request* request = parse_request<Request>(call, status);
    if (!request) return ended_call(call.context(), std::move(status));
    Reply* reply = Codec<Reply>::create(call.arena());
    call.slot = reply;
    return (service_.*function_)(call.context(), *request, *reply);
  }
  void complete(rpc::ServerCall& call, Status&) override {
    if (call.slot) send_message(call, *static_cast<const Reply*>(call.slot));
  }

 private:
  S& service_;
  Function function_;
};

template <typename S, typename Request, typename Reply>
class ServerStreamingMethod final : public rpc::MethodHandler {
 public:
  using Function = Task<Status> (S::*)(ServerContext&, const Request&, ServerWriter<Reply>&);
  ServerStreamingMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    Status status;
    const Request* request = parse_request<Request>(call, status);
    if (!request) return ended_call(call.context(), std::move(status));
    return run(call, *request);
  }

 private:
  Task<Status> run(rpc::ServerCall& call, const Request& request) {
    ServerWriter<Reply> writer(call);
    co_return co_await (service_.*function_)(call.context(), request, writer);
  }
  S& service_;
  Function function_;
};

template <typename S, typename Request, typename Reply>
class ClientStreamingMethod final : public rpc::MethodHandler {
 public:
  using Function = Task<Status> (S::*)(ServerContext&, ServerReader<Request>&, Reply&);
  ClientStreamingMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    ServerReader<Request> reader(call);
    Reply* reply = Codec<Reply>::create(call.arena());
    call.slot = reply;
    co_return co_await (service_.*function_)(call.context(), reader, *reply);
  }
  void complete(rpc::ServerCall& call, Status&) override {
    if (call.slot) send_message(call, *static_cast<const Reply*>(call.slot));
  }

 private:
  S& service_;
  Function function_;
};

template <typename S, typename Request, typename Reply>
class BidiStreamingMethod final : public rpc::MethodHandler {
 public:
  using Function = Task<Status> (S::*)(ServerContext&, ServerReaderWriter<Request, Reply>&);
  BidiStreamingMethod(S& service, Function function) : service_(service), function_(function) {}

  Task<Status> invoke(rpc::ServerCall& call) override {
    ServerReaderWriter<Request, Reply> stream(call);
    co_return co_await (service_.*function_)(call.context(), stream);
  }

 private:
  S& service_;
  Function function_;
};

}  // namespace internal

template <typename S, typename B, typename Request, typename Reply>
rpc::Method unary_method(std::string path, S& service,
                         Task<Status> (B::*function)(ServerContext&, const Request&, Reply&)) {
  return {std::move(path), MethodKind::kUnary,
          std::make_shared<internal::UnaryMethod<B, Request, Reply>>(service, function)};
}
template <typename S, typename B, typename Request, typename Reply>
rpc::Method server_streaming_method(std::string path, S& service,
                                    Task<Status> (B::*function)(ServerContext&, const Request&, ServerWriter<Reply>&)) {
  return {std::move(path), MethodKind::kServerStreaming,
          std::make_shared<internal::ServerStreamingMethod<B, Request, Reply>>(service, function)};
}
template <typename S, typename B, typename Request, typename Reply>
rpc::Method client_streaming_method(std::string path, S& service,
                                    Task<Status> (B::*function)(ServerContext&, ServerReader<Request>&, Reply&)) {
  return {std::move(path), MethodKind::kClientStreaming,
          std::make_shared<internal::ClientStreamingMethod<B, Request, Reply>>(service, function)};
}
template <typename S, typename B, typename Request, typename Reply>
rpc::Method bidi_streaming_method(std::string path, S& service,
                                  Task<Status> (B::*function)(ServerContext&, ServerReaderWriter<Request, Reply>&)) {
  return {std::move(path), MethodKind::kBidiStreaming,
          std::make_shared<internal::BidiStreamingMethod<B, Request, Reply>>(service, function)};
}

}  // namespace godwit
