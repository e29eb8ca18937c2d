#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/http/field.h"

namespace godwit::http {

// Why an exchange ended before its time. The names are what happened, not one protocol's numbers; a transport maps
// them (HTTP/2: RFC 9113 section 7).
enum class ResetReason : std::uint8_t {
  kNoError,            // the server has answered completely and wants no more of the request
  kCancelled,          // one side lost interest
  kRefused,            // nothing was processed: safe to try again
  kProtocolError,
  kInternalError,
  kFlowControlError,
  kFrameSizeError,
  kEnhanceYourCalm,    // the peer asks too much
  kInadequateSecurity,
  kHttp11Required,
  kConnectionLost,     // the connection below is gone; never sent, only reported
  kOther,
};
std::string_view text_of(ResetReason reason);

enum class HeadersKind : std::uint8_t { kRequest, kInformational, kResponse, kTrailers };

// A part of a body where it lies in the receive buffer. Keeping it costs one reference: take slice(). Without an owner
// the bytes live for ever.
struct BodyView {
  Bytes bytes;
  const BlockRef& owner;

  Slice slice() const { return Slice(bytes, owner); }
};

// What happens to one exchange, seen by whoever handles it (rpc, gateway). Called on the connection's loop.
class ExchangeEvents {
 public:
  // Client: informational, response, trailers. Server: trailers only (the request came through ExchangeHandler).
  // The views live until the call returns. `end`: nothing follows.
  virtual void on_headers(HeadersKind kind, const FieldViews& fields, bool end) = 0;
  // A part of the body in order, perhaps empty when only `end` is news. The peer may send more only as
  // Exchange::consumed() gives room back.
  virtual void on_body(const BodyView& body, bool end) = 0;
  // send_body() has room again: queued() fell to the transport's low mark or below.
  virtual void on_writable() = 0;
  // The exchange was broken off by the peer, by the transport or with the connection. `detail` names the cause for logs
  // and status messages. Not called for our own reset().
  virtual void on_reset(ResetReason reason, std::string_view detail) = 0;
  // The last event, exactly once, whatever happened: the Exchange must not be used any more.
  virtual void on_closed() = 0;

 protected:
  ~ExchangeEvents() = default;
};

// Counters of one connection that channelz reads.
struct ConnectionStats {
  std::uint64_t exchanges_started = 0;
  std::uint64_t exchanges_succeeded = 0;  // ended normally in both directions
  std::uint64_t exchanges_failed = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t keepalives_sent = 0;
};

// What is known of the connection that carries an exchange. Lives as long as the connection.
struct ConnectionInfo {
  std::string peer;   // "ipv4:127.0.0.1:1234"
  std::string local;
  bool secure = false;
  std::string tls_version, tls_cipher;
  std::string peer_certificate_pem, peer_common_name;
  std::vector<std::string> peer_alt_names;
};

// One request and its response. Owned by the transport; valid until ExchangeEvents::on_closed() returned. All methods
// are for the connection's loop and may be called from inside events. After reset() or a received reset, sends are
// ignored.
class Exchange {
 public:
  // A response's headers, a request's were given when it was opened. `first` is a constant part that encodes cheaply.
  virtual void send_headers(const PreparedFields& first, std::span<const Field> rest, bool end) = 0;
  // A part of the body; empty with `end` is allowed. The first form copies what can't go out at once, the second links.
  virtual void send_body(Bytes bytes, bool end) = 0;
  virtual void send_body(const Slice& bytes, bool end) = 0;
  // Ends the response (or request) with these trailers.
  virtual void send_trailers(const PreparedFields& first, std::span<const Field> rest) = 0;
  // Breaks the exchange off in both directions. No event but on_closed() follows.
  virtual void reset(ResetReason reason) = 0;
  // The receiver has dealt with that many body bytes: the peer may send as many more.
  virtual void consumed(std::size_t bytes) = 0;
  // Body bytes that were given to send_body() and have not been handed to the connection below. A producer should stop
  // above kHighWater and go on at on_writable().
  virtual std::size_t queued() const = 0;
  virtual const ConnectionInfo& connection() const = 0;

  static constexpr std::size_t kHighWater = 64 * 1024;

 protected:
  ~Exchange() = default;
};

// A server's side: one per loop.
class ExchangeHandler {
 public:
  virtual ~ExchangeHandler() = default;
  // A request's headers arrived (complete and well formed by HTTP's rules). The handler returns who hears the rest; it
  // must stay alive until its on_closed(). It may answer from inside. Never null.
  virtual ExchangeEvents* on_request(Exchange& exchange, const FieldViews& fields, bool end) = 0;
};

// What a connection says to whoever opens exchanges over it.
class ExchangeClientEvents {
 public:
  // More exchanges may be opened than before: the peer's limit rose or one ended after open() had declined.
  virtual void on_capacity() = 0;
  // The peer will take no new exchange (GOAWAY); running ones go on. At most once.
  virtual void on_draining(std::string_view reason) = 0;
  // The connection is gone; every exchange has been told. The last event.
  virtual void on_disconnected(std::string_view reason) = 0;

 protected:
  ~ExchangeClientEvents() = default;
};

// A client's side: opens exchanges over one connection. For the connection's loop only.
class ExchangeClient {
 public:
  virtual ~ExchangeClient() = default;  // resets what is open and closes the connection
  // Begins an exchange with these request headers: `first` then `rest` (pseudo-fields first). nullptr when the peer's limit of
  // concurrent exchanges is reached (on_capacity() follows) or the connection drains.
  virtual Exchange* open(const PreparedFields& first, std::span<const Field> rest, bool end, ExchangeEvents& events) = 0;
  virtual bool can_open() const = 0;
  // Lets running exchanges end, then closes.
  virtual void drain() = 0;
  virtual const ConnectionInfo& info() const = 0;
  virtual ConnectionStats stats() const = 0;
};

}  // namespace godwit::http
