#include "more_cases.h"

#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "checks.h"
#include "godwit/async/scope.h"
#include "godwit/async/sleep.h"
#include "godwit/client.h"

namespace interop {
namespace {

using namespace std::chrono_literals;
using namespace grpc::testing;
using godwit::ClientContext;
using godwit::Task;

constexpr int kLargest = 4089446;           // 3.9 MiB: the message around it stays below the default limit
constexpr int kTooLarge = 4 * 1024 * 1024;  // with its field's header it is above the limit
constexpr int kMessages = 10000;
constexpr int kCalls = 1000;

Task<Status> unary_status(TestService::Stub& stub, StatusCode code, const std::string& message) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(static_cast<int>(code));
  request.mutable_response_status()->set_message(message);
  auto reply = co_await stub.UnaryCall(request);
  if (reply.ok()) co_return expect(false, "expected " + std::string(name_of(code)) + ", got OK");
  co_return expect_status(reply.error(), code, message);
}

// The stream has had a response when its status comes; nothing was said about its end.
Task<Status> stream_status(TestService::Stub& stub, StatusCode code, const std::string& message) {
  auto call = stub.FullDuplexCall();
  StreamingOutputCallRequest first;
  request_response(first, 9);
  co_await call.write(first);
  if (!co_await call.read())
    co_return expect(false, "no response came before the status: " + (co_await call.finish()).text());
  StreamingOutputCallRequest last;
  last.mutable_response_status()->set_code(static_cast<int>(code));
  last.mutable_response_status()->set_message(message);
  co_await call.write(last);
  if (co_await call.read()) co_return expect(false, "a response instead of a status");
  const Status status = co_await call.finish();
  co_return expect_status(status, code, message);
}

Task<Status> status_codes(Target target) {
  const std::string messages[] = {"请求失败：第 7 号文章不存在", "\x01\x1b[31m\x7f\t\r\n%41 100%", ""};
  for (int code = 1; code <= 16; ++code) {
    for (const std::string& message : messages) {
      Status unary = co_await unary_status(target.stub, static_cast<StatusCode>(code), message);
      if (!unary.ok()) co_return unary;
      Status stream = co_await stream_status(target.stub, static_cast<StatusCode>(code), message);
      if (!stream.ok()) co_return stream;
    }
  }
  co_return Status();
}

Task<Status> unary_sizes(TestService::Stub& stub, int request_size, int response_size) {
  SimpleRequest request;
  if (request_size > 0) set_payload(*request.mutable_payload(), request_size);
  request.set_response_size(response_size);
  auto reply = co_await stub.UnaryCall(request);
  if (!reply.ok()) co_return reply.error();
  co_return expect_body((*reply)->payload(), response_size);
}

Task<Status> message_sizes(Target target) {
  Empty empty;
  auto nothing = co_await target.stub.EmptyCall(empty);
  if (!nothing.ok()) co_return nothing.error();
  for (const auto& [request, response] : {std::pair(0, 0), {0, kLargest}, {kLargest, 0}, {kLargest, kLargest}}) {
    Status status = co_await unary_sizes(target.stub, request, response);
    if (!status.ok()) co_return status;
  }
  {
    auto call = target.stub.StreamingInputCall();
    for (const int size : {0, kLargest, 0, kLargest, 0}) {
      StreamingInputCallRequest request;
      if (size > 0) set_payload(*request.mutable_payload(), size);
      if (!co_await call.write(request)) break;
    }
    auto reply = co_await call.finish();
    if (!reply.ok()) co_return reply.error();
    if ((*reply)->aggregated_payload_size() != 2 * kLargest) co_return expect(false, "the stream's sum is wrong");
  }
  {
    auto call = target.stub.FullDuplexCall();
    for (int round = 0; round < 2; ++round) {
      StreamingOutputCallRequest request;
      request_response(request, kLargest);
      set_payload(*request.mutable_payload(), kLargest - 100);
      co_await call.write(request);
      const StreamingOutputCallResponse* response = co_await call.read();
      if (!response) co_return co_await call.finish();
      Status status = expect_body(response->payload(), kLargest);
      if (!status.ok()) co_return status;
    }
    call.close_writing();
    if (co_await call.read()) co_return expect(false, "a response after the last one");
    Status status = co_await call.finish();
    if (!status.ok()) co_return status;
  }
  for (const auto& [request, response] : {std::pair(0, kTooLarge), {kTooLarge, 0}}) {
    Status fine = expect_code(co_await unary_sizes(target.stub, request, response), StatusCode::kResourceExhausted);
    if (!fine.ok()) co_return fine;
  }
  co_return co_await unary_sizes(target.stub, 1, 1);  // the connection lives on
}

Task<void> write_all(godwit::ClientReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>& call) {
  StreamingOutputCallRequest request;
  request_response(request, 5);
  set_payload(*request.mutable_payload(), 50);
  for (int i = 0; i < kMessages; ++i) {
    if (!co_await call.write(request)) co_return;
  }
  call.close_writing();
}

Task<Status> long_streams(Target target) {
  {
    auto call = target.stub.StreamingInputCall();
    StreamingInputCallRequest request;
    set_payload(*request.mutable_payload(), 100);
    for (int i = 0; i < kMessages; ++i) {
      if (!co_await call.write(request)) break;
    }
    auto reply = co_await call.finish();
    if (!reply.ok()) co_return reply.error();
    const int sum = (*reply)->aggregated_payload_size();
    if (sum != 100 * kMessages) co_return expect(false, "expected a sum of 1000000, got " + std::to_string(sum));
  }
  {
    StreamingOutputCallRequest request;
    for (int i = 0; i < kMessages; ++i) request_response(request, i % 200);
    auto call = target.stub.StreamingOutputCall(request);
    int count = 0;
    while (const StreamingOutputCallResponse* response = co_await call.read()) {
      Status status = expect_body(response->payload(), count++ % 200);
      if (!status.ok()) co_return status;
    }
    Status status = co_await call.finish();
    if (!status.ok()) co_return status;
    if (count != kMessages) co_return expect(false, "expected 10000 responses, got " + std::to_string(count));
  }
  auto call = target.stub.FullDuplexCall();
  godwit::Scope writer;
  writer.spawn(write_all(call));
  int count = 0;
  while (co_await call.read()) ++count;
  Status status = co_await call.finish();
  co_await writer.join();
  if (!status.ok()) co_return status;
  co_return expect(count == kMessages, "both ways: expected 10000 responses, got " + std::to_string(count));
}

Task<void> one_call(TestService::Stub& stub, int size, Status& result, int& done) {
  Status status = co_await unary_sizes(stub, size, size + 1);
  if (!status.ok() && result.ok()) result = std::move(status);
  ++done;
}

Task<Status> many_calls(Target target) {
  Status result;
  int done = 0;
  godwit::Scope scope;
  for (int i = 0; i < kCalls; ++i) scope.spawn(one_call(target.stub, i, result, done));
  co_await scope.join();
  if (!result.ok()) co_return result;
  if (done != kCalls) co_return expect(false, "only " + std::to_string(done) + " calls ended");

  // All streams are open before the first one ends.
  using Call = godwit::ClientReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>;
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.emplace_back(new Call(target.stub.FullDuplexCall()));
    StreamingOutputCallRequest request;
    request_response(request, i);
    co_await calls.back()->write(request);
  }
  for (int i = 0; i < kCalls; ++i) {
    const StreamingOutputCallResponse* response = co_await calls[static_cast<std::size_t>(i)]->read();
    if (!response) co_return co_await calls[static_cast<std::size_t>(i)]->finish();
    Status status = expect_body(response->payload(), i);
    if (!status.ok()) co_return status;
  }
  for (const auto& call : calls) {
    call->close_writing();
    Status status = co_await call->finish();
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

std::vector<std::string> values_of(const godwit::Metadata& metadata, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& entry : metadata) {
    if (entry.key == key) values.emplace_back(entry.value);
  }
  return values;
}

constexpr std::string_view kInitialKey = "x-grpc-test-echo-initial";
constexpr std::string_view kTrailingKey = "x-grpc-test-echo-trailing-bin";

Status expect_values(const Target& target, const ClientContext& context, std::vector<std::string> initial,
                     std::vector<std::string> trailing) {
  if (!target.extended) initial.resize(1), trailing.resize(1);
  const auto got_initial = values_of(context.initial_metadata(), kInitialKey);
  const auto got_trailing = values_of(context.trailing_metadata(), kTrailingKey);
  if (got_initial != initial) {
    return expect(false, std::to_string(got_initial.size()) + " values came in the initial metadata, or other ones");
  }
  return expect(got_trailing == trailing,
                std::to_string(got_trailing.size()) + " values came in the trailing metadata, or other ones");
}

Task<Status> repeated_metadata(Target target) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  const std::vector<std::string> initial = {"one", "two, and more", "one"};
  const std::vector<std::string> trailing = {all_bytes, std::string(1, '\0'), "\xff\xfe", all_bytes, "a,b"};
  ClientContext context;
  const auto prepare = [&] {
    context.reset();
    for (std::size_t i = 0; i < trailing.size(); ++i) {
      if (i < initial.size()) context.metadata().add(kInitialKey, initial[i]);
      context.metadata().add(kTrailingKey, trailing[i]);
    }
  };
  prepare();
  SimpleRequest request;
  auto reply = co_await target.stub.UnaryCall(context, request);
  if (!reply.ok()) co_return reply.error();
  Status unary = expect_values(target, context, initial, trailing);
  if (!unary.ok()) co_return unary;

