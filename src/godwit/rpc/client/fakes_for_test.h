#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/http/exchange.h"
#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/streaming_call.h"
#include "godwit/rpc/client/unary_call.h"
#include "godwit/testing/simulation.h"

// The other side of the client: connections whose server is the test.
namespace godwit::rpc::fake {

using FieldPairs = std::vector<std::pair<std::string, std::string>>;

inline std::string framed(std::string_view message, char flags = 0) {
  const auto n = static_cast<std::uint32_t>(message.size());
  std::string out{flags, static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                  static_cast<char>(n)};
  return out.append(message);
}

class Client;

// One exchange: what the call sent, and what the test makes the server answer.
class Exchange final : public http::Exchange {
 public:
  Exchange(Client& client, http::ExchangeEvents& events) : client_(client), events_(&events) {}

  // What the call did.
  FieldPairs request;
  std::string body;
  bool request_ended = false;
  bool was_reset = false;
  http::ResetReason reset_reason = http::ResetReason::kOther;
  std::size_t consumed_bytes = 0;
  std::size_t queued_bytes = 0;  // the test's choice
  bool closed = false;
  bool close_in_reset = true;  // on_closed() comes from inside reset()

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : request) {
      if (key == name) return value;
    }
    return "(none)";
  }

  // What the server does.
  void headers(const FieldPairs& fields, bool end = false) { give(http::HeadersKind::kResponse, fields, end); }
  void ok_headers() { headers({{":status", "200"}, {"content-type", "application/grpc"}}); }
  void trailers(const FieldPairs& fields) {
    trailers_open(fields);
    close();
  }
  // Trailers, but the exchange is not closed yet.
  void trailers_open(const FieldPairs& fields) { give(http::HeadersKind::kTrailers, fields, true); }
  void data(std::string_view bytes, bool end = false) {
    if (closed) return;
    const Slice slice = Slice::copy_of(as_bytes(bytes));
    events_->on_body({slice.bytes(), slice.owner()}, end);
  }
  void body_slice(const Slice& slice) { events_->on_body({slice.bytes(), slice.owner()}, false); }
  void message(std::string_view text) { data(framed(text)); }
  void trailers_only(const FieldPairs& fields) {
    FieldPairs all{{":status", "200"}, {"content-type", "application/grpc"}};
    all.insert(all.end(), fields.begin(), fields.end());
    headers(all, true);
    close();
  }
  // The usual answer of a unary call.
  void answer(std::string_view text) {
    ok_headers();
    message(text);
    trailers({{"grpc-status", "0"}});
  }
  void server_resets(http::ResetReason reason, std::string_view detail = "") {
    if (closed) return;
    events_->on_reset(reason, detail);
    close();
  }
  void room() {
    queued_bytes = 0;
    if (!closed) events_->on_writable();
  }
  void close() {
    if (std::exchange(closed, true)) return;
    events_->on_closed();
  }

  void send_headers(const http::PreparedFields&, std::span<const http::Field>, bool) override {}
  void send_body(Bytes bytes, bool end) override {
    if (closed || was_reset) return;
    body += as_text(bytes);
    request_ended = request_ended || end;
  }
  void send_body(const Slice& slice, bool end) override { send_body(slice.bytes(), end); }
  void send_trailers(const http::PreparedFields&, std::span<const http::Field>) override {}
  void reset(http::ResetReason reason) override {
    was_reset = true;
    reset_reason = reason;
    if (close_in_reset) close();
  }
  void consumed(std::size_t bytes) override { consumed_bytes += bytes; }
  std::size_t queued() const override { return queued_bytes; }
  const http::ConnectionInfo& connection() const override;

 private:
  void give(http::HeadersKind kind, const FieldPairs& fields, bool end) {
    if (closed) return;
    http::FieldViews views;
    for (const auto& [name, value] : fields) views.push_back({name, value, http::token_of(name), nullptr});
    events_->on_headers(kind, views, end);
  }
  Client& client_;
  http::ExchangeEvents* events_;
};

class Client final : public http::ExchangeClient {
 public:
  Client(std::string peer, http::ExchangeClientEvents& events, std::vector<std::shared_ptr<Client*>>& alive)
      : events_(events), alive_(std::make_shared<Client*>(this)) {
    info_.peer = std::move(peer);
    alive.push_back(alive_);
  }
  ~Client() override {
    *alive_ = nullptr;
    for (auto& exchange : exchanges) exchange->close();
  }

  std::deque<std::unique_ptr<Exchange>> exchanges;
  std::size_t limit = 1000;  // of open exchanges
  bool draining = false;
  bool drain_called = false;

