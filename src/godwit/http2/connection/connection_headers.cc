// Header blocks that come in: collected, decoded, checked, and handed on (RFC 9113 sections 4.3, 6.2, 6.10 and 8).

#include <algorithm>
#include <span>
#include <string>

#include "godwit/http2/connection/connection.h"
#include "godwit/http2/connection/message_rules.h"
#include "godwit/http2/frame/frame_writer.h"
#include "godwit/http2/limits/limits.h"
#include "godwit/http2/stream/stream_pool.h"

namespace godwit::http2 {
namespace {

// A block buffer, or a list of fields, that is larger than this is given back after use.
constexpr std::size_t kKeptBlockBytes = 1024;
constexpr std::size_t kKeptFields = 64;

constexpr const char* kShortBody = "the body is shorter than content-length (RFC 9113 section 8.1.1)";

}  // namespace

void Connection::receive_headers(const FrameHeader& header, Bytes payload) {
  const StreamId id = header.stream_id;
  if ((id & 1) == 0) {
    return fail(kProtocol, ErrorCode::kProtocolError,
                "HEADERS on stream " + std::to_string(id) + ", which no client may open (RFC 9113 section 5.1.1)");
  }
  bool depends_on_itself = false;
  if (header.flags & (frame_flags::kPadded | frame_flags::kPriority)) {
    std::size_t padding = 0;
    if (header.has(frame_flags::kPadded)) {
      if (payload.empty())
        return fail(kProtocol, ErrorCode::kFrameSizeError,
                    "HEADERS is too short for its padding (RFC 9113 section 6.2)");
      padding = payload[0];
      payload = payload.subspan(1);
    }
    if (header.has(frame_flags::kPriority)) {
      if (payload.size() < 5)
        return fail(kProtocol, ErrorCode::kFrameSizeError,
                    "HEADERS is too short for its priority (RFC 9113 section 6.2)");
      depends_on_itself = (load_be32(payload.data()) & kStreamIdMax) == id;
      payload = payload.subspan(5);
    }
    if (padding > payload.size())
      return fail(kProtocol, ErrorCode::kProtocolError,
                  "the padding of HEADERS is longer than the frame (RFC 9113 section 6.2)");
    payload = payload.first(payload.size() - padding);
  }
  if (header.has(frame_flags::kEndHeaders)) {
    return receive_block(id, payload, header.has(frame_flags::kEndStream), depends_on_itself);
  }
  block_.stream_id = id;
  block_.end_stream = header.has(frame_flags::kEndStream);
  block_.depends_on_itself = depends_on_itself;
  block_.continuations = 0;
  block_.bytes.assign(payload.begin(), payload.end());
}

void Connection::receive_continuation(const FrameHeader& header, Bytes payload) {
  if (block_.stream_id == 0 || header.stream_id != block_.stream_id) {
    return fail(kProtocol, ErrorCode::kProtocolError, "CONTINUATION that continues nothing (RFC 9113 section 6.10)");
  }
  const std::size_t most_bytes = options_.max_header_list_size + limits::kHeaderBlockSlack;
  const std::uint32_t most_frames =
      limits::kContinuationFrames + static_cast<std::uint32_t>(most_bytes / kDefaultMaxFrameSize);
  if (++block_.continuations > most_frames || block_.bytes.size() + payload.size() > most_bytes) {
    return fail(ConnectionErrorKind::kAbuse, ErrorCode::kEnhanceYourCalm,
                "a header block has too many CONTINUATION frames or is too long (RFC 9113 section 10.5.1)");
  }
  block_.bytes.insert(block_.bytes.end(), payload.begin(), payload.end());
  if (!header.has(frame_flags::kEndHeaders)) return;
  const StreamId id = block_.stream_id;
  block_.stream_id = 0;
  receive_block(id, block_.bytes, block_.end_stream, block_.depends_on_itself);
  if (block_.bytes.capacity() > kKeptBlockBytes) std::vector<std::uint8_t>().swap(block_.bytes);
}

// A whole block. It is decoded whatever becomes of the stream: the table must stay in step (section 4.3).
void Connection::receive_block(StreamId id, Bytes block, bool end_stream, bool depends_on_itself) {
  const auto decoded = decoder_.decode(block, fields_);
  bool too_large = false;
  if (!decoded.ok()) {
    too_large = decoded.error().kind == hpack::DecodeErrorKind::kListTooLarge;
    if (!too_large) {
      return fail(kProtocol, ErrorCode::kCompressionError,
                  "the header block of stream " + std::to_string(id) + " cannot be decoded at byte " +
                      std::to_string(decoded.error().offset) + ": " + hpack::text_of(decoded.error().kind));
    }
  }
  const char* fault = nullptr;
  if (decoder_.malformed()) {
    fault = "a field name or value has a character that is not allowed (RFC 9113 section 8.2.1)";
  } else if (depends_on_itself) {
    fault = "a stream depends on itself (RFC 7540 section 5.3.1)";
  }
  if (Stream* stream = streams_.find(id)) {
    receive_more_headers(*stream, end_stream, fault, too_large);
  } else if (!is_idle(id)) {
    receive_late_headers(id);
  } else if (role_ == Role::kServer) {
    receive_request(id, end_stream, fault, too_large);
  } else {
    fail(kProtocol, ErrorCode::kProtocolError, "HEADERS on an idle stream (RFC 9113 section 5.1)");
  }
  if (fields_.capacity() > kKeptFields) http::FieldViews().swap(fields_);
}

// Server: a new stream.
void Connection::receive_request(StreamId id, bool end_stream, const char* fault, bool too_large) {
  if (id > last_peer_id_ + 2) {
    skipped_first_ = last_peer_id_ + 1;
    skipped_last_ = id - 2;
  }
  last_peer_id_ = id;
  if (id > goaway_last_id_) return;  // section 6.8: the peer knows that it will not be looked at
  if (streams_.size() >= options_.max_concurrent_streams) {
    if (spend(limits::kRefusedStreamCost)) reject_stream(id, ErrorCode::kRefusedStream);
    return;
  }
  if (too_large) return answer_too_large(id, end_stream);
  MessageFacts facts;
  if (!fault) fault = check_request(fields_, facts);
  if (!fault && end_stream && facts.content_length > 0) fault = kShortBody;
  if (fault) return reject_stream(id, ErrorCode::kProtocolError);
  overhead_budget_.credit(limits::kOverheadCredit);
  Stream* stream = StreamPool::make(id, peer_settings_.initial_window_size, granted_stream_window());
  stream->state_ = end_stream ? StreamState::kHalfClosedRemote : StreamState::kOpen;
  stream->final_headers_received_ = true;
  stream->content_left_ = facts.content_length;
  streams_.insert(stream);
  ++counters_.streams_started;
  counters_.last_stream_started = now_;
  events_.on_headers(*stream, HeadersKind::kRequest, fields_, end_stream);
}

// A response, or trailers.
void Connection::receive_more_headers(Stream& stream, bool end_stream, const char* fault, bool too_large) {
  if (!is_legal(stream.state_, StreamEvent::kReceiveEnd)) {
    return fail_stream(stream, ErrorCode::kStreamClosed, "HEADERS after END_STREAM (RFC 9113 section 5.1)");
  }
  if (too_large) {
    return fail_stream(
        stream, ErrorCode::kEnhanceYourCalm,
        "the header list is larger than our SETTINGS_MAX_HEADER_LIST_SIZE (option max_header_list_size)");
  }
  HeadersKind kind = HeadersKind::kTrailers;
  if (stream.final_headers_received_) {
    if (!fault) fault = check_trailers(fields_);
    if (!fault && !end_stream) fault = "trailers without END_STREAM (RFC 9113 section 8.1)";
  } else {
    MessageFacts facts;
    if (!fault) fault = check_response(fields_, facts);
    if (facts.status < 200) {
      kind = HeadersKind::kInformational;
      if (!spend(limits::kCheapFrameCost)) return;
      if (!fault && end_stream) fault = "a 1xx response with END_STREAM (RFC 9113 section 8.1)";
    } else {
      kind = HeadersKind::kResponse;
      stream.final_headers_received_ = true;
      stream.content_left_ = facts.content_length;
      if (stream.head_request_ || facts.status == 204 || facts.status == 304) stream.content_left_ = 0;
    }
  }
  if (!fault && end_stream && stream.content_left_ > 0) fault = kShortBody;
  if (fault) return fail_stream(stream, ErrorCode::kProtocolError, fault);
  if (end_stream) remote_end(stream);
  events_.on_headers(stream, kind, fields_, end_stream);
}

// For a stream that is closed (section 5.1, "closed").
void Connection::receive_late_headers(StreamId id) {
  if (!spend(limits::kCheapFrameCost) || id > goaway_last_id_ || resets_.contains(id)) return;
  if (resets_.has_forgotten()) return reject_stream(id, ErrorCode::kStreamClosed);
  if (id >= skipped_first_ && id <= skipped_last_) {
    return fail(kProtocol, ErrorCode::kProtocolError,
                "HEADERS with a lower id than an earlier stream (RFC 9113 section 5.1.1)");
  }
  fail(kProtocol, ErrorCode::kStreamClosed, "HEADERS on a closed stream (RFC 9113 section 5.1)");
}

// RST_STREAM for a stream that the user never sees, or does not see any more.
void Connection::reject_stream(StreamId id, ErrorCode code) {
  write_rst_stream(output_, id, code);
  resets_.add(id);
  ++counters_.streams_failed;
  spend_reset();
}

// RFC 9113 section 10.5.1, RFC 6585 section 5. gRPC clients, where what could be read says that it is one, are told
// RESOURCE_EXHAUSTED beside it.
void Connection::answer_too_large(StreamId id, bool end_stream) {
  static const http::PreparedFields fields(
      {http::Field(http::FieldToken::kStatus, "431"), http::Field(http::FieldToken::kContentLength, "0")});
  const bool grpc = std::any_of(fields_.begin(), fields_.end(), [](const http::FieldView& field) {
    return field.token == http::FieldToken::kContentType && http::is_grpc_content_type(field.value);
  });
  const std::string message = "received metadata size exceeds hard limit: this server takes " +
                              std::to_string(options_.max_header_list_size) + " bytes";
  const http::Field rest[] = {{http::FieldToken::kContentType, "application/grpc"},
                              {http::FieldToken::kGrpcStatus, "8"},
                              {http::FieldToken::kGrpcMessage, message}};
  write_headers(id, {fields, std::span(rest, grpc ? 3 : 0)}, true);
  ++counters_.streams_failed;
  if (!end_stream) {
    write_rst_stream(output_, id, ErrorCode::kNoError);
    resets_.add(id);
  }
  spend_reset();
}

}  // namespace godwit::http2
