#include "client_call.h"

#include <utility>

#include "godwit/async/scope.h"
#include "godwit/async/sleep.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/streaming_call.h"
#include "godwit/rpc/client/unary_call.h"
#include "godwit/stub/codec.h"
#include "service.h"

namespace godwit::simulation {
namespace {

constexpr std::size_t kMetadata = 1'000'000;

class UnaryStyle final : public ClientCall, private rpc::UnaryCall {
 public:
  UnaryStyle(const CallPlan& plan, Channel& channel, testing::SimNetwork& network, testing::SimExecutor& executor)
      : ClientCall(plan, channel, network, executor) {}
  ~UnaryStyle() override = default;

 private:
  void start() override { rpc::UnaryCall::start(channel_, method(), &context_, framed_request(0)); }
  void on_message(const http::BodyView& message) override { reply(as_text(message.bytes)); }
  void on_finished(Status&& status) override { ended(std::move(status)); }
};

// One coroutine reads, another writes.
class StreamingStyle final : public ClientCall {
 public:
  StreamingStyle(const CallPlan& plan, Channel& channel, testing::SimNetwork& network, testing::SimExecutor& executor)
      : ClientCall(plan, channel, network, executor) {}
  bool over() const override { return ClientCall::over() && running_ == 0; }

 private:
  void start() override {
    call_.start(channel_, method(), &context_);
    running_ = 2;
    reader_ = read();
    writer_ = write();
    if (writer_.start(&one_ended, this)) --running_;
    if (reader_.start(&one_ended, this)) --running_;
  }
  static void one_ended(void* self) { --static_cast<StreamingStyle*>(self)->running_; }

  Task<void> write() {
    for (std::size_t i = 0; i < plan_.requests.size(); ++i) {
      call_.send_message(framed_request(i));
      if (!co_await call_.writable()) co_return;
    }
    call_.close_sending();
  }
  Task<void> read() {
    for (;;) {
      if (plan_.client_pause > Duration::zero()) co_await sleep_for(executor_, plan_.client_pause);
      const rpc::ReceivedMessage message = co_await call_.read();
      if (!message) break;
      reply(as_text(message.bytes()));
    }
    Status status = co_await call_.finish();
    ended(std::move(status));
  }

  rpc::StreamingCall call_;
  Task<void> reader_;
  Task<void> writer_;
  int running_ = 0;
};

// Nothing between the call and the counters.
class SinkStyle final : public ClientCall, private rpc::CallSink {
 public:
  SinkStyle(const CallPlan& plan, Channel& channel, testing::SimNetwork& network, testing::SimExecutor& executor)
      : ClientCall(plan, channel, network, executor) {}
  ~SinkStyle() override {
    if (call_) call_->release();
  }

 private:
  void start() override {
    call_ = &rpc::Call::make(channel_.core(), method(), &context_, *this, rpc::Call::Delivery::kPush);
    call_->start();
    send_more();
  }
  void send_more() {
    if (sending_) return;  // on_writable() from inside send()
    sending_ = true;
    while (outcome_.ends == 0 && next_ < plan_.requests.size() && call_->can_write()) {
      const std::size_t index = next_++;
      call_->send(framed_request(index), next_ == plan_.requests.size());
    }
    if (outcome_.ends == 0 && plan_.requests.empty()) call_->close_sending();
    sending_ = false;
  }
  void on_initial_metadata() override { problem("on_initial_metadata() of a call that pushes"); }
  void on_message(const http::BodyView& message) override {
    if (outcome_.ends > 0) problem("a message after the end");
    reply(as_text(message.bytes));
  }
  void on_writable() override {
    if (outcome_.ends > 0) problem("on_writable() after the end");
    send_more();
  }
  void on_done() override { ended(call_->status()); }

  rpc::Call* call_ = nullptr;
  std::size_t next_ = 0;
  bool sending_ = false;
};

}  // namespace

std::unique_ptr<ClientCall> ClientCall::make(const CallPlan& plan, Channel& channel, testing::SimNetwork& network,
                                             testing::SimExecutor& executor) {
  switch (plan.style) {
    case Style::kUnaryCall:
      return std::make_unique<UnaryStyle>(plan, channel, network, executor);
    case Style::kStreamingCall:
      return std::make_unique<StreamingStyle>(plan, channel, network, executor);
    case Style::kSink:
      return std::make_unique<SinkStyle>(plan, channel, network, executor);
  }
  return nullptr;
}

void ClientCall::begin() {
  note("begins");
  outcome_.begun = true;
  outcome_.began_at = executor_.now();
  if (plan_.timeout) context_.set_timeout(*plan_.timeout);
  context_.set_wait_for_ready(plan_.wait_for_ready);
  context_.metadata().add("x-plan", encode(plan_));
  context_.metadata().add("x-extra-bin", content(plan_.id, false, kMetadata, plan_.metadata_bytes));
  start();
}

void ClientCall::cancel() {
  if (!outcome_.begun || outcome_.ends > 0) return;
  note("is cancelled");
  outcome_.cancelled = true;
  context_.cancel();
}

void ClientCall::reply(std::string_view bytes) {
  const std::size_t index = outcome_.replies++;
  if (index >= plan_.replies.size()) return problem("more replies than were sent");
  if (!has_content(bytes, plan_.id, true, index, plan_.replies[index])) {
    problem("reply " + std::to_string(index) + " is not what was sent");
  }
}

void ClientCall::ended(Status status) {
  note("ends with " + status.text());
  if (++outcome_.ends > 1) return;
  outcome_.status = std::move(status);
  outcome_.ended_at = executor_.now();
  outcome_.faults = network_.fault_counts();
  outcome_.initial_metadata_right = context_.initial_metadata().find("x-id") == std::to_string(plan_.id);
  const auto extra = context_.trailing_metadata().find("x-extra-bin");
  outcome_.trailing_metadata_right = extra && has_content(*extra, plan_.id, true, kMetadata, plan_.metadata_bytes);
}

void ClientCall::problem(std::string text) {
  note("problem: " + text);
  outcome_.problems.push_back(std::move(text));
}

void ClientCall::note(const std::string& text) {
  executor_.simulation().note("client", "call " + std::to_string(plan_.id) + " " + text);
}

Slice ClientCall::framed_request(std::size_t index) {
  Arena arena;
  RawMessage message(arena);
  const std::string bytes = content(plan_.id, false, index, plan_.requests.at(index));
  message.set_view(bytes);
  Slice framed;
  Codec<RawMessage>::send(message, [&](const Slice& slice) {
    framed = slice;
    return true;
  });
  return framed;
}

const ClientMethod& ClientCall::method() const {
  static const ClientMethod methods[] = {
      {std::string(Service::path_of(MethodKind::kUnary)), MethodKind::kUnary},
      {std::string(Service::path_of(MethodKind::kClientStreaming)), MethodKind::kClientStreaming},
      {std::string(Service::path_of(MethodKind::kServerStreaming)), MethodKind::kServerStreaming},
      {std::string(Service::path_of(MethodKind::kBidiStreaming)), MethodKind::kBidiStreaming}};
  for (const ClientMethod& method : methods) {
    if (method.kind() == plan_.kind) return method;
  }
  return methods[0];
}

}  // namespace godwit::simulation
