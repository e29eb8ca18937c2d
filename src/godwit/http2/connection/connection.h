#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/base/output_queue.h"
#include "godwit/base/time.h"
#include "godwit/http/field.h"
#include "godwit/http2/connection/events.h"
#include "godwit/http2/connection/options.h"
#include "godwit/http2/connection/reset_memory.h"
#include "godwit/http2/flow_control/receive_window.h"
#include "godwit/http2/flow_control/send_window.h"
#include "godwit/http2/flow_control/window_tuner.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/frame/frame_reader.h"
#include "godwit/http2/frame/settings.h"
#include "godwit/http2/hpack/decoder.h"
#include "godwit/http2/hpack/encoder.h"
#include "godwit/http2/limits/token_bucket.h"
#include "godwit/http2/stream/send_scheduler.h"
#include "godwit/http2/stream/stream.h"
#include "godwit/http2/stream/stream_table.h"

namespace godwit::http2 {

enum class Role : std::uint8_t { kClient, kServer };

// See the drawing above Connection.
enum class ConnectionState : std::uint8_t { kPreface, kOpen, kDraining, kClosed };

// Counters since the connection began.
struct ConnectionCounters {
  std::uint64_t streams_started = 0;    // by either side
  std::uint64_t streams_succeeded = 0;  // both sides sent END_STREAM
  std::uint64_t streams_failed = 0;     // ended otherwise
  std::uint64_t data_bytes_sent = 0;    // payload of DATA frames, without padding
  std::uint64_t data_bytes_received = 0;
  std::uint64_t pings_sent = 0;  // by ping()
  TimePoint last_stream_started = TimePoint::min();
};

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
//   kClosed    no streams; commands are ignored; input is ignored. Requests of which the byte stream took nothing have left
//              output() again, and their streams are reset as kUnprocessed
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
  // Moves waiting DATA into output() as far as windows and Options::output_high allow, and delivers what commands
  // caused.
  void flush(TimePoint now);

  // --- The side of the byte stream ---

  // What is to be written. Take the reference anew each time before looking into it: the call marks what is in there as
  // seen, while bytes that nobody saw yet may still grow (DATA of one stream is put into one frame).
  OutputQueue& output() {
    open_frame_.stream_id = 0;
    return output_;
  }
  // True when output() holds bytes.
  bool wants_write() const { return !output_.empty(); }
  // True when flush() has something to do now.
  bool wants_flush() const {
    return closed_first_ != nullptr || notices_ != 0 ||
           (!scheduler_.empty() && send_window_.is_open() && output_.size() < options_.output_high);
  }
  // False while so many answers wait in output() that the peer should not be read (it does not read us).
  bool wants_read() const { return output_.size() < limits::kOutputStopReading; }
  // kNever when nothing is due. May change with every call.
  TimePoint next_timeout() const;
  bool is_closed() const { return state_ == ConnectionState::kClosed; }
  // After on_connection_error(), receive_end() or close(): why.
  const ConnectionError& error() const { return error_; }

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
  std::size_t queued(const Stream& stream) const { return stream.queue_.size(); }

  // --- Commands on the connection ---

  // `opaque` must not have its top 16 bits all set (those values are the engine's own).
  void ping(std::uint64_t opaque);
  // Graceful end, see above. More calls do nothing.
  void shutdown();
  // GOAWAY with this code and text, then kClosed: all streams get on_reset(kConnectionEnded or kUnprocessed) at the next
  // flush().
  void close(ErrorCode code, std::string_view debug_text);

  // --- What is known ---

  Role role() const { return role_; }
  ConnectionState state() const { return state_; }
  bool is_draining() const { return state_ == ConnectionState::kDraining; }
  std::uint32_t open_streams() const { return static_cast<std::uint32_t>(streams_.size()); }
  // The peer's, or the defaults of the RFC while it has not said anything.
  const Settings& peer_settings() const { return peer_settings_; }
  const ConnectionCounters& counters() const { return counters_; }
  // The connection's windows, bytes: what we may send, what the peer may send.
  std::int64_t send_window() const { return send_window_.available(); }
  std::int64_t receive_window() const { return receive_window_.available(); }
  // The initial window of new streams, as tuned.
  std::uint32_t stream_window() const { return tuner_.size(); }

 private:
  class InputScope;

  // A header block that is being collected from HEADERS and CONTINUATION.
  struct OpenBlock {
    StreamId stream_id = 0;  // 0: none
    bool end_stream = false;
    bool depends_on_itself = false;
    std::uint32_t continuations = 0;
    std::vector<std::uint8_t> bytes;
  };
  // A DATA frame whose payload is coming in.
  struct OpenData {
    bool active = false;
    bool end_stream = false;
    bool pad_length_due = false;
    StreamId stream_id = 0;
    std::uint32_t data_left = 0;
    std::uint32_t padding_left = 0;
  };
  // A DATA frame at the tail of output_ that nobody has looked at and that may still grow.
  struct OpenFrame {
    StreamId stream_id = 0;  // 0: none
    std::uint32_t length = 0;
    std::uint8_t* header = nullptr;
    std::size_t output_size =
        0;  // when the frame was written: another size means that it is not the last thing any more
  };
  // Events of the connection that are owed.
  enum Notice : std::uint8_t { kErrorNotice = 1, kMayOpenNotice = 2, kDrainedNotice = 4 };

