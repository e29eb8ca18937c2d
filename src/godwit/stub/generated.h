#pragma once

// What generated x.grpc.pb.h files include, and nothing else. For
//
//   package helloworld;
//   service Greeter { rpc SayHello (HelloRequest) returns (HelloReply); }
//
// the generator writes this (comments of the .proto file carried over; names that clash with C++ keywords get a trailing
// underscore). x.grpc.pb.h:
//
//   namespace helloworld {
//
//   class Greeter final {
//    public:
//     static constexpr std::string_view kServiceName = "helloworld.Greeter";
//
//     // What a server of coroutines derives from. Methods that are not overridden answer UNIMPLEMENTED.
//     class Service : public godwit::Service {
//      public:
//       virtual godwit::Task<godwit::Status> SayHello(godwit::ServerContext& context, const HelloRequest& request,
//                                                     HelloReply& reply);
//       // server streaming:  (ServerContext&, const Request&, godwit::ServerWriter<Reply>& writer)
//       // client streaming:  (ServerContext&, godwit::ServerReader<Request>& reader, Reply& reply)
//       // both:              (ServerContext&, godwit::ServerReaderWriter<Request, Reply>& stream)
//       std::string_view service_name() const final;
//       std::vector<godwit::rpc::Method> methods() final;
//     };
//
//     // The same for handlers that block; they run on the server's worker threads.
//     class BlockingService : public godwit::Service {
//      public:
//       virtual godwit::Status SayHello(godwit::ServerContext& context, const HelloRequest& request, HelloReply& reply);
//       // BlockingServerWriter<Reply>&, BlockingServerReader<Request>&, BlockingServerReaderWriter<Request, Reply>&
//       std::string_view service_name() const final;
//       std::vector<godwit::rpc::Method> methods() final;
//       bool blocks() const final { return true; }
//     };
//
//     // Calls for coroutines on the channel's loop.
//     class Stub {
//      public:
//       explicit Stub(godwit::Channel& channel) : channel_(channel) {}
//       godwit::UnaryCall<HelloRequest, HelloReply> SayHello(const HelloRequest& request);
//       godwit::UnaryCall<HelloRequest, HelloReply> SayHello(godwit::ClientContext& context, const HelloRequest& request);
//       // server streaming:  godwit::ClientReader<Request, Reply> M([context,] const Request&)
//       // client streaming:  godwit::ClientWriter<Request, Reply> M([context])
//       // both:              godwit::ClientReaderWriter<Request, Reply> M([context])
//      private:
//       godwit::Channel& channel_;
//     };
//
//     // Calls for threads that wait: godwit::StatusOr<godwit::Owned<Reply>>, BlockingReader, BlockingWriter,
//     // BlockingReaderWriter, each with and without a context.
//     class BlockingStub { ... };
//
//     // The methods, for generic callers: godwit::ClientMethod& SayHello_method();
//     static const godwit::ClientMethod& SayHello_method();
//   };
//
//   }  // namespace helloworld
//
// x.grpc.pb.cc holds the definitions:
//
//   const godwit::ClientMethod& Greeter::SayHello_method() {
//     static const godwit::ClientMethod method("/helloworld.Greeter/SayHello", godwit::MethodKind::kUnary);
//     return method;
//   }
//   godwit::Task<godwit::Status> Greeter::Service::SayHello(godwit::ServerContext&, const HelloRequest&, HelloReply&) {
//     co_return godwit::unimplemented("/helloworld.Greeter/SayHello");
//   }
//   std::vector<godwit::rpc::Method> Greeter::Service::methods() {
//     std::vector<godwit::rpc::Method> methods;
//     methods.push_back(godwit::unary_method("/helloworld.Greeter/SayHello", *this, &Service::SayHello));
//     return methods;   // server_streaming_method, client_streaming_method, bidi_streaming_method
//   }
//   (BlockingService likewise, with the same function names)
//   godwit::UnaryCall<HelloRequest, HelloReply> Greeter::Stub::SayHello(const HelloRequest& request) {
//     return {channel_, SayHello_method(), nullptr, request};   // braces: the call object is made in its place
//   }
//   godwit::StatusOr<godwit::Owned<HelloReply>> Greeter::BlockingStub::SayHello(const HelloRequest& request) {
//     return godwit::blocking_unary<HelloRequest, HelloReply>(channel_, SayHello_method(), nullptr, request);
//   }

#include "godwit/stub/blocking_call.h"
#include "godwit/stub/blocking_method.h"
#include "godwit/stub/client_call.h"
#include "godwit/stub/message_codec.h"
#include "godwit/stub/server_method.h"
#include "godwit/stub/service.h"

namespace godwit {

// What a method answers that a service does not implement.
inline Status unimplemented(std::string_view path) {
  return Status(StatusCode::kUnimplemented, std::string(path) + " is declared but not implemented by this server");
}

}  // namespace godwit
