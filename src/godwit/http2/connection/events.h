#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/base/time.h"
#include "godwit/http/field.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/stream/stream.h"

namespace godwit::http2 {

enum class HeadersKind : std::uint8_t {
  kRequest,        // server: the first event of a stream
  kInformational,  // client: 1xx, any number before the response; never with end_stream
  kResponse,       // client: the final response; :status is the first field
  kTrailers,       // always with end_stream, no pseudo-fields
};

// A part of a stream's body where it lies in the receive block. Keeping it costs one reference: take slice().
struct DataView {
  Bytes bytes;
  const BlockRef& owner;  // may be empty when the bytes live for ever

  Slice slice() const { return Slice(bytes, owner); }
};

// Why a stream ended before both sides had sent END_STREAM.
enum class ResetCause : std::uint8_t {
  kPeer,             // RST_STREAM came in
  kEngine,           // the peer broke a rule of this stream; the engine sent RST_STREAM (RFC 9113 section 5.4.2)
  kUnprocessed,      // client: it may be sent again. The peer's GOAWAY says that it never looked at the stream, or the
                     // connection ended before the first byte of the request was taken out of output()
  kConnectionEnded,  // connection error, close(), end of input: how far the peer came is not known
};
struct StreamReset {
  ErrorCode code;
  ResetCause cause;
  // Why, naming the rule; for kPeer "". Valid during the event.
  std::string_view text;
};

// Who made a connection fail.
enum class Initiator : std::uint8_t {
  kUser,    // close()
  kEngine,  // the engine found that the peer broke a rule
  kPeer,    // the peer said so (GOAWAY with an error and then the end of input), or just went away
};
enum class ConnectionErrorKind : std::uint8_t {
  kProtocol,         // a rule of RFC 9113 or RFC 7541 was broken
  kAbuse,            // one of the limits in limits/limits.h (ENHANCE_YOUR_CALM)
  kTimeout,          // the peer did not send its preface, or did not acknowledge SETTINGS, in time
  kPeerSpeaksHttp1,  // server: the first bytes are an HTTP/1 request; client: an HTTP/1 response. Nothing but possibly
                     // our own preface was written: the transport may answer in HTTP/1
  kPeerSpeaksTls,    // the first bytes are a TLS record
  kInputEnded,       // receive_end() while streams were open or before the preface was complete
};
struct ConnectionError {
  ConnectionErrorKind kind = ConnectionErrorKind::kProtocol;
  Initiator initiator = Initiator::kEngine;
  ErrorCode code = ErrorCode::kNoError;
  std::string text;  // for a log line: what happened and which rule says that it must not
};

// What happened, told by Connection from inside receive(), receive_end(), on_timeout() and flush(), never from inside a
// command. Every command may be called from inside every event; the inputs just named and the destructor may not,
// except flush(), which then does nothing because the work is done when the event returns.
//
// The events of one stream: [on_headers]... on_data... [on_headers(trailers)] in the order of the wire, then at most
// one on_reset, then exactly one on_stream_closed. After a command reset() only on_stream_closed comes.
class ConnectionEvents {
 public:
  // Fields are in wire order and were checked against RFC 9113 section 8: names lower-case, values without NUL, CR, LF,
  // pseudo-fields complete, first and allowed here. Their views are valid during the event only.
  virtual void on_headers(Stream& stream, HeadersKind kind, const http::FieldViews& fields, bool end_stream) = 0;
  // Never empty unless end_stream. What was taken must be given back with consume(), now or later.
  virtual void on_data(Stream& stream, const DataView& data, bool end_stream) = 0;
  virtual void on_reset(Stream& stream, const StreamReset& reset) = 0;
  // The last event of a stream; its user slot is still there. Comes after both sides ended too.
  virtual void on_stream_closed(Stream& stream) = 0;

  // queued() fell to Options::stream_queue_low or less, after it had been above Options::stream_queue_high.
  virtual void on_writable(Stream&) {}
  // The peer's GOAWAY. Streams above `last_id` that we opened get on_reset(kUnprocessed) right after. may_open() is
  // false from now on. Comes twice when the peer goes away gracefully.
  virtual void on_goaway(std::uint32_t /*last_id*/, ErrorCode, std::string_view /*debug_text*/) {}
  // The peer's SETTINGS were applied: may_open(), peer_settings() may have changed.
  virtual void on_settings() {}
  virtual void on_ping_ack(std::uint64_t /*opaque*/) {}
  // The number of streams that may be opened grew from zero (client).
  virtual void on_may_open() {}
  // shutdown() was called or GOAWAY came in, and no stream is left: write what output() holds, then close. At most
  // once.
  virtual void on_drained() {}
  // The connection is dead: is_closed() is true. on_reset and on_stream_closed of all streams follow, then nothing
  // more. output() holds a GOAWAY to write before closing (empty when there is nobody to read it). Not called for
  // close().
  virtual void on_connection_error(const ConnectionError&) {}

 protected:
  ~ConnectionEvents() = default;
};

}  // namespace godwit::http2