  Exchange& last() { return *exchanges.back(); }
  std::size_t open_count() const {
    std::size_t n = 0;
    for (const auto& exchange : exchanges) n += !exchange->closed;
    return n;
  }
  void capacity() { events_.on_capacity(); }
  void go_away() {
    draining = true;
    events_.on_draining("GOAWAY: graceful stop");
  }
  // The connection breaks: every exchange is told, then the channel.
  void disconnect() {
    draining = true;
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      exchanges[i]->server_resets(http::ResetReason::kConnectionLost, "the peer closed the connection");
    }
    events_.on_disconnected("the peer closed the connection");
  }

  http::Exchange* open(const http::PreparedFields& first, std::span<const http::Field> rest, bool end,
                       http::ExchangeEvents& events) override {
    if (!can_open()) return nullptr;
    exchanges.push_back(std::make_unique<Exchange>(*this, events));
    for (const http::Field& f : first.fields()) last().request.emplace_back(f.name, f.value);
    for (const http::Field& f : rest) last().request.emplace_back(f.name, f.value);
    last().request_ended = end;
    return &last();
  }
  bool can_open() const override { return !draining && open_count() < limit; }
  void drain() override { drain_called = draining = true; }
  const http::ConnectionInfo& info() const override { return info_; }
  http::ConnectionStats stats() const override { return {}; }

 private:
  http::ExchangeClientEvents& events_;
  http::ConnectionInfo info_;
  std::shared_ptr<Client*> alive_;
};

inline const http::ConnectionInfo& Exchange::connection() const { return client_.info(); }

// Lets the test decide about each connection. With `automatic` every attempt succeeds by itself.
class Connector final : public godwit::Connector {
 public:
  explicit Connector(testing::SimExecutor& executor) : executor_(executor) {}

  struct Attempt {
    std::string address;
    TimePoint deadline;
    TimePoint begun;
    http::ExchangeClientEvents* events;
    Done done;
    bool given_up = false;
  };
  bool automatic = true;
  std::deque<std::shared_ptr<Attempt>> attempts;  // all that ever began
  std::vector<std::shared_ptr<Client*>> clients;  // all that were ever made; null when destroyed

  Client& client(std::size_t i) { return **clients.at(i); }
  Client& last_client() { return **clients.back(); }
  void succeed(std::size_t i) {
    auto attempt = attempts.at(i);
    Done done = std::move(attempt->done);
    attempt->done = nullptr;
    done(std::unique_ptr<http::ExchangeClient>(std::make_unique<Client>(attempt->address, *attempt->events, clients)));
  }
  void fail(std::size_t i, std::string why = "Connection refused") {
    auto attempt = attempts.at(i);
    Done done = std::move(attempt->done);
    attempt->done = nullptr;
    done(Failure(Error(std::move(why))));
  }
  // Addresses of the attempts that wait for the test.
  std::vector<std::string> waiting() const {
    std::vector<std::string> out;
    for (const auto& attempt : attempts) {
      if (attempt->done && !attempt->given_up) out.push_back(attempt->address);
    }
    return out;
  }

  std::unique_ptr<PendingOperation> connect(const ConnectRequest& request, http::ExchangeClientEvents& events,
                                            Done done) override {
    auto attempt = std::make_shared<Attempt>(
        Attempt{uri_of(request.address), request.deadline, executor_.now(), &events, std::move(done), false});
    attempts.push_back(attempt);
    if (automatic) {
      executor_.input([this, i = attempts.size() - 1] {
        if (attempts[i]->done && !attempts[i]->given_up) succeed(i);
      });
    }
    struct Operation final : PendingOperation {
      std::shared_ptr<Attempt> attempt;
      ~Operation() override { attempt->given_up = true; }
    };
    auto operation = std::make_unique<Operation>();
    operation->attempt = attempt;
    return operation;
  }

 private:
  testing::SimExecutor& executor_;
};

// A unary call that writes down what happened to it.
class Unary final : public UnaryCall {
 public:
  ~Unary() = default;
  int ends = 0;
  Status status;
  std::vector<std::string> messages;
  std::function<void()> then;  // runs at the end
  std::function<void()> on_reply;

  void call(Channel& channel, const ClientMethod& method, ClientContext* context = nullptr,
            std::string_view message = "hi") {
    start(channel, method, context, as_bytes(framed(message)));
  }

 private:
  void on_message(const http::BodyView& message) override {
    messages.emplace_back(as_text(message.bytes));
    if (on_reply) on_reply();
  }
  void on_finished(Status&& ended) override {
    ++ends;
    status = std::move(ended);
    if (then) {
      auto function = std::move(then);
      function();  // may destroy this
    }
  }
};

// A channel over fake connections in virtual time.
struct World {
  explicit World(std::string_view target = "ipv4:10.0.0.1:80", ChannelOptions options = {}) {
    connector = std::make_shared<Connector>(executor);
    options.connector = connector;
    auto made = Channel::create(executor, target, std::move(options));
    if (!made) {
      error = made.error().message;
    } else {
      channel = std::move(*made);
    }
  }
  // Lets everything that is due at this moment, or within `duration`, happen.
  void run(Duration duration = std::chrono::milliseconds(1)) { simulation.run_for(duration); }
  // A connected channel and its only connection.
  Client& ready() {
    channel->connect();
    run();
    return connector->last_client();
  }

  testing::Simulation simulation{7};
  testing::SimExecutor& executor = simulation.executor();
  std::shared_ptr<Connector> connector;
  std::unique_ptr<Channel> channel;
  std::string error;
};

inline const ClientMethod kUnaryMethod("/test.Service/Unary", MethodKind::kUnary);
inline const ClientMethod kServerStreaming("/test.Service/ServerStreaming", MethodKind::kServerStreaming);
inline const ClientMethod kClientStreaming("/test.Service/ClientStreaming", MethodKind::kClientStreaming);
inline const ClientMethod kBidi("/test.Service/Bidi", MethodKind::kBidiStreaming);

}  // namespace godwit::rpc::fake
