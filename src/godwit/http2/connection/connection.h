#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/base/output_queue.h"
#include "godwit/base/time.h"
#include "godwit/http/field.h"
#include "godwit/http2/connection/events.h"
#include "godwit/http2/connection/options.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/stream/stream.h"

namespace godwit::http2 {

enum class Role : std::uint8_t { kClient, kServer };

// Fields to send: a constant part that is encoded once, others after it, or only others.
class HeaderFields {
 public:
  HeaderFields(std::span<const http::Field> fields) : rest_(fields) {}  // NOLINT: implicit on purpose
  HeaderFields(const http::PreparedFields& first, std::span<const http::Field> rest = {})  // NOLINT
      : prepared_(&first), rest_(rest) {}
  const http::PreparedFields* prepared() const { return prepared_; }
  std::span<const http::Field> rest() const { return rest_; }

 private:
  const http::PreparedFields* prepared_ = nullptr;
  std::span<const http::Field> rest_;
};

// One end of an HTTP/2 connection (RFC 9113), without a socket and without a clock: bytes in, events and bytes out.
//
//   loop:  bytes came            connection.receive(slice, now)
//          commands...           connection.send_headers(...), send_data(...), consume(...)
//          once a turn           if (connection.wants_flush()) connection.flush(now)
//                                write connection.output(), output().consume(written); again while wants_flush()
//          timer                 at connection.next_timeout(): connection.on_timeout(now)
//          do not read           while !connection.wants_read()
//          after is_closed()     write what output() holds, then close the byte stream
//
// Inputs (receive, receive_end, on_timeout, flush) call events; commands never do: what a command causes (a stream that
// closes, say) is told in the same input if one is running, else at the next flush().
//
// States of the connection:
//
//   kPreface ──peer's preface and first SETTINGS──► kOpen ──shutdown(), GOAWAY in either direction──► kDraining
//      └──────────────┬───────────────────────────────┴──────────────────────┬─────────────────────────┘
//                     └── connection error, close(), receive_end() ──────────┴──► kClosed
//
//   kPreface   our own preface and SETTINGS are in output(); a client may open streams already (up to 100, until the
//              peer's limit is known)
//   kDraining  no new streams; those that are open go on. on_drained() when none is left
//   kClosed    no streams; commands are ignored; input is ignored
//
// Graceful shutdown of a server has two phases (section 6.8): GOAWAY with the largest id and a PING; when the PING is
// acknowledged (or after kGoawayGrace), GOAWAY with the last id that was taken; streams above it are refused.
//
// Not thread-safe. Must stay where it is (not movable).
class Connection {
 public:
  // Writes the preface into output(). `events` lives longer than the connection.
  Connection(Role role, const Options& options, ConnectionEvents& events, TimePoint now);
  // Streams that are still open vanish without an event.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // --- Inputs: these call events ---

  // The next bytes of the peer, in pieces of any size. DATA is handed on as parts of `bytes`.
  void receive(const Slice& bytes, TimePoint now);
  // The peer sends nothing more, or the byte stream failed (then `text` says how). The connection is closed after it.
  void receive_end(std::string_view text, TimePoint now);
  // To be called when next_timeout() has come; calling early does no harm.
  void on_timeout(TimePoint now);
  // Moves waiting DATA into output() as far as windows and Options::output_high allow, and delivers what commands caused.
  void flush(TimePoint now);

  // --- The side of the byte stream ---

  OutputQueue& output() { return output_; }
  // True when output() holds bytes.
  bool wants_write() const { return !output_.empty(); }
  // True when flush() has something to do now.
  bool wants_flush() const;
  // False while so many answers wait in output() that the peer should not be read (it does not read us).
  bool wants_read() const;
  // kNever when nothing is due. May change with every call.
  TimePoint next_timeout() const;
  bool is_closed() const;
  // After on_connection_error() or receive_end(): why.
  const ConnectionError& error() const;

  // --- Commands on streams. On a stream that is closed already they do nothing (until on_stream_closed() returned) ---

  // How many streams a client may open now; 0 when the peer's limit is reached or the connection drains. Queueing is
  // the caller's.
  std::uint32_t may_open() const;
  // Sends a request. Returns nullptr when may_open() is 0. `user` goes into the stream's slot.
  Stream* open(const HeaderFields& fields, bool end_stream, void* user);
  // Response, 1xx or trailers of a server (a :status first, but for trailers); trailers of a client. Trailers must have
  // end_stream; they wait, copied, behind DATA that waits. After a server's end_stream, a request that is still being
  // sent is stopped with RST_STREAM(NO_ERROR) (section 8.1).
  void send_headers(Stream& stream, const HeaderFields& fields, bool end_stream);
  // Copies. Nothing is refused: see queued().
  void send_data(Stream& stream, Bytes data, bool end_stream);
  // Links large slices, copies small ones.
  void send_data(Stream& stream, const Slice& data, bool end_stream);
  // Drops what waits and sends RST_STREAM.
  void reset(Stream& stream, ErrorCode code);
  // Gives `bytes` of received DATA back to the peer's window; at most what on_data() handed out. What a stream has not
  // given back when it closes is given back then.
  void consume(Stream& stream, std::size_t bytes);
  // Bytes of DATA that wait for the peer's window or for room in output(). Above Options::stream_queue_high a sender
  // should wait for on_writable().
  std::size_t queued(const Stream& stream) const;

  // --- Commands on the connection ---

  // `opaque` must not have its top 16 bits all set (those values are the engine's own).
  void ping(std::uint64_t opaque);
  // Graceful end, see above. More calls do nothing.
  void shutdown();
  // GOAWAY with this code and text, then kClosed: all streams get on_reset(kConnectionEnded) at the next flush().
  void close(ErrorCode code, std::string_view debug_text);

  // --- What is known ---

  Role role() const { return role_; }
  std::uint32_t open_streams() const;
  bool is_draining() const;

 private:
  Role role_;
  OutputQueue output_;
};

}  // namespace godwit::http2
