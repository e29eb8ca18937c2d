// Frames that are neither DATA nor part of a header block (RFC 9113 sections 6.3 to 6.9).

#include <algorithm>
#include <string>
#include <vector>

#include "godwit/http2/connection/connection.h"
#include "godwit/http2/connection/opaque.h"
#include "godwit/http2/frame/frame_writer.h"
#include "godwit/http2/limits/limits.h"

namespace godwit::http2 {
namespace {

std::string printable(Bytes bytes) {
  std::string text(as_text(bytes.first(std::min<std::size_t>(bytes.size(), 256))));
  for (char& c : text) {
    if (c < 0x20 || c >= 0x7f) c = '.';
  }
  return text;
}

}  // namespace

void Connection::receive_frame(const FrameHeader& header, Bytes payload) {
  if (block_.stream_id != 0 && header.type != FrameType::kContinuation) {
    return fail(kProtocol, ErrorCode::kProtocolError,
                std::string(name_of(header.type)) + " inside a header block (RFC 9113 section 4.3)");
  }
  if (!settings_received_ && (header.type != FrameType::kSettings || header.has(frame_flags::kAck))) {
    return fail(kProtocol, ErrorCode::kProtocolError,
                "the first frame is not SETTINGS but " + std::string(name_of(header.type)) + " (RFC 9113 section 3.4)");
  }
  switch (header.type) {
    case FrameType::kHeaders:
      return receive_headers(header, payload);
    case FrameType::kContinuation:
      return receive_continuation(header, payload);
    case FrameType::kWindowUpdate:
      return receive_window_update(header, payload);
    case FrameType::kRstStream:
      return receive_rst_stream(header, payload);
    case FrameType::kPing:
      return receive_ping(header, payload);
    case FrameType::kSettings:
      return receive_settings(header, payload);
    case FrameType::kGoaway:
      return receive_goaway(header, payload);
    case FrameType::kPriority:
      return receive_priority(header, payload);
    case FrameType::kPushPromise:
      return fail(kProtocol, ErrorCode::kProtocolError,
                  role_ == Role::kServer ? "PUSH_PROMISE from a client (RFC 9113 section 8.4)"
                                         : "PUSH_PROMISE, although push was switched off (RFC 9113 section 6.6)");
    default:
      spend(limits::kCheapFrameCost);  // section 4.1: types that are not known are ignored
  }
}

// Section 5.3.2: the signal is deprecated, its form is still checked.
void Connection::receive_priority(const FrameHeader& header, Bytes payload) {
  if (header.stream_id == 0)
    return fail(kProtocol, ErrorCode::kProtocolError, "PRIORITY on stream 0 (RFC 9113 section 6.3)");
  if (!spend(limits::kCheapFrameCost)) return;
  Stream* stream = streams_.find(header.stream_id);
  if (payload.size() != 5) {
    constexpr const char* kText = "PRIORITY is not 5 bytes long (RFC 9113 section 6.3)";
    if (stream) return fail_stream(*stream, ErrorCode::kFrameSizeError, kText);
    return fail(kProtocol, ErrorCode::kFrameSizeError, kText);
  }
  if ((load_be32(payload.data()) & kStreamIdMax) == header.stream_id) {
    constexpr const char* kText = "a stream depends on itself (RFC 7540 section 5.3.1)";
    if (stream) return fail_stream(*stream, ErrorCode::kProtocolError, kText);
    return fail(kProtocol, ErrorCode::kProtocolError, kText);
  }
}

void Connection::receive_rst_stream(const FrameHeader& header, Bytes payload) {
  if (payload.size() != 4)
    return fail(kProtocol, ErrorCode::kFrameSizeError, "RST_STREAM is not 4 bytes long (RFC 9113 section 6.4)");
  if (is_idle(header.stream_id)) {
    return fail(kProtocol, ErrorCode::kProtocolError, "RST_STREAM for an idle stream (RFC 9113 section 6.4)");
  }
  Stream* stream = streams_.find(header.stream_id);
  if (!stream) {
    spend(limits::kCheapFrameCost);
    return;
  }
  mark_reset(*stream, static_cast<ErrorCode>(load_be32(payload.data())), ResetCause::kPeer, "");
  close_stream(*stream);
  spend_reset();
}

void Connection::receive_settings(const FrameHeader& header, Bytes payload) {
  if (header.stream_id != 0)
    return fail(kProtocol, ErrorCode::kProtocolError, "SETTINGS on a stream (RFC 9113 section 6.5)");
  if (header.has(frame_flags::kAck)) {
    if (!payload.empty())
      return fail(kProtocol, ErrorCode::kFrameSizeError, "SETTINGS with ACK and a payload (RFC 9113 section 6.5)");
    return receive_settings_ack();
  }
  if (payload.size() % kSettingSize != 0) {
    return fail(kProtocol, ErrorCode::kFrameSizeError,
                "the length of SETTINGS is not a multiple of 6 (RFC 9113 section 6.5)");
  }
  if (!spend(limits::kSettingsCost)) return;
  Settings settings = peer_settings_;
  const auto parsed = parse_settings(payload, role_ == Role::kClient, settings);
  if (!parsed.ok()) return fail(kProtocol, parsed.error().code, parsed.error().text);
  apply_peer_settings(settings);
  if (is_closed()) return;
  write_settings_ack(output_);
  if (!settings_received_) {
    settings_received_ = true;
    preface_deadline_ = kNever;
    if (state_ == ConnectionState::kPreface) state_ = ConnectionState::kOpen;
  }
  if (may_open() == 0) at_open_limit_ = role_ == Role::kClient;
  note_if_may_open();
  events_.on_settings();
}

void Connection::receive_settings_ack() {
  if (settings_unacknowledged_ == 0) {
    spend(limits::kCheapFrameCost);
    return;
  }
  if (!settings_acknowledged_) {  // the later ones only raise windows, which was taken into account at once
    settings_acknowledged_ = true;
    if (options_.header_table_size != hpack::Decoder::kInitialTableSize) {
      decoder_.acknowledge_table_size(options_.header_table_size);
    }
    if (tuner_.size() < kDefaultWindow) {
      streams_.for_each([&](Stream& stream) { stream.receive_window_.lower(tuner_.size()); });
    }
  }
  if (--settings_unacknowledged_ == 0) settings_deadline_ = kNever;
}

void Connection::apply_peer_settings(const Settings& settings) {
  const std::int64_t change = std::int64_t{settings.initial_window_size} - peer_settings_.initial_window_size;
  if (settings.header_table_size != peer_settings_.header_table_size) {
    encoder_.set_peer_table_size(settings.header_table_size);
  }
  peer_settings_ = settings;
  if (change == 0) return;
  // Section 6.9.2: all windows move, and may go below zero.
  bool fits = true;
  streams_.for_each([&](Stream& stream) {
    fits &= stream.send_window_.add(change);
    if (!stream.send_window_.is_open()) {
      scheduler_.remove(stream);
    } else if (!stream.queue_.empty()) {
      scheduler_.add(stream);
    }
  });
  if (!fits) {
    fail(kProtocol, ErrorCode::kFlowControlError,
         "SETTINGS_INITIAL_WINDOW_SIZE makes a stream's window larger than 2^31-1 (RFC 9113 section 6.9.2)");
  }
}

void Connection::receive_ping(const FrameHeader& header, Bytes payload) {
  if (header.stream_id != 0)
    return fail(kProtocol, ErrorCode::kProtocolError, "PING on a stream (RFC 9113 section 6.7)");
  if (payload.size() != 8)
    return fail(kProtocol, ErrorCode::kFrameSizeError, "PING is not 8 bytes long (RFC 9113 section 6.7)");
  if (!spend(limits::kPingCost)) return;
  const std::uint64_t data = load_be64(payload.data());
  if (!header.has(frame_flags::kAck)) return write_ping(output_, data, true);
  if (data == opaque::kWindowProbe) return tune_windows();
  if (data == opaque::kShutdown && shutdown_begun_) return finish_shutdown();
  if (!opaque::is_reserved(data)) events_.on_ping_ack(data);
}

void Connection::receive_goaway(const FrameHeader& header, Bytes payload) {
  if (header.stream_id != 0)
    return fail(kProtocol, ErrorCode::kProtocolError, "GOAWAY on a stream (RFC 9113 section 6.8)");
  if (payload.size() < 8)
    return fail(kProtocol, ErrorCode::kFrameSizeError, "GOAWAY is shorter than 8 bytes (RFC 9113 section 6.8)");
  if (!spend(limits::kGoawayCost)) return;
  const StreamId last_id = load_be32(payload.data()) & kStreamIdMax;
  const auto code = static_cast<ErrorCode>(load_be32(payload.data() + 4));
  if (role_ == Role::kClient && last_id > peer_last_id_) {
    return fail(kProtocol, ErrorCode::kProtocolError,
                "a second GOAWAY with a higher last stream id (RFC 9113 section 6.8)");
  }
  peer_last_id_ = std::min(peer_last_id_, last_id);
  goaway_received_ = true;
  state_ = ConnectionState::kDraining;
  const std::string text = printable(payload.subspan(8));
  if (code != ErrorCode::kNoError) {
    error_.code = code;
    error_.text = "GOAWAY " + std::string(name_of(code)) + (text.empty() ? "" : " '" + text + "'");
  }
  events_.on_goaway(last_id, code, text);
  if (role_ == Role::kClient && !is_closed()) {
    std::vector<Stream*> unprocessed;
    streams_.for_each([&](Stream& stream) {
      if (stream.id_ > last_id) unprocessed.push_back(&stream);
    });
    for (Stream* stream : unprocessed) {
      mark_reset(*stream, ErrorCode::kRefusedStream, ResetCause::kUnprocessed,
                 "the peer went away before it looked at the stream");
      close_stream(*stream);
    }
  }
  if (!is_closed()) note_if_drained();
}

void Connection::receive_window_update(const FrameHeader& header, Bytes payload) {
  if (payload.size() != 4)
    return fail(kProtocol, ErrorCode::kFrameSizeError, "WINDOW_UPDATE is not 4 bytes long (RFC 9113 section 6.9)");
  if (!spend(limits::kCheapFrameCost)) return;
  const std::uint32_t increment = load_be32(payload.data()) & 0x7fffffff;
  if (header.stream_id == 0) {
    if (increment == 0)
      return fail(kProtocol, ErrorCode::kProtocolError, "WINDOW_UPDATE of 0 for the connection (RFC 9113 section 6.9)");
    if (!send_window_.add(increment)) {
      fail(kProtocol, ErrorCode::kFlowControlError,
           "the connection's window would be larger than 2^31-1 (RFC 9113 section 6.9.1)");
    }
    return;
  }
  if (is_idle(header.stream_id)) {
    return fail(kProtocol, ErrorCode::kProtocolError, "WINDOW_UPDATE for an idle stream (RFC 9113 section 5.1)");
  }
  Stream* stream = streams_.find(header.stream_id);
  if (!stream) return;  // section 5.1: may come for a while after the end
  if (increment == 0)
    return fail_stream(*stream, ErrorCode::kProtocolError, "WINDOW_UPDATE of 0 (RFC 9113 section 6.9)");
  if (!stream->send_window_.add(increment)) {
    return fail_stream(*stream, ErrorCode::kFlowControlError,
                       "the stream's window would be larger than 2^31-1 (RFC 9113 section 6.9.1)");
  }
  if (!stream->queue_.empty() && stream->send_window_.is_open()) scheduler_.add(*stream);
}

}  // namespace godwit::http2
