// interop_client -server_host H -server_port N -test_case NAME
//     [-use_tls -use_test_ca | -ca_file F -server_host_override H] [-extended_server]
//
// The interop cases of gRPC (interop-test-descriptions.md), with the flags of grpc-go's client, and those of
// more_cases.h
// (-extended_server: see there). Ends with 0 when the case passed; else the error says what was expected and what came.
#include <array>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "checks.h"
#include "flags.h"
#include "godwit/client.h"
#include "grpc/testing/test.grpc.pb.h"
#include "more_cases.h"

namespace {

using namespace std::chrono_literals;
using godwit::Client;
using godwit::ClientContext;
using godwit::Status;
using godwit::StatusCode;
using godwit::Task;
using namespace grpc::testing;
using interop::expect;
using interop::expect_body;
using interop::expect_code;
using interop::expect_status;
using interop::request_response;
using interop::set_payload;

constexpr int kLargeRequest = 271828;
constexpr int kLargeResponse = 314159;
constexpr std::array<int, 4> kRequestSizes = {27182, 8, 1828, 45904};
constexpr std::array<int, 4> kResponseSizes = {31415, 9, 2653, 58979};

Task<Status> empty_unary(TestService::Stub& stub) {
  Empty request;
  auto reply = co_await stub.EmptyCall(request);
  co_return reply.ok() ? Status() : reply.error();
}

Task<Status> large_unary(TestService::Stub& stub, int request_size, int response_size) {
  SimpleRequest request;
  request.set_response_type(COMPRESSABLE);
  request.set_response_size(response_size);
  set_payload(*request.mutable_payload(), request_size);
  auto reply = co_await stub.UnaryCall(request);
  if (!reply.ok()) co_return reply.error();
  co_return expect_body((*reply)->payload(), response_size);
}
Task<Status> large_unary(TestService::Stub& stub) { return large_unary(stub, kLargeRequest, kLargeResponse); }

Task<Status> client_streaming(TestService::Stub& stub) {
  auto call = stub.StreamingInputCall();
  int sum = 0;
  for (const int size : kRequestSizes) {
    StreamingInputCallRequest request;
    set_payload(*request.mutable_payload(), size);
    sum += size;
    if (!co_await call.write(request)) break;
  }
  auto reply = co_await call.finish();
  if (!reply.ok()) co_return reply.error();
  co_return expect((*reply)->aggregated_payload_size() == sum, "expected a sum of " + std::to_string(sum) + ", got " +
                                                                   std::to_string((*reply)->aggregated_payload_size()));
}

Task<Status> server_streaming(TestService::Stub& stub) {
  StreamingOutputCallRequest request;
  for (const int size : kResponseSizes) request_response(request, size);
  auto call = stub.StreamingOutputCall(request);
  std::size_t count = 0;
  while (const StreamingOutputCallResponse* response = co_await call.read()) {
    if (count == kResponseSizes.size()) co_return expect(false, "more responses than were asked for");
    Status status = expect_body(response->payload(), kResponseSizes[count++]);
    if (!status.ok()) co_return status;
  }
  Status status = co_await call.finish();
  if (!status.ok()) co_return status;
  co_return expect(count == kResponseSizes.size(), "expected 4 responses, got " + std::to_string(count));
}

Task<Status> ping_pong(TestService::Stub& stub) {
  auto call = stub.FullDuplexCall();
  for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
    StreamingOutputCallRequest request;
    request_response(request, kResponseSizes[i]);
    set_payload(*request.mutable_payload(), kRequestSizes[i]);
    co_await call.write(request);
    const StreamingOutputCallResponse* response = co_await call.read();
    if (!response) co_return co_await call.finish();
    Status status = expect_body(response->payload(), kResponseSizes[i]);
    if (!status.ok()) co_return status;
  }
  call.close_writing();
  if (co_await call.read()) co_return expect(false, "a response after the last one");
  co_return co_await call.finish();
}

Task<Status> empty_stream(TestService::Stub& stub) {
  auto call = stub.FullDuplexCall();
  call.close_writing();
  if (co_await call.read()) co_return expect(false, "a response to nothing");
  co_return co_await call.finish();
}