  // connection.cc: life of the connection and its streams
  void write_preface();
  void deliver();
  void fail(ConnectionErrorKind kind, ErrorCode code, std::string_view text, Initiator initiator = Initiator::kEngine);
  enum class LastWord : bool { kNone, kGoaway };
  void end(ConnectionErrorKind kind, Initiator initiator, ErrorCode code, std::string_view text, LastWord last_word);
  bool is_unwritten(const Stream& stream) const;
  void note_if_drained();
  void note_if_may_open();
  void finish_shutdown();
  void close_stream(Stream& stream);
  void fail_stream(Stream& stream, ErrorCode code, const char* text);
  void mark_reset(Stream& stream, ErrorCode code, ResetCause cause, const char* text);
  bool is_idle(StreamId id) const;
  std::uint32_t granted_stream_window() const;
  bool spend(std::int32_t points);
  bool spend_reset();

  // connection_preface.cc: the first bytes
  bool receive_preface(const std::uint8_t*& p, const std::uint8_t* end);
  void refuse_foreign();

  // connection_frames.cc: frames that are neither DATA nor header blocks
  void receive_frame(const FrameHeader& header, Bytes payload);
  void receive_priority(const FrameHeader& header, Bytes payload);
  void receive_rst_stream(const FrameHeader& header, Bytes payload);
  void receive_settings(const FrameHeader& header, Bytes payload);
  void receive_settings_ack();
  void apply_peer_settings(const Settings& settings);
  void receive_ping(const FrameHeader& header, Bytes payload);
  void receive_goaway(const FrameHeader& header, Bytes payload);
  void receive_window_update(const FrameHeader& header, Bytes payload);

  // connection_headers.cc: header blocks
  void receive_headers(const FrameHeader& header, Bytes payload);
  void receive_continuation(const FrameHeader& header, Bytes payload);
  void receive_block(StreamId id, Bytes block, bool end_stream, bool depends_on_itself);
  void receive_request(StreamId id, bool end_stream, const char* fault, bool too_large);
  void receive_more_headers(Stream& stream, bool end_stream, const char* fault, bool too_large);
  void receive_late_headers(StreamId id);
  void reject_stream(StreamId id, ErrorCode code);
  void answer_too_large(StreamId id, bool end_stream);

  // connection_data.cc: DATA and receive windows
  void receive_data_header(const FrameHeader& header);
  void receive_data_payload(const std::uint8_t*& p, const std::uint8_t* end, const BlockRef& owner);
  void remote_end(Stream& stream);
  void announce_connection_window();
  void announce_stream_window(Stream& stream);
  void probe_if_useful();
  void tune_windows();

  // connection_send.cc: headers and DATA that go out
  void write_headers(StreamId id, const HeaderFields& fields, bool end_stream);
  bool can_write_now(const Stream& stream, std::size_t bytes) const;
  void write_data_now(Stream& stream, Bytes data, bool end_stream);
  void queue_changed(Stream& stream, bool end_stream);
  void write_waiting(Stream& stream);
  void pump();
  void local_end(Stream& stream);

  static constexpr auto kProtocol = ConnectionErrorKind::kProtocol;

  ConnectionEvents& events_;
  const Role role_;
  ConnectionState state_ = ConnectionState::kPreface;
  bool inside_input_ = false;
  bool preface_done_ = false;           // the first bytes were those of HTTP/2
  bool settings_received_ = false;      // the first SETTINGS of the peer
  bool settings_acknowledged_ = false;  // our first SETTINGS
  bool at_open_limit_ = false;          // client: on_may_open() is owed as soon as there is room
  bool shutdown_begun_ = false;
  bool shutdown_final_ = false;  // the GOAWAY with the true last id was sent
  bool goaway_received_ = false;
  bool drained_told_ = false;
  std::uint8_t notices_ = 0;
  std::uint8_t settings_unacknowledged_ = 0;

  TimePoint now_;  // of the last input
  const Options options_;
  Settings peer_settings_;

  // Receiving.
  FrameReader reader_;
  OpenData data_;
  OpenBlock block_;
  http::FieldViews fields_;
  hpack::Decoder decoder_;
  ReceiveWindow receive_window_;
  std::uint64_t unconsumed_ = 0;  // of all streams
  WindowTuner tuner_;

  // Sending.
  OutputQueue output_;
  OpenFrame open_frame_;
  hpack::Encoder encoder_;
  SendWindow send_window_;
  SendScheduler scheduler_;

  // Streams.
  StreamTable streams_;
  Stream* closed_first_ = nullptr;  // closed, on_stream_closed() is owed; oldest first
  Stream* closed_last_ = nullptr;
  StreamId next_id_ = 1;        // client: of the next stream
  StreamId last_peer_id_ = 0;   // server: the highest id that the peer opened
  StreamId skipped_first_ = 0;  // server: the last range of ids that the peer left out
  StreamId skipped_last_ = 0;
  StreamId goaway_last_id_ = kStreamIdMax;  // server: streams of the peer above it are ignored
  StreamId peer_last_id_ = kStreamIdMax;    // client: of the peer's last GOAWAY
  ResetMemory resets_;

  TokenBucket overhead_budget_;
  TokenBucket reset_budget_;
  TimePoint preface_deadline_;
  TimePoint settings_deadline_ = kNever;
  TimePoint shutdown_deadline_ = kNever;

  std::string foreign_;  // the first bytes of a peer that does not speak HTTP/2
  ConnectionError error_;
  ConnectionCounters counters_;
};

}  // namespace godwit::http2
