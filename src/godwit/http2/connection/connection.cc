#include "godwit/http2/connection/connection.h"

#include <algorithm>
#include <array>
#include <string>

#include "godwit/base/assert.h"
#include "godwit/http2/connection/input_scope.h"
#include "godwit/http2/connection/opaque.h"
#include "godwit/http2/frame/frame_writer.h"
#include "godwit/http2/limits/limits.h"
#include "godwit/http2/stream/stream_pool.h"

namespace godwit::http2 {

Connection::Connection(Role role, const Options& options, ConnectionEvents& events, TimePoint now)
    : events_(events),
      role_(role),
      now_(now),
      options_(options),
      decoder_(hpack::Decoder::kInitialTableSize, options.max_header_list_size),
      receive_window_(kDefaultWindow),
      tuner_(options.initial_stream_window, options.max_stream_window),
      send_window_(kDefaultWindow),
      overhead_budget_(limits::kOverheadBurst, limits::kOverheadPerSecond, now),
      reset_budget_(limits::kResetBurst, limits::kResetsPerSecond, now),
      preface_deadline_(add_saturating(now, options.preface_timeout)) {
  if (options.blanks_around_values) decoder_.allow_blanks_around_values();
  GODWIT_ASSERT(options.initial_stream_window >= 1 && options.initial_stream_window <= kWindowMax);
  GODWIT_ASSERT(options.initial_connection_window >= kDefaultWindow && options.initial_connection_window <= kWindowMax);
  GODWIT_ASSERT(options.max_stream_window <= kWindowMax / 2);
  GODWIT_ASSERT(options.max_frame_size >= kDefaultMaxFrameSize && options.max_frame_size <= kMaxFrameSizeLimit);
  GODWIT_ASSERT(options.stream_queue_low <= options.stream_queue_high && options.output_high > 0);
  // A server waits for the first bytes: whoever does not speak HTTP/2 gets no byte of it.
  if (role_ == Role::kClient) write_preface();
}

Connection::~Connection() {
  GODWIT_ASSERT(!inside_input_ && "a Connection was destroyed from inside one of its events");
  streams_.for_each([](Stream& stream) { StreamPool::give_back(&stream); });
  while (Stream* stream = closed_first_) {
    closed_first_ = stream->next_;
    StreamPool::give_back(stream);
  }
}

void Connection::write_preface() {
  if (role_ == Role::kClient) output_.append(as_bytes(kClientPreface));
  std::array<Setting, 6> settings;
  std::size_t count = 0;
  const Settings defaults;
  const auto add = [&](SettingId id, std::uint32_t value, std::uint32_t known) {
    if (value != known) settings[count++] = {id, value};
  };
  add(SettingId::kHeaderTableSize, options_.header_table_size, defaults.header_table_size);
  if (role_ == Role::kClient) {
    add(SettingId::kEnablePush, 0, 1);
  } else {
    add(SettingId::kMaxConcurrentStreams, options_.max_concurrent_streams, defaults.max_concurrent_streams);
  }
  add(SettingId::kInitialWindowSize, options_.initial_stream_window, defaults.initial_window_size);
  add(SettingId::kMaxFrameSize, options_.max_frame_size, defaults.max_frame_size);
  add(SettingId::kMaxHeaderListSize, options_.max_header_list_size, defaults.max_header_list_size);
  write_settings(output_, {settings.data(), count});
  settings_unacknowledged_ = 1;
  settings_deadline_ = add_saturating(now_, options_.settings_ack_timeout);
  if (options_.initial_connection_window > kDefaultWindow) {
    write_window_update(output_, 0, options_.initial_connection_window - kDefaultWindow);
    receive_window_.raise(options_.initial_connection_window);
  }
}

// --- Inputs ---

void Connection::receive(const Slice& bytes, TimePoint now) {
  if (is_closed()) return;
  const InputScope scope(*this, now);
  if (output_.size() > limits::kOutputAbandon) {
    fail(ConnectionErrorKind::kAbuse, ErrorCode::kEnhanceYourCalm, "the peer does not read what it asks for");
    return deliver();
  }
  const std::uint8_t* p = bytes.data();
  const std::uint8_t* const end = p + bytes.size();
  if (preface_done_ || receive_preface(p, end)) {
    while (p != end && !is_closed()) {
      if (data_.active) {
        receive_data_payload(p, end, bytes.owner());
        if (closed_first_) deliver();
        continue;
      }
      FrameHeader header;
      Bytes payload;
      const FrameReader::Step step = reader_.next(p, end, options_.max_frame_size, header, payload);
      if (step == FrameReader::Step::kFrame) {
        receive_frame(header, payload);
      } else if (step == FrameReader::Step::kData) {
        receive_data_header(header);
        if (data_.active) receive_data_payload(p, end, bytes.owner());
      } else if (step == FrameReader::Step::kTooLarge) {
        fail(ConnectionErrorKind::kProtocol, ErrorCode::kFrameSizeError,
             "a frame of " + std::to_string(header.length) +
                 " bytes is larger than our SETTINGS_MAX_FRAME_SIZE (RFC 9113 section 4.2)");
      } else {
        break;
      }
      if (closed_first_) deliver();
    }
    reader_.release();
  }
  pump();
  deliver();
}

void Connection::receive_end(std::string_view text, TimePoint now) {
  if (is_closed()) return;
  const InputScope scope(*this, now);
  if (!foreign_.empty()) {
    refuse_foreign();
    return deliver();
  }
  std::string reason(text.empty() ? "the peer closed the connection" : text);
  if (!settings_received_) {
    reason += " before its HTTP/2 preface was complete";
  } else if (!streams_.empty()) {
    reason += " while " + std::to_string(streams_.size()) + " streams were open";
  }
  if (goaway_received_ && !error_.text.empty()) reason += "; before it sent " + error_.text;
  end(ConnectionErrorKind::kInputEnded, Initiator::kPeer, error_.code, reason, LastWord::kNone);
  deliver();
}

void Connection::on_timeout(TimePoint now) {
  if (is_closed()) return;
  const InputScope scope(*this, now);
  if (now >= preface_deadline_) {
    fail(ConnectionErrorKind::kTimeout, ErrorCode::kSettingsTimeout,
         "the peer's HTTP/2 preface did not come in time (RFC 9113 section 3.4)");
  } else if (now >= settings_deadline_) {
    fail(ConnectionErrorKind::kTimeout, ErrorCode::kSettingsTimeout,
         "the peer did not acknowledge our SETTINGS in time (RFC 9113 section 6.5.3)");
  } else if (now >= shutdown_deadline_) {
    finish_shutdown();
  }
  pump();
  deliver();
}

void Connection::flush(TimePoint now) {
  if (inside_input_) return;
  const InputScope scope(*this, now);
  pump();
  deliver();
}

TimePoint Connection::next_timeout() const {
  if (is_closed()) return kNever;
  return std::min({preface_deadline_, settings_deadline_, shutdown_deadline_});
}

// Everything that is owed, in the order: error, streams, connection.
void Connection::deliver() {
  do {
    if (notices_ & kErrorNotice) {
      notices_ &= static_cast<std::uint8_t>(~kErrorNotice);
      events_.on_connection_error(error_);
    }
    while (Stream* stream = closed_first_) {
      closed_first_ = stream->next_;
      if (!closed_first_) closed_last_ = nullptr;
      if (stream->reset_pending_) {
        const std::string_view text = stream->reset_text_ ? stream->reset_text_ : std::string_view(error_.text);
        events_.on_reset(*stream, {stream->reset_code_, stream->reset_cause_, text});
      }
      events_.on_stream_closed(*stream);
      StreamPool::give_back(stream);
    }
    if (notices_ & kMayOpenNotice) {
      notices_ &= static_cast<std::uint8_t>(~kMayOpenNotice);
      if (may_open() > 0) events_.on_may_open();
    }
    if (notices_ & kDrainedNotice) {
      notices_ &= static_cast<std::uint8_t>(~kDrainedNotice);
      if (state_ == ConnectionState::kDraining && streams_.empty() && !closed_first_) {
        drained_told_ = true;
        events_.on_drained();
      }
    }
  } while (closed_first_ || notices_ != 0);
}

// --- Errors and ends ---

void Connection::fail(ConnectionErrorKind kind, ErrorCode code, std::string_view text, Initiator initiator) {
  if (is_closed()) return;
  end(kind, initiator, code, text, LastWord::kGoaway);
}

// The byte stream has taken nothing of its request.
bool Connection::is_unwritten(const Stream& stream) const {
  return role_ == Role::kClient && stream.begins_at_ >= output_.consumed();
}

void Connection::end(ConnectionErrorKind kind, Initiator initiator, ErrorCode code, std::string_view text,
                     LastWord last_word) {
  std::vector<Stream*> all;
  all.reserve(streams_.size());
  streams_.for_each([&](Stream& stream) { all.push_back(&stream); });
  // What is told to be unprocessed must not be written after all. The cut lies between two frames.
  std::uint64_t cut = output_.position();
  for (const Stream* stream : all) {
    if (is_unwritten(*stream)) cut = std::min(cut, stream->begins_at_);
  }
  if (cut < output_.position()) output_.cut(cut - output_.consumed());
  if (last_word == LastWord::kGoaway) {
    write_goaway(output_, std::min(last_peer_id_, goaway_last_id_), code, text);
  }

  error_ = {kind, initiator, code, std::string(text)};
  state_ = ConnectionState::kClosed;
  if (initiator != Initiator::kUser &&
      (kind != ConnectionErrorKind::kInputEnded || !settings_received_ || !streams_.empty())) {
    notices_ |= kErrorNotice;
  }
  for (Stream* stream : all) {
    if (is_unwritten(*stream)) {
      mark_reset(*stream, ErrorCode::kRefusedStream, ResetCause::kUnprocessed, nullptr);
    } else {
      mark_reset(*stream, code, ResetCause::kConnectionEnded, nullptr);
    }
    close_stream(*stream);
  }
}

void Connection::close(ErrorCode code, std::string_view debug_text) {
  if (is_closed()) return;
  const bool heard = preface_done_ || role_ == Role::kClient;
  end(ConnectionErrorKind::kProtocol, Initiator::kUser, code, debug_text, heard ? LastWord::kGoaway : LastWord::kNone);
}

void Connection::shutdown() {
  if (is_closed() || shutdown_begun_) return;
  shutdown_begun_ = true;
  const bool silent = role_ == Role::kServer && !preface_done_;
  state_ = ConnectionState::kDraining;
  if (role_ == Role::kClient || silent) {
    if (!silent) write_goaway(output_, 0, ErrorCode::kNoError, {});
    shutdown_final_ = true;
    if (silent) goaway_last_id_ = 0;
  } else {
    write_goaway(output_, kStreamIdMax, ErrorCode::kNoError, {});
    write_ping(output_, opaque::kShutdown, false);
    shutdown_deadline_ = add_saturating(now_, limits::kGoawayGrace);
  }
  note_if_drained();
}

void Connection::finish_shutdown() {
  if (shutdown_final_) return;
  shutdown_final_ = true;
  shutdown_deadline_ = kNever;
  goaway_last_id_ = last_peer_id_;
  write_goaway(output_, last_peer_id_, ErrorCode::kNoError, {});
  note_if_drained();
}

void Connection::ping(std::uint64_t opaque) {
  GODWIT_ASSERT(!opaque::is_reserved(opaque));
  if (is_closed() || (role_ == Role::kServer && !preface_done_)) return;
  ++counters_.pings_sent;
  write_ping(output_, opaque, false);
}

void Connection::note_if_drained() {
  if (state_ != ConnectionState::kDraining || drained_told_ || !streams_.empty()) return;
  if (shutdown_final_ || (goaway_received_ && !shutdown_begun_)) notices_ |= kDrainedNotice;
}

void Connection::note_if_may_open() {
  if (at_open_limit_ && may_open() > 0) {
    at_open_limit_ = false;
    notices_ |= kMayOpenNotice;
  }
}

// --- Streams ---

void Connection::close_stream(Stream& stream) {
  stream.state_ = StreamState::kClosed;
  stream.end_queued_ = true;
  streams_.erase(stream.id_);
  scheduler_.remove(stream);
  stream.queue_.clear();
  stream.trailers_.reset();
  unconsumed_ -= stream.unconsumed_;
  stream.unconsumed_ = 0;
  if (open_frame_.stream_id == stream.id_) open_frame_.stream_id = 0;
  stream.next_ = nullptr;
  (closed_last_ ? closed_last_->next_ : closed_first_) = &stream;
  closed_last_ = &stream;
  if (stream.ended_well_) {
    ++counters_.streams_succeeded;
    reset_budget_.credit(1);
  } else {
    ++counters_.streams_failed;
  }
  if (at_open_limit_) note_if_may_open();
  if (state_ == ConnectionState::kDraining) note_if_drained();
}

void Connection::mark_reset(Stream& stream, ErrorCode code, ResetCause cause, const char* text) {
  stream.reset_pending_ = true;
  stream.reset_code_ = code;
  stream.reset_cause_ = cause;
  stream.reset_text_ = text;
}

// A stream error by the peer (RFC 9113 section 5.4.2).
void Connection::fail_stream(Stream& stream, ErrorCode code, const char* text) {
  write_rst_stream(output_, stream.id_, code);
  resets_.add(stream.id_);
  mark_reset(stream, code, ResetCause::kEngine, text);
  close_stream(stream);
  spend_reset();
}

// Ids that nobody has used yet. Streams of a server do not exist, as there is no push.
bool Connection::is_idle(StreamId id) const {
  if ((id & 1) == 0) return true;
  return role_ == Role::kServer ? id > last_peer_id_ : id >= next_id_;
}

// Until the peer has seen our SETTINGS, it may use the window of section 6.9.2.
std::uint32_t Connection::granted_stream_window() const {
  return settings_acknowledged_ ? tuner_.size() : std::max(tuner_.size(), kDefaultWindow);
}

bool Connection::spend(std::int32_t points) {
  if (overhead_budget_.spend(points, now_)) return true;
  fail(ConnectionErrorKind::kAbuse, ErrorCode::kEnhanceYourCalm,
       "too many frames that carry nothing (SETTINGS, PING, WINDOW_UPDATE, PRIORITY, empty or late frames)");
  return false;
}

// A server's streams only: a client resets, and is reset, as often as it opens streams.
bool Connection::spend_reset() {
  if (role_ == Role::kClient || reset_budget_.spend(1, now_)) return true;
  fail(ConnectionErrorKind::kAbuse, ErrorCode::kEnhanceYourCalm,
       "too many streams were reset before they were answered (RFC 9113 section 10.5)");
  return false;
}

}  // namespace godwit::http2