  prepare();
  auto call = target.stub.FullDuplexCall(context);
  StreamingOutputCallRequest output;
  request_response(output, 1);
  co_await call.write(output);
  call.close_writing();
  while (co_await call.read()) {
  }
  Status status = co_await call.finish();
  if (!status.ok()) co_return status;
  co_return expect_values(target, context, initial, trailing);
}

// A call whose only response comes after a minute.
StreamingOutputCallRequest slow_request() {
  StreamingOutputCallRequest request;
  request_response(request, 1);
  request.mutable_response_parameters(0)->set_interval_us(60'000'000);
  return request;
}

Task<int> cancelled_calls(Target target) {
  ClientContext context;
  context.metadata().add("x-interop-count-cancelled", "1");
  Empty request;
  int count = -1;
  if (auto reply = co_await target.stub.EmptyCall(context, request); reply.ok()) {
    if (const auto text = context.trailing_metadata().find("x-interop-cancelled")) {
      std::from_chars(text->data(), text->data() + text->size(), count);
    }
  }
  co_return count;
}

// The server must see that a call it still works on was given up. Not every server tells.
Task<Status> expect_seen(Target target, int before) {
  if (!target.extended) co_return Status();
  if (before < 0) co_return expect(false, "the server does not count cancelled calls");
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    if (co_await cancelled_calls(target) > before) co_return Status();
    (void)co_await godwit::sleep_for(target.executor, 10ms);
  }
  co_return expect(false, "the server did not see within 10 s that the call was given up");
}