Task<Status> timeout_on_sleeping_server(TestService::Stub& stub) {
  ClientContext context;
  context.set_timeout(1ms);
  auto call = stub.FullDuplexCall(context);
  StreamingOutputCallRequest request;
  request.set_response_type(COMPRESSABLE);
  set_payload(*request.mutable_payload(), 27182);
  co_await call.write(request);
  (void)co_await call.read();
  const Status status = co_await call.finish();
  co_return expect_code(status, StatusCode::kDeadlineExceeded);
}

Task<Status> cancel_after_begin(TestService::Stub& stub) {
  ClientContext context;
  auto call = stub.StreamingInputCall(context);
  context.cancel();
  auto reply = co_await call.finish();
  if (reply.ok()) co_return expect(false, "expected CANCELLED, got a reply");
  co_return expect_code(reply.error(), StatusCode::kCancelled);
}

Task<Status> cancel_after_first_response(TestService::Stub& stub) {
  ClientContext context;
  auto call = stub.FullDuplexCall(context);
  StreamingOutputCallRequest request;
  request_response(request, 31415);
  set_payload(*request.mutable_payload(), 27182);
  co_await call.write(request);
  if (!co_await call.read()) co_return co_await call.finish();
  context.cancel();
  const Status status = co_await call.finish();
  co_return expect_code(status, StatusCode::kCancelled);
}

Task<Status> unary_status(TestService::Stub& stub, StatusCode code, std::string message) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(static_cast<int>(code));
  request.mutable_response_status()->set_message(message);
  auto reply = co_await stub.UnaryCall(request);
  if (reply.ok()) co_return expect(false, "expected " + std::string(name_of(code)) + ", got OK");
  co_return expect_status(reply.error(), code, message);
}

Task<Status> status_code_and_message(TestService::Stub& stub) {
  Status unary = co_await unary_status(stub, StatusCode::kUnknown, "test status message");
  if (!unary.ok()) co_return unary;
  auto call = stub.FullDuplexCall();
  StreamingOutputCallRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message("test status message");
  co_await call.write(request);
  call.close_writing();
  while (co_await call.read()) {
  }
  const Status status = co_await call.finish();
  co_return expect_status(status, StatusCode::kUnknown, "test status message");
}

Task<Status> special_status_message(TestService::Stub& stub) {
  return unary_status(stub, StatusCode::kUnknown,
                      "\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \U0001F608\t\n");
}

constexpr std::string_view kInitialKey = "x-grpc-test-echo-initial";
constexpr std::string_view kTrailingKey = "x-grpc-test-echo-trailing-bin";
constexpr std::string_view kInitialValue = "test_initial_metadata_value";
constexpr std::string_view kTrailingValue = "\xab\xab\xab";

Status expect_echo(const ClientContext& context) {
  const auto initial = context.initial_metadata().find(kInitialKey);
  const auto trailing = context.trailing_metadata().find(kTrailingKey);
  if (initial != kInitialValue) return expect(false, "the initial metadata was not echoed");
  return expect(trailing == kTrailingValue, "the trailing metadata was not echoed");
}

Task<Status> custom_metadata(TestService::Stub& stub) {
  ClientContext context;
  context.metadata().add(kInitialKey, kInitialValue);
  context.metadata().add(kTrailingKey, kTrailingValue);
  SimpleRequest request;
  request.set_response_size(kLargeResponse);
  set_payload(*request.mutable_payload(), kLargeRequest);
  auto reply = co_await stub.UnaryCall(context, request);
  if (!reply.ok()) co_return reply.error();
  Status unary = expect_echo(context);
  if (!unary.ok()) co_return unary;

  context.reset();
  context.metadata().add(kInitialKey, kInitialValue);
  context.metadata().add(kTrailingKey, kTrailingValue);
  auto call = stub.FullDuplexCall(context);
  StreamingOutputCallRequest output;
  request_response(output, kLargeResponse);
  set_payload(*output.mutable_payload(), kLargeRequest);
  co_await call.write(output);
  call.close_writing();
  while (co_await call.read()) {
  }
  Status status = co_await call.finish();
  if (!status.ok()) co_return status;
  co_return expect_echo(context);
}

Task<Status> unimplemented_method(TestService::Stub& stub) {
  Empty request;
  auto reply = co_await stub.UnimplementedCall(request);
  if (reply.ok()) co_return expect(false, "expected UNIMPLEMENTED, got a reply");
  co_return expect_code(reply.error(), StatusCode::kUnimplemented);
}

