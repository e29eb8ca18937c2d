#include "godwit/transport/http2_client.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "godwit/transport/http2_driver.h"

namespace godwit::transport {
namespace {

// Whom a connection tells of its beginning.
class HandshakeEvents : public http::ExchangeClientEvents {
 public:
  virtual void on_settings() = 0;

 protected:
  ~HandshakeEvents() = default;
};

class Http2Client final : public http::ExchangeClient, private Http2Driver {
 public:
  Http2Client(Executor& executor, std::unique_ptr<ByteStream> stream, const http2::Options& options,
              HandshakeEvents& handshake)
      : Http2Driver(http2::Role::kClient, executor, std::move(stream), options),
        handshake_(&handshake),
        events_(&handshake) {
    start();
  }
  ~Http2Client() override {
    events_ = nullptr;
    abandon();
  }

  http::Exchange* open(const http::PreparedFields& first, std::span<const http::Field> rest, bool end,
                       http::ExchangeEvents& events) override {
    if (!can_open()) return nullptr;
    Http2Exchange& exchange = make_exchange(nullptr, &events);
    bind(exchange, engine().open(http2::HeaderFields(first, rest), end, &exchange));
    mark_dirty();
    return &exchange;
  }
  bool can_open() const override { return !closing() && !draining_ && engine().may_open() > 0; }
  void drain() override {
    draining_ = true;
    shutdown();
  }
  const http::ConnectionInfo& info() const override { return Http2Driver::info(); }
  http::ConnectionStats stats() const override { return Http2Driver::stats(); }

  // The handshake is over: from now on only `events` is told.
  void set_events(http::ExchangeClientEvents& events) {
    handshake_ = nullptr;
    events_ = &events;
  }
  bool is_lost() const { return closing() || engine().is_closed(); }
  // Why the engine ended the connection; without text when it did not.
  const http2::ConnectionError& error() const { return engine().error(); }

 private:
  http::ExchangeEvents* on_request(Http2Exchange&, const http::FieldViews&, bool) override { return nullptr; }
  void capacity_grew() override {
    if (events_ && can_open()) events_->on_capacity();
  }
  void settings_came() override {
    if (handshake_) handshake_->on_settings();
  }
  void draining(std::string_view reason) override {
    if (!std::exchange(draining_, true) && events_) events_->on_draining(reason);
  }
  void ended(std::string_view reason) override {
    if (auto* events = std::exchange(events_, nullptr)) events->on_disconnected(reason);
  }

  HandshakeEvents* handshake_;
  http::ExchangeClientEvents* events_;
  bool draining_ = false;
};

std::string seconds_text(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(duration.count()) / 1e9);
  return text;
}

// The engine's limit for the peer's preface is the handshake's deadline. What happens to the connection is only noted
// where it is told, inside the engine; it is decided at the turn's end, where `done` may do everything.
class Http2Handshake final : public PendingOperation, private HandshakeEvents, private Work {
 public:
  Http2Handshake(Executor& executor, std::unique_ptr<ByteStream> stream, Http2HandshakeOptions options,
                 http::ExchangeClientEvents& events, Http2HandshakeDone done)
      : executor_(executor), events_(events), done_(std::move(done)), began_(executor.now()) {
    options.http2.preface_timeout =
        options.deadline == kNever ? Duration::max() : std::max(Duration::zero(), options.deadline - began_);
    client_ =
        std::make_unique<Http2Client>(executor, std::move(stream), options.http2, static_cast<HandshakeEvents&>(*this));
  }
  ~Http2Handshake() {
    if (scheduled_) executor_.withdraw(*this);
  }

 private:
  void on_settings() override { decide(); }
  void on_capacity() override {}
  void on_draining(std::string_view reason) override {
    failure_ = reason;
    decide();
  }
  void on_disconnected(std::string_view reason) override {
    failure_ = reason;
    decide();
  }
  void decide() {
    if (!std::exchange(scheduled_, true)) executor_.at_turn_end(*this);
  }

  void run() override {
    scheduled_ = false;
    const Http2HandshakeDone done = std::move(done_);  // it may destroy this
    std::unique_ptr<Http2Client> client = std::move(client_);
    // A server that says SETTINGS and goes away in one breath carries no call.
    if (!failure_.empty() || client->is_lost()) {
      Error error("HTTP/2 handshake with " + client->info().peer + ": " + why(client->error()));
      client.reset();
      return done(Failure(std::move(error)));
    }
    client->set_events(events_);
    done(std::unique_ptr<http::ExchangeClient>(std::move(client)));
  }
  std::string why(const http2::ConnectionError& error) const {
    if (error.kind == http2::ConnectionErrorKind::kTimeout) {
      return "timed out: the peer accepted the connection, but sent no SETTINGS within " +
             seconds_text(executor_.now() - began_);
    }
    return error.text.empty() ? failure_ : error.text;
  }

  Executor& executor_;
  http::ExchangeClientEvents& events_;
  Http2HandshakeDone done_;
  const TimePoint began_;
  std::unique_ptr<Http2Client> client_;
  std::string failure_;  // why no call can go over the connection
  bool scheduled_ = false;
};

}  // namespace

std::unique_ptr<PendingOperation> http2_handshake(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                  Http2HandshakeOptions options, http::ExchangeClientEvents& events,
                                                  Http2HandshakeDone done) {
  return std::make_unique<Http2Handshake>(executor, std::move(stream), std::move(options), events, std::move(done));
}

}  // namespace godwit::transport