Task<Status> deadline(Target target) {
  const int before = co_await cancelled_calls(target);
  const StreamingOutputCallRequest request = slow_request();
  ClientContext context;
  context.set_timeout(300ms);
  const auto start = std::chrono::steady_clock::now();
  auto call = target.stub.StreamingOutputCall(context, request);
  if (co_await call.read()) co_return expect(false, "a response instead of DEADLINE_EXCEEDED");
  Status status = expect_code(co_await call.finish(), StatusCode::kDeadlineExceeded);
  if (!status.ok()) co_return status;
  const auto took = std::chrono::steady_clock::now() - start;
  if (took < 299ms || took > 20s) {
    co_return expect(false, "a deadline of 300 ms took " +
                                std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) +
                                " ms");
  }
  Status seen = co_await expect_seen(target, before);
  if (!seen.ok()) co_return seen;

  for (const auto timeout : {std::chrono::milliseconds(0), std::chrono::milliseconds(60'000)}) {
    ClientContext other;
    other.set_timeout(timeout);
    SimpleRequest simple;
    auto reply = co_await target.stub.UnaryCall(other, simple);
    if (timeout == 0ms) {
      Status at_once = reply.ok() ? expect(false, "a timeout of 0 was not kept")
                                  : expect_code(reply.error(), StatusCode::kDeadlineExceeded);
      if (!at_once.ok()) co_return at_once;
    } else if (!reply.ok()) {
      co_return reply.error();
    }
  }
  co_return Status();
}

Task<Status> client_cancel(Target target) {
  const int before = co_await cancelled_calls(target);
  const StreamingOutputCallRequest request = slow_request();
  ClientContext context;
  auto call = target.stub.StreamingOutputCall(context, request);
  (void)co_await cancelled_calls(target);  // answered after the call has reached the server
  context.cancel();
  Status status = expect_code(co_await call.finish(), StatusCode::kCancelled);
  if (!status.ok()) co_return status;
  co_return co_await expect_seen(target, before);
}

// The server ends a call with CANCELLED while the client still writes; calls beside it and after it go on.
Task<Status> server_cancel(Target target) {
  auto beside = target.stub.FullDuplexCall();
  StreamingOutputCallRequest first;
  request_response(first, 1);
  co_await beside.write(first);
  if (!co_await beside.read()) co_return co_await beside.finish();

  auto call = target.stub.FullDuplexCall();
  co_await call.write(first);
  if (!co_await call.read()) co_return co_await call.finish();
  StreamingOutputCallRequest last;
  last.mutable_response_status()->set_code(static_cast<int>(StatusCode::kCancelled));
  last.mutable_response_status()->set_message("the server gave up");
  co_await call.write(last);
  StreamingOutputCallRequest more;
  set_payload(*more.mutable_payload(), 100'000);
  while (co_await call.write(more)) {
  }
  Status status = expect_status(co_await call.finish(), StatusCode::kCancelled, "the server gave up");
  if (!status.ok()) co_return status;

  co_await beside.write(first);
  if (!co_await beside.read()) co_return co_await beside.finish();
  beside.close_writing();
  co_return co_await beside.finish();
}

}  // namespace

MoreCase find_more_case(const std::string& name) {
  static const std::map<std::string, MoreCase> kCases = {
      {"status_codes", status_codes},   {"message_sizes", message_sizes},         {"long_streams", long_streams},
      {"many_calls", many_calls},       {"repeated_metadata", repeated_metadata}, {"deadline", deadline},
      {"client_cancel", client_cancel}, {"server_cancel", server_cancel},
  };
  const auto found = kCases.find(name);
  return found == kCases.end() ? nullptr : found->second;
}

}  // namespace interop