Task<Status> unimplemented_service(godwit::Channel& channel) {
  UnimplementedService::Stub stub(channel);
  Empty request;
  auto reply = co_await stub.UnimplementedCall(request);
  if (reply.ok()) co_return expect(false, "expected UNIMPLEMENTED, got a reply");
  co_return expect_code(reply.error(), StatusCode::kUnimplemented);
}

using Case = Task<Status> (*)(TestService::Stub&);
const std::map<std::string, Case> kCases = {
    {"empty_unary", empty_unary},
    {"large_unary", large_unary},
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"custom_metadata", custom_metadata},
    {"unimplemented_method", unimplemented_method},
};

// rpc_soak on one channel, channel_soak on a new one for each call.
Status soak(const interop::Flags& flags, const std::function<godwit::Result<Client, godwit::Error>()>& connect,
            bool new_channels) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(flags.number("soak_overall_timeout_seconds"));
  const auto latency_max = std::chrono::milliseconds(flags.number("soak_per_iteration_max_acceptable_latency_ms"));
  long failures = 0;
  long done = 0;
  auto client = connect();
  for (; done < flags.number("soak_iterations") && std::chrono::steady_clock::now() < end; ++done) {
    if (new_channels && done > 0) client = connect();
    if (!client.ok()) return Status(StatusCode::kInternal, client.error().message);
    TestService::Stub stub(client->channel());
    const auto start = std::chrono::steady_clock::now();
    const Status status = client->run(large_unary(stub, static_cast<int>(flags.number("soak_request_size")),
                                                  static_cast<int>(flags.number("soak_response_size"))));
    const auto took = std::chrono::steady_clock::now() - start;
    if (!status.ok() || took > latency_max) {
      ++failures;
      std::cerr << "soak iteration " << done << ": " << status.text() << " after "
                << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
    }
  }
  if (done < flags.number("soak_iterations")) {
    return expect(false, "only " + std::to_string(done) + " iterations were done in time");
  }
  return expect(failures <= flags.number("soak_max_failures"), std::to_string(failures) + " iterations failed");
}

}  // namespace

int main(int argc, char** argv) {
  const interop::Flags flags(argc, argv,
                             {{"server_host", "localhost"},
                              {"server_port", "10000"},
                              {"test_case", "large_unary"},
                              {"use_tls", "false"},
                              {"use_test_ca", "false"},
                              {"ca_file", ""},
                              {"server_host_override", ""},
                              {"extended_server", "false"},
                              {"soak_iterations", "10"},
                              {"soak_max_failures", "0"},
                              {"soak_per_iteration_max_acceptable_latency_ms", "1000"},
                              {"soak_overall_timeout_seconds", "10"},
                              {"soak_min_time_ms_between_rpcs", "0"},
                              {"soak_request_size", "271828"},
                              {"soak_response_size", "314159"}});
  godwit::ClientOptions options;
  if (flags.on("use_tls")) {
    options.tls.emplace();
    if (!flags.text("ca_file").empty()) options.tls->roots = godwit::tls::Pem::file(flags.text("ca_file"));
    options.tls_server_name = flags.text("server_host_override");
  }
  auto connect = [&] { return Client::create(flags.text("server_host") + ":" + flags.text("server_port"), options); };
  const std::string& name = flags.text("test_case");
  Status status;
  if (name == "rpc_soak" || name == "channel_soak") {
    status = soak(flags, connect, name == "channel_soak");
  } else {
    auto client = connect();
    if (!client.ok()) return std::cerr << "error: " << client.error().message << "\n", 1;
    TestService::Stub stub(client->channel());
    if (name == "unimplemented_service") {
      status = client->run(unimplemented_service(client->channel()));
    } else if (const auto found = kCases.find(name); found != kCases.end()) {
      status = client->run(found->second(stub));
    } else if (const interop::MoreCase more = interop::find_more_case(name)) {
      status = client->run(more({stub, client->executor(), flags.on("extended_server")}));
    } else {
      std::cerr << "error: there is no test case " << name << "\n";
      return 2;
    }
  }
  if (status.ok()) return 0;
  std::cerr << name << ": " << status.text() << "\n";
  return 1;
}
