#include "godwit/http2/frame/frame_writer.h"

#include <algorithm>
#include <cstring>

namespace godwit::http2 {
namespace {

constexpr std::size_t kGoawayTextMax = 1000;

}  // namespace

void write_settings(OutputQueue& out, std::span<const Setting> settings) {
  const std::size_t length = settings.size() * kSettingSize;
  std::uint8_t* p = out.reserve(kFrameHeaderSize + length);
  p = store_frame_header(p, static_cast<std::uint32_t>(length), FrameType::kSettings, 0, 0);
  for (const Setting& s : settings) {
    store_be16(p, static_cast<std::uint16_t>(s.id));
    store_be32(p + 2, s.value);
    p += kSettingSize;
  }
  out.commit(kFrameHeaderSize + length);
}

void write_settings_ack(OutputQueue& out) {
  store_frame_header(out.reserve(kFrameHeaderSize), 0, FrameType::kSettings, frame_flags::kAck, 0);
  out.commit(kFrameHeaderSize);
}

void write_ping(OutputQueue& out, std::uint64_t opaque, bool ack) {
  std::uint8_t* p = out.reserve(kFrameHeaderSize + 8);
  store_be64(store_frame_header(p, 8, FrameType::kPing, ack ? frame_flags::kAck : 0, 0), opaque);
  out.commit(kFrameHeaderSize + 8);
}

void write_rst_stream(OutputQueue& out, StreamId id, ErrorCode code) {
  std::uint8_t* p = out.reserve(kFrameHeaderSize + 4);
  store_be32(store_frame_header(p, 4, FrameType::kRstStream, 0, id), static_cast<std::uint32_t>(code));
  out.commit(kFrameHeaderSize + 4);
}

void write_window_update(OutputQueue& out, StreamId id, std::uint32_t increment) {
  std::uint8_t* p = out.reserve(kFrameHeaderSize + 4);
  store_be32(store_frame_header(p, 4, FrameType::kWindowUpdate, 0, id), increment);
  out.commit(kFrameHeaderSize + 4);
}

void write_goaway(OutputQueue& out, StreamId last_id, ErrorCode code, std::string_view debug_text) {
  debug_text = debug_text.substr(0, kGoawayTextMax);
  const std::size_t length = 8 + debug_text.size();
  std::uint8_t* p = out.reserve(kFrameHeaderSize + length);
  p = store_frame_header(p, static_cast<std::uint32_t>(length), FrameType::kGoaway, 0, 0);
  store_be32(p, last_id);
  store_be32(p + 4, static_cast<std::uint32_t>(code));
  if (!debug_text.empty()) std::memcpy(p + 8, debug_text.data(), debug_text.size());
  out.commit(kFrameHeaderSize + length);
}

void write_header_block(OutputQueue& out, StreamId id, Bytes block, bool end_stream, std::uint32_t max_frame_size) {
  // A larger frame would not fit into one piece of memory.
  const std::size_t limit = std::min<std::size_t>(max_frame_size, kDefaultMaxFrameSize);
  FrameType type = FrameType::kHeaders;
  std::uint8_t flags = end_stream ? frame_flags::kEndStream : 0;
  do {
    const std::size_t n = std::min(block.size(), limit);
    if (n == block.size()) flags |= frame_flags::kEndHeaders;
    std::uint8_t* p = out.reserve(kFrameHeaderSize + n);
    p = store_frame_header(p, static_cast<std::uint32_t>(n), type, flags, id);
    if (n > 0) std::memcpy(p, block.data(), n);
    out.commit(kFrameHeaderSize + n);
    block = block.subspan(n);
    type = FrameType::kContinuation;
    flags = 0;
  } while (!block.empty());
}

}  // namespace godwit::http2
