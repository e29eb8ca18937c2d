// interop_server -port N [-use_tls -tls_cert_file F -tls_key_file F]: the interop test service, with the flags of
// grpc-go's server. Every value of the echo keys is echoed; EmptyCall tells how many calls were cancelled.
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>

#include "flags.h"
#include "godwit/async/sleep.h"
#include "godwit/server.h"
#include "grpc/testing/test.grpc.pb.h"

namespace {

using godwit::ServerContext;
using godwit::Status;
using godwit::StatusCode;
using godwit::Task;
using namespace grpc::testing;

constexpr int kLargestPayload = 64 << 20;

// The metadata that a call asks to have echoed (interop-test-descriptions.md, custom_metadata).
void echo_metadata(ServerContext& context) {
  for (const auto& entry : context.client_metadata()) {
    if (entry.key == "x-grpc-test-echo-initial") context.initial_metadata().add(entry.key, entry.value);
    if (entry.key == "x-grpc-test-echo-trailing-bin") context.trailing_metadata().add(entry.key, entry.value);
  }
}

Status requested_status(const EchoStatus& status) {
  return Status(static_cast<StatusCode>(status.code()), std::string(status.message()));
}

bool fill(Payload& payload, PayloadType type, int size) {
  if (size < 0 || size > kLargestPayload) return false;
  payload.set_type(type);
  payload.set_body(std::string(static_cast<std::size_t>(size), '\0'));
  return true;
}

Status bad_size(int size) {
  return Status(StatusCode::kInvalidArgument, "a payload of " + std::to_string(size) + " bytes can't be made");
}

class Service final : public TestService::Service {
  Task<Status> EmptyCall(ServerContext& context, const Empty&, Empty&) override {
    echo_metadata(context);
    if (context.client_metadata().find("x-interop-count-cancelled")) {
      context.trailing_metadata().add("x-interop-cancelled", std::to_string(cancelled_.load()));
    }
    co_return Status();
  }

  Task<Status> UnaryCall(ServerContext& context, const SimpleRequest& request, SimpleResponse& response) override {
    echo_metadata(context);
    if (request.has_response_status() && request.response_status().code() != 0) {
      co_return requested_status(request.response_status());
    }
    if (!fill(*response.mutable_payload(), request.response_type(), request.response_size())) {
      co_return bad_size(request.response_size());
    }
    co_return Status();
  }

  Task<Status> CacheableUnaryCall(ServerContext& context, const SimpleRequest& request,
                                  SimpleResponse& response) override {
    return UnaryCall(context, request, response);
  }

  Task<Status> StreamingOutputCall(ServerContext& context, const StreamingOutputCallRequest& request,
                                   godwit::ServerWriter<StreamingOutputCallResponse>& writer) override {
    echo_metadata(context);
    Status status = co_await answer(context, request, writer);
    if (context.is_cancelled()) ++cancelled_;
    co_return status;
  }

  Task<Status> StreamingInputCall(ServerContext& context, godwit::ServerReader<StreamingInputCallRequest>& reader,
                                  StreamingInputCallResponse& response) override {
    echo_metadata(context);
    int total = 0;
    while (const StreamingInputCallRequest* request = co_await reader.read()) {
      total += static_cast<int>(request->payload().body().size());
    }
    response.set_aggregated_payload_size(total);
    co_return Status();
  }

  Task<Status> FullDuplexCall(
      ServerContext& context,
      godwit::ServerReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>& stream) override {
    echo_metadata(context);
    while (const StreamingOutputCallRequest* request = co_await stream.read()) {
      if (request->has_response_status() && request->response_status().code() != 0) {
        co_return requested_status(request->response_status());
      }
      Status status = co_await answer(context, *request, stream.writer());
      if (!status.ok()) co_return status;
    }
    co_return Status();
  }

  Task<Status> HalfDuplexCall(
      ServerContext& context,
      godwit::ServerReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>& stream) override {
    std::vector<godwit::Owned<StreamingOutputCallRequest>> requests;
    while (co_await stream.read()) requests.push_back(stream.take());
    for (const auto& request : requests) {
      Status status = co_await answer(context, *request, stream.writer());
      if (!status.ok()) co_return status;
    }
    co_return Status();
  }

  Task<Status> answer(ServerContext& context, const StreamingOutputCallRequest& request,
                      godwit::ServerWriter<StreamingOutputCallResponse>& writer) {
    for (const ResponseParameters& parameters : request.response_parameters()) {
      if (parameters.interval_us() > 0) {
        const godwit::TimePoint until =
            godwit::add_saturating(context.executor().now(), std::chrono::microseconds(parameters.interval_us()));
        if (!co_await godwit::sleep_until(context.executor(), until, context.cancellation())) break;
      }
      StreamingOutputCallResponse response;
      if (!fill(*response.mutable_payload(), request.response_type(), parameters.size()))
        co_return bad_size(parameters.size());
      if (!co_await writer.write(response)) break;
    }
    co_return Status();
  }

  std::atomic<int> cancelled_ = 0;  // calls of StreamingOutputCall that nobody waited for at their end
};

}  // namespace

int main(int argc, char** argv) {
  const interop::Flags flags(argc, argv,
                             {{"port", "10000"}, {"use_tls", "false"}, {"tls_cert_file", ""}, {"tls_key_file", ""}});
  Service service;
  godwit::Server server;
  server.add(service);
  const std::string address = "127.0.0.1:" + flags.text("port");
  if (!flags.on("use_tls")) return server.run(address);
  godwit::tls::TlsServerOptions tls;
  tls.certificate_chain = godwit::tls::Pem::file(flags.text("tls_cert_file"));
  tls.private_key = godwit::tls::Pem::file(flags.text("tls_key_file"));
  return server.run(address, tls);
}
