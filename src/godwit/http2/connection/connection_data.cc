// DATA that comes in, and the windows that we grant (RFC 9113 sections 5.2, 6.1 and 6.9).

#include <algorithm>

#include "godwit/base/assert.h"
#include "godwit/http2/connection/connection.h"
#include "godwit/http2/connection/opaque.h"
#include "godwit/http2/frame/frame_writer.h"
#include "godwit/http2/limits/limits.h"

namespace godwit::http2 {
// Everything that can be said before the payload is there. The stream may be gone after it; the payload is taken all
// the same.
void Connection::receive_data_header(const FrameHeader& header) {
  if (block_.stream_id != 0)
    return fail(kProtocol, ErrorCode::kProtocolError, "DATA inside a header block (RFC 9113 section 4.3)");
  if (!settings_received_)
    return fail(kProtocol, ErrorCode::kProtocolError,
                "the first frame is not SETTINGS but DATA (RFC 9113 section 3.4)");
  const StreamId id = header.stream_id;
  if (is_idle(id))
    return fail(kProtocol, ErrorCode::kProtocolError,
                "DATA on an idle stream, or on stream 0 (RFC 9113 sections 5.1 and 6.1)");
  const bool padded = header.has(frame_flags::kPadded);
  if (padded && header.length == 0)
    return fail(kProtocol, ErrorCode::kFrameSizeError, "DATA is too short for its padding (RFC 9113 section 6.1)");
  if (!receive_window_.take(header.length)) {
    return fail(kProtocol, ErrorCode::kFlowControlError, "DATA beyond the connection's window (RFC 9113 section 6.9)");
  }
  data_.active = true;
  data_.end_stream = header.has(frame_flags::kEndStream);
  data_.pad_length_due = padded;
  data_.stream_id = id;
  data_.data_left = header.length - (padded ? 1 : 0);
  data_.padding_left = 0;
  receive_window_.give_back(header.length);
  tuner_.received(header.length);
  announce_connection_window();

  if (header.length > 0) {
    overhead_budget_.credit(limits::kOverheadCredit);
  } else if (!data_.end_stream && !spend(limits::kCheapFrameCost)) {
    return;
  }
  Stream* stream = streams_.find(id);
  if (!stream) {
    if (!spend(limits::kCheapFrameCost) || id > goaway_last_id_ || resets_.contains(id)) return;
    return reject_stream(id, ErrorCode::kStreamClosed);
  }
  if (!is_legal(stream->state_, StreamEvent::kReceiveEnd)) {
    return fail_stream(*stream, ErrorCode::kStreamClosed, "DATA after END_STREAM (RFC 9113 section 5.1)");
  }
  if (!stream->final_headers_received_) {
    return fail_stream(*stream, ErrorCode::kProtocolError, "DATA before the response's HEADERS (RFC 9113 section 8.1)");
  }
  if (!stream->receive_window_.take(header.length)) {
    return fail_stream(*stream, ErrorCode::kFlowControlError, "DATA beyond the stream's window (RFC 9113 section 6.9)");
  }
}

void Connection::receive_data_payload(const std::uint8_t*& p, const std::uint8_t* end, const BlockRef& owner) {
  Stream* stream = streams_.find(data_.stream_id);
  if (data_.pad_length_due) {
    if (p == end) return;
    const std::uint32_t padding = *p++;
    if (padding > data_.data_left) {
      return fail(kProtocol, ErrorCode::kProtocolError,
                  "the padding of DATA is longer than the frame (RFC 9113 section 6.1)");
    }
    data_.pad_length_due = false;
    data_.data_left -= padding;
    data_.padding_left = padding;
    if (data_.data_left == 0 && !data_.end_stream && !spend(limits::kCheapFrameCost + limits::kOverheadCredit)) return;
    if (stream) stream->receive_window_.give_back(padding + 1);  // nobody will consume it
  }
  const auto size =
      static_cast<std::uint32_t>(std::min<std::size_t>(data_.data_left, static_cast<std::size_t>(end - p)));
  const Bytes bytes(p, size);
  p += size;
  data_.data_left -= size;
  if (data_.data_left == 0 && data_.padding_left > 0) {
    const auto padding =
        static_cast<std::uint32_t>(std::min<std::size_t>(data_.padding_left, static_cast<std::size_t>(end - p)));
    p += padding;
    data_.padding_left -= padding;
  }
  const bool complete = data_.data_left == 0 && data_.padding_left == 0;
  if (complete) data_.active = false;
  if (!stream) return;

  const bool end_stream = complete && data_.end_stream;
  counters_.data_bytes_received += size;
  if (stream->content_left_ >= 0) {
    stream->content_left_ -= size;
    if (stream->content_left_ < 0) {
      return fail_stream(*stream, ErrorCode::kProtocolError,
                         "the body is longer than content-length, or there must be none (RFC 9113 section 8.1.1)");
    }
    if (end_stream && stream->content_left_ > 0) {
      return fail_stream(*stream, ErrorCode::kProtocolError,
                         "the body is shorter than content-length (RFC 9113 section 8.1.1)");
    }
  }
  stream->unconsumed_ += size;
  unconsumed_ += size;
  if (end_stream) {
    remote_end(*stream);
  } else {
    announce_stream_window(*stream);
  }
  if (size > 0 || end_stream) events_.on_data(*stream, DataView{bytes, owner}, end_stream);
}

// The peer's END_STREAM. The stream may be closed after it, but stays until deliver().
void Connection::remote_end(Stream& stream) {
  stream.state_ = next_state(stream.state_, StreamEvent::kReceiveEnd);
  if (stream.state_ != StreamState::kClosed) return;
  stream.ended_well_ = true;
  close_stream(stream);
}

void Connection::consume(Stream& stream, std::size_t bytes) {
  if (stream.state_ == StreamState::kClosed) return;
  GODWIT_ASSERT(bytes <= stream.unconsumed_ && "more was consumed than on_data() handed out");
  const auto count = static_cast<std::uint32_t>(bytes);
  const bool was_held = unconsumed_ > options_.max_unconsumed;
  stream.unconsumed_ -= count;
  unconsumed_ -= count;
  if (was_held) announce_connection_window();
  stream.receive_window_.give_back(count);
  announce_stream_window(stream);
}

// What came is given back to the connection at once, whoever reads it: otherwise one stream that is not read would stop
// all others. What they hold together is bounded by max_unconsumed.
void Connection::announce_connection_window() {
  if (!receive_window_.is_due() || unconsumed_ > options_.max_unconsumed) return;
  write_window_update(output_, 0, receive_window_.announce());
  probe_if_useful();
}

// None when the peer has ended: it sends nothing more.
void Connection::announce_stream_window(Stream& stream) {
  if (!stream.receive_window_.is_due() || !is_legal(stream.state_, StreamEvent::kReceiveEnd)) return;
  write_window_update(output_, stream.id_, stream.receive_window_.announce());
  probe_if_useful();
}

void Connection::probe_if_useful() {
  if (settings_unacknowledged_ != 0 || !tuner_.wants_probe(now_)) return;
  tuner_.probe_sent();
  write_ping(output_, opaque::kWindowProbe, false);
}

// The probe came back. All streams, present and future, get the new size by SETTINGS.
void Connection::tune_windows() {
  const std::uint32_t old_size = tuner_.size();
  const std::uint32_t size = tuner_.probe_acknowledged(now_);
  if (size == old_size) return;
  streams_.for_each([&](Stream& stream) { stream.receive_window_.raise(size); });
  const Setting setting{SettingId::kInitialWindowSize, size};
  write_settings(output_, {&setting, 1});
  ++settings_unacknowledged_;
  settings_deadline_ = add_saturating(now_, options_.settings_ack_timeout);
  const std::uint32_t connection_size = size * 2;
  if (connection_size > receive_window_.size()) {
    write_window_update(output_, 0, connection_size - receive_window_.size());
    receive_window_.raise(connection_size);
  }
}

}  // namespace godwit::http2
