#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/async/timer.h"
#include "godwit/http/exchange.h"
#include "godwit/http2/connection/connection.h"

namespace godwit::transport {

http::ResetReason reason_of(const http2::StreamReset& reset);
http2::ErrorCode code_of(http::ResetReason reason);

class Http2Driver;

// An exchange on an HTTP/2 stream.
class Http2Exchange final : public http::Exchange {
 public:
  void send_headers(const http::PreparedFields& first, std::span<const http::Field> rest, bool end) override;
  void send_body(Bytes bytes, bool end) override;
  void send_body(const Slice& bytes, bool end) override;
  void send_trailers(const http::PreparedFields& first, std::span<const http::Field> rest) override;
  void reset(http::ResetReason reason) override;
  void consumed(std::size_t bytes) override;
  std::size_t queued() const override;
  const http::ConnectionInfo& connection() const override;

 private:
  friend class Http2Driver;
  Http2Driver* driver_ = nullptr;
  http2::Stream* stream_ = nullptr;
  http::ExchangeEvents* events_ = nullptr;
  Http2Exchange* next_free_ = nullptr;
  bool failed_ = false;  // was reset: counts as failed
};

// Moves bytes between a ByteStream and the HTTP/2 engine, and the engine's events to exchanges. What its two sides
// (server and client) share. What all commands of one loop turn have produced is written once, at the turn's end.
//
//   open     bytes flow
//   closing  the engine is closed, or it is drained and all is written: our last bytes (GOAWAY) go out, then our
//            direction ends; what still comes in is thrown away, so that the peer can read our last words
//   gone     ended() was called; the owner destroys the driver
class Http2Driver : private ByteStreamEvents, private http2::ConnectionEvents, private Work, private Timer {
 public:
  ~Http2Driver() override;
  Http2Driver(const Http2Driver&) = delete;
  Http2Driver& operator=(const Http2Driver&) = delete;

  const http::ConnectionInfo& info() const { return info_; }
  http::ConnectionStats stats() const { return stats_; }
  // Graceful: GOAWAY, running streams go on, then the connection closes.
  void shutdown();
  // Ends everything now, with a last word to the peer.
  void close(http2::ErrorCode code, std::string_view text);

 protected:
  Http2Driver(http2::Role role, Executor& executor, std::unique_ptr<ByteStream> stream, const http2::Options& options);
  void start() { stream_->start(*this); }

  // --- what the two sides do differently ---
  // A new request: who hears the rest (server).
  virtual http::ExchangeEvents* on_request(Http2Exchange& exchange, const http::FieldViews& fields, bool end) = 0;
  virtual void capacity_grew() {}
  // The peer's SETTINGS were applied, the first ones or later ones. From inside the engine.
  virtual void settings_came() {}
  // No new exchange may be opened from now on. May be told more than once.
  virtual void draining(std::string_view reason) { (void)reason; }
  // The connection is gone and every exchange was closed. The last call; may destroy the driver.
  virtual void ended(std::string_view reason) = 0;

  // Ends all exchanges without a word to the peer: for owners that are destroyed.
  void abandon();
  Http2Exchange& make_exchange(http2::Stream* stream, http::ExchangeEvents* events);
  void bind(Http2Exchange& exchange, http2::Stream* stream) { exchange.stream_ = stream; }
  http2::Connection& engine() { return engine_; }
  const http2::Connection& engine() const { return engine_; }
  bool closing() const { return closing_; }
  void mark_dirty() {
    if (!dirty_) {
      dirty_ = true;
      executor_.at_turn_end(*this);
    }
  }

 private:
  friend class Http2Exchange;
  static constexpr std::size_t kKeptExchanges = 64;
  static constexpr Duration kLinger = std::chrono::seconds(2);  // for the peer to read our last words

  // ByteStreamEvents
  void on_bytes(const Slice& bytes) override;
  void on_end() override;
  void on_writable() override;
  void on_error(const Error& error) override;
  // http2::ConnectionEvents
  void on_headers(http2::Stream& stream, http2::HeadersKind kind, const http::FieldViews& fields, bool end) override;
  void on_data(http2::Stream& stream, const http2::DataView& data, bool end) override;
  void on_reset(http2::Stream& stream, const http2::StreamReset& reset) override;
  void on_stream_closed(http2::Stream& stream) override;
  void on_writable(http2::Stream& stream) override;
  void on_goaway(std::uint32_t last_id, http2::ErrorCode code, std::string_view debug_text) override;
  void on_settings() override { settings_came(); }
  void on_may_open() override { capacity_grew(); }
  void on_drained() override;
  void on_connection_error(const http2::ConnectionError& error) override;
  // Work: the end of a turn
  void run() override;
  // Timer
  void on_timer() override;

  // True when all output went out.
  bool write_output();
  void settle();
  void begin_closing(std::string_view reason);
  void finish();
  void answer_in_http1();

  Executor& executor_;
  std::unique_ptr<ByteStream> stream_;
  http::ConnectionStats stats_;
  http::ConnectionInfo info_;
  http2::Connection engine_;
  Http2Exchange* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::string reason_;       // why the connection ends
  bool dirty_ = false;
  bool started_ = false;     // a server writes nothing before it has seen what the peer speaks
  bool blocked_ = false;     // the byte stream took less than it was given
  bool paused_ = false;      // reading is paused
  bool drained_ = false;
  bool closing_ = false;
  bool write_ended_ = false;
  bool input_ended_ = false;
  bool broken_ = false;      // the byte stream failed: nothing can be written
};

}  // namespace godwit::transport
