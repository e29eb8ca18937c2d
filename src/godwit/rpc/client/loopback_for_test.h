#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/fakes_for_test.h"

// A connection that costs next to nothing and allocates nothing, for measuring the client: exchanges come from a pool,
// and the test makes all of them answer.
namespace godwit::rpc::fake {

class LoopbackClient final : public http::ExchangeClient {
 public:
  explicit LoopbackClient(std::size_t exchanges, std::size_t messages = 1) : pool_(exchanges) {
    info_.peer = "ipv4:10.0.0.1:80";
    for (auto& exchange : pool_) {
      exchange.info = &info_;
      free_.push_back(&exchange);
    }
    open_.reserve(exchanges);
    answering_.reserve(exchanges);
    auto add = [](http::FieldViews& views, std::string_view name, std::string_view value) {
      views.push_back({name, value, http::token_of(name), nullptr});
    };
    add(headers_, ":status", "200");
    add(headers_, "content-type", "application/grpc");
    add(trailers_, "grpc-status", "0");
    std::string bytes;
    for (std::size_t i = 0; i < messages; ++i) bytes += framed(std::string(64, 'm'));
    body_ = Slice::copy_of(as_bytes(bytes));
  }

  // Every open exchange gets headers, the messages, and trailers.
  void answer_all() {
    answering_.swap(open_);
    for (Pooled* exchange : answering_) {
      exchange->events->on_headers(http::HeadersKind::kResponse, headers_, false);
      exchange->events->on_body({body_.bytes(), body_.owner()}, false);
      exchange->events->on_headers(http::HeadersKind::kTrailers, trailers_, true);
      exchange->events->on_closed();
      free_.push_back(exchange);
    }
    answering_.clear();
  }
  // Only headers or messages, to the first exchange.
  void answer_headers() { open_.front()->events->on_headers(http::HeadersKind::kResponse, headers_, false); }
  void answer_body() { open_.front()->events->on_body({body_.bytes(), body_.owner()}, false); }

  http::Exchange* open(const http::PreparedFields&, std::span<const http::Field>, bool,
                       http::ExchangeEvents& events) override {
    if (free_.empty()) return nullptr;
    Pooled* exchange = free_.back();
    free_.pop_back();
    exchange->events = &events;
    open_.push_back(exchange);
    return exchange;
  }
  ~LoopbackClient() override {
    for (Pooled* exchange : open_) exchange->events->on_closed();
  }
  bool can_open() const override { return !free_.empty(); }
  void drain() override {}
  const http::ConnectionInfo& info() const override { return info_; }
  http::ConnectionStats stats() const override { return {}; }

 private:
  struct Pooled final : http::Exchange {
    void send_headers(const http::PreparedFields&, std::span<const http::Field>, bool) override {}
    void send_body(Bytes, bool) override {}
    void send_body(const Slice&, bool) override {}
    void send_trailers(const http::PreparedFields&, std::span<const http::Field>) override {}
    void reset(http::ResetReason) override {}
    void consumed(std::size_t) override {}
    std::size_t queued() const override { return 0; }
    const http::ConnectionInfo& connection() const override { return *info; }
    http::ExchangeEvents* events = nullptr;
    const http::ConnectionInfo* info = nullptr;
  };
  std::vector<Pooled> pool_;
  std::vector<Pooled*> free_, open_, answering_;
  http::ConnectionInfo info_;
  http::FieldViews headers_, trailers_;
  Slice body_;
};

// A channel with one LoopbackClient.
struct Loopback {
  explicit Loopback(std::size_t exchanges, std::size_t messages = 1) {
    struct LoopbackConnector final : godwit::Connector {
      LoopbackConnector(testing::SimExecutor& e, std::unique_ptr<LoopbackClient> c) : executor(e), made(std::move(c)) {}
      std::unique_ptr<PendingOperation> connect(const ConnectRequest&, http::ExchangeClientEvents&,
                                                Done done) override {
        executor.input(
            [this, done = std::move(done)] { done(std::unique_ptr<http::ExchangeClient>(std::move(made))); });
        return std::make_unique<PendingOperation>();
      }
      testing::SimExecutor& executor;
      std::unique_ptr<LoopbackClient> made;
    };
    auto made = std::make_unique<LoopbackClient>(exchanges, messages);
    client = made.get();
    ChannelOptions options;
    options.connector = std::make_shared<LoopbackConnector>(executor, std::move(made));
    channel = std::move(*Channel::create(executor, "ipv4:10.0.0.1:80", std::move(options)));
    channel->connect();
    simulation.run_for(std::chrono::milliseconds(1));
  }
  testing::Simulation simulation{1};
  testing::SimExecutor& executor = simulation.executor();
  LoopbackClient* client;
  std::unique_ptr<Channel> channel;
};

class LoopbackCall final : public UnaryCall {
 public:
  ~LoopbackCall() = default;
  void call(Channel& channel, ClientContext* context, Bytes framed_request) {
    start(channel, kUnaryMethod, context, framed_request);
  }
  std::size_t bytes = 0;
  std::size_t good = 0;

 private:
  void on_message(const http::BodyView& message) override { bytes += message.bytes.size(); }
  void on_finished(Status&& status) override { good += status.ok(); }
};

}  // namespace godwit::rpc::fake
