// Headers and DATA that go out (RFC 9113 sections 5.2, 6.1, 6.2 and 6.9).

#include <algorithm>
#include <cstring>

#include "godwit/base/assert.h"
#include "godwit/http2/connection/connection.h"
#include "godwit/http2/frame/frame_writer.h"
#include "godwit/http2/limits/limits.h"
#include "godwit/http2/stream/stream_pool.h"

namespace godwit::http2 {
namespace {

// DATA that is copied goes out in frames of up to this size: every peer takes it (section 4.2), and it fits into one
// piece of output memory.
constexpr std::uint32_t kCopiedFrameMax = kDefaultMaxFrameSize;
// Linked DATA goes out in frames of up to this size, if the peer takes them: what one stream may send in its turn.
constexpr std::uint32_t kLinkedFrameMax = 256 << 10;

bool is_head(const http::Field& field) { return field.token == http::FieldToken::kMethod && field.value == "HEAD"; }

bool is_head_request(const HeaderFields& fields) {
  if (fields.prepared()) {
    for (const http::Field& field : fields.prepared()->fields()) {
      if (field.token == http::FieldToken::kMethod) return is_head(field);
    }
  }
  for (const http::Field& field : fields.rest()) {
    if (field.token == http::FieldToken::kMethod) return is_head(field);
  }
  return false;
}

std::unique_ptr<WaitingTrailers> copy_of(const HeaderFields& fields) {
  auto copy = std::make_unique<WaitingTrailers>();
  copy->prepared = fields.prepared();
  std::size_t size = 0;
  for (const http::Field& field : fields.rest()) size += field.name.size() + field.value.size();
  copy->text.reserve(size);  // so that the views stay where they are
  const auto keep = [&](std::string_view text) {
    const std::size_t begin = copy->text.size();
    copy->text.append(text);
    return std::string_view(copy->text).substr(begin);
  };
  for (http::Field field : fields.rest()) {
    field.name = keep(field.name);
    field.value = keep(field.value);
    copy->rest.push_back(field);
  }
  return copy;
}

}  // namespace

std::uint32_t Connection::may_open() const {
  if (role_ == Role::kServer || state_ == ConnectionState::kDraining || is_closed() || next_id_ > kStreamIdMax)
    return 0;
  std::uint32_t limit = peer_settings_.max_concurrent_streams;
  if (!settings_received_) limit = limits::kStreamsBeforeSettings;
  const std::uint32_t open = open_streams();
  return open >= limit ? 0 : std::min(limit - open, (kStreamIdMax - next_id_) / 2 + 1);
}

Stream* Connection::open(const HeaderFields& fields, bool end_stream, void* user) {
  GODWIT_ASSERT(role_ == Role::kClient && "only a client opens streams");
  if (may_open() == 0) {
    at_open_limit_ = true;
    return nullptr;
  }
  Stream* stream = StreamPool::make(next_id_, peer_settings_.initial_window_size, granted_stream_window());
  next_id_ += 2;
  stream->user = user;
  stream->state_ = next_state(StreamState::kIdle, StreamEvent::kSendHeaders);
  stream->head_request_ = is_head_request(fields);
  stream->headers_sent_ = true;
  streams_.insert(stream);
  ++counters_.streams_started;
  counters_.last_stream_started = now_;
  stream->begins_at_ = output_.position();
  write_headers(stream->id_, fields, end_stream);
  if (end_stream) local_end(*stream);
  if (may_open() == 0) at_open_limit_ = true;
  return stream;
}

void Connection::write_headers(StreamId id, const HeaderFields& fields, bool end_stream) {
  const Bytes block =
      fields.prepared() ? encoder_.encode(*fields.prepared(), fields.rest()) : encoder_.encode(fields.rest());
  write_header_block(output_, id, block, end_stream, peer_settings_.max_frame_size);
}

void Connection::send_headers(Stream& stream, const HeaderFields& fields, bool end_stream) {
  if (stream.state_ == StreamState::kClosed) return;
  GODWIT_ASSERT(!stream.end_queued_ && "headers after the end of a stream");
  stream.headers_sent_ = true;
  if (!stream.queue_.empty()) {
    GODWIT_ASSERT(end_stream && "trailers must end the stream");
    stream.end_queued_ = true;
    stream.trailers_ = copy_of(fields);
    return;
  }
  write_headers(stream.id_, fields, end_stream);
  if (end_stream) local_end(stream);
}

// With nothing waiting before them, and room in both windows, bytes go straight to their frame.
bool Connection::can_write_now(const Stream& stream, std::size_t bytes) const {
  if (!stream.queue_.empty()) return false;
  if (bytes == 0) return true;
  const std::int64_t room = std::min(stream.send_window_.available(), send_window_.available());
  return static_cast<std::int64_t>(bytes) <= room && output_.size() < options_.output_high;
}

void Connection::write_data_now(Stream& stream, Bytes data, bool end_stream) {
  const auto size = static_cast<std::uint32_t>(data.size());
  const std::uint8_t flags = end_stream ? frame_flags::kEndStream : 0;
  if (open_frame_.stream_id == stream.id_ && open_frame_.output_size == output_.size() &&
      open_frame_.length + size <= kCopiedFrameMax && output_.room() >= size) {
    // The last frame is still ours: make it longer.
    if (size > 0) std::memcpy(output_.reserve(size), data.data(), size);
    output_.commit(size);
    open_frame_.length += size;
    store_frame_header(open_frame_.header, open_frame_.length, FrameType::kData, flags, stream.id_);
  } else {
    std::uint8_t* header = output_.reserve(kFrameHeaderSize + size);
    std::uint8_t* payload = store_frame_header(header, size, FrameType::kData, flags, stream.id_);
    if (size > 0) std::memcpy(payload, data.data(), size);
    output_.commit(kFrameHeaderSize + size);
    open_frame_.stream_id = stream.id_;
    open_frame_.length = size;
    open_frame_.header = header;
  }
  open_frame_.output_size = output_.size();
  stream.send_window_.take(size);
  send_window_.take(size);
  counters_.data_bytes_sent += size;
  overhead_budget_.credit(limits::kOverheadCredit);
  if (end_stream) {
    stream.end_queued_ = true;
    local_end(stream);
  }
}

void Connection::send_data(Stream& stream, Bytes data, bool end_stream) {
  if (stream.state_ == StreamState::kClosed || (data.empty() && !end_stream)) return;
  GODWIT_ASSERT(stream.headers_sent_ && !stream.end_queued_ && "DATA before headers or after the end of a stream");
  if (data.size() <= kCopiedFrameMax && can_write_now(stream, data.size()))
    return write_data_now(stream, data, end_stream);
  stream.queue_.append(data);
  queue_changed(stream, end_stream);
}

void Connection::send_data(Stream& stream, const Slice& data, bool end_stream) {
  if (stream.state_ == StreamState::kClosed || (data.empty() && !end_stream)) return;
  GODWIT_ASSERT(stream.headers_sent_ && !stream.end_queued_ && "DATA before headers or after the end of a stream");
  if (data.size() <= OutputQueue::kCopyBytes && can_write_now(stream, data.size())) {
    return write_data_now(stream, data.bytes(), end_stream);
  }
  stream.queue_.append(data);
  queue_changed(stream, end_stream);
}

void Connection::queue_changed(Stream& stream, bool end_stream) {
  if (end_stream) stream.end_queued_ = true;
  if (stream.queue_.size() > options_.stream_queue_high) stream.above_high_ = true;
  if (stream.send_window_.is_open()) scheduler_.add(stream);
}

// One frame of what waits.
void Connection::write_waiting(Stream& stream) {
  const std::size_t waiting = stream.queue_.size();
  const auto room = static_cast<std::size_t>(std::min(stream.send_window_.available(), send_window_.available()));
  const auto size = static_cast<std::uint32_t>(
      std::min({waiting, room, std::size_t{peer_settings_.max_frame_size}, std::size_t{kLinkedFrameMax}}));
  const bool last = size == waiting;
  const bool end_stream = last && stream.end_queued_ && !stream.trailers_;
  store_frame_header(output_.reserve(kFrameHeaderSize), size, FrameType::kData,
                     end_stream ? frame_flags::kEndStream : 0, stream.id_);
  output_.commit(kFrameHeaderSize);
  stream.queue_.move_to(output_, size);
  stream.send_window_.take(size);
  send_window_.take(size);
  counters_.data_bytes_sent += size;
  overhead_budget_.credit(limits::kOverheadCredit);
  if (last || !stream.send_window_.is_open()) scheduler_.remove(stream);
  if (!last || !stream.end_queued_) return;
  if (stream.trailers_) {
    const std::unique_ptr<WaitingTrailers> trailers = std::move(stream.trailers_);
    const HeaderFields fields =
        trailers->prepared ? HeaderFields(*trailers->prepared, trailers->rest) : HeaderFields(trailers->rest);
    write_headers(stream.id_, fields, true);
  }
  local_end(stream);
}

void Connection::pump() {
  while (Stream* stream = scheduler_.front()) {
    if (!send_window_.is_open() || output_.size() >= options_.output_high) return;
    scheduler_.rotate();
    write_waiting(*stream);
    if (stream->above_high_ && stream->queue_.size() <= options_.stream_queue_low) {
      stream->above_high_ = false;
      if (stream->can_send()) events_.on_writable(*stream);
    }
  }
}

// Our END_STREAM was written.
void Connection::local_end(Stream& stream) {
  stream.end_queued_ = true;
  stream.state_ = next_state(stream.state_, StreamEvent::kSendEnd);
  if (stream.state_ == StreamState::kClosed) {
    stream.ended_well_ = true;
    return close_stream(stream);
  }
  if (role_ == Role::kServer) {
    // Section 8.1: the rest of the request is not needed.
    write_rst_stream(output_, stream.id_, ErrorCode::kNoError);
    resets_.add(stream.id_);
    stream.ended_well_ = true;
    close_stream(stream);
  }
}

void Connection::reset(Stream& stream, ErrorCode code) {
  if (stream.state_ == StreamState::kClosed) return;
  write_rst_stream(output_, stream.id_, code);
  resets_.add(stream.id_);
  close_stream(stream);
}

}  // namespace godwit::http2
