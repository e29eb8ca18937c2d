#pragma once

#include <span>
#include <string_view>

#include "godwit/base/bytes.h"
#include "godwit/base/output_queue.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/frame/settings.h"

// Whole frames at the tail of an OutputQueue, each in one piece of memory (but for long header blocks).
namespace godwit::http2 {

struct Setting {
  SettingId id;
  std::uint32_t value;
};

void write_settings(OutputQueue& out, std::span<const Setting> settings);
void write_settings_ack(OutputQueue& out);
void write_ping(OutputQueue& out, std::uint64_t opaque, bool ack);
void write_rst_stream(OutputQueue& out, StreamId id, ErrorCode code);
void write_window_update(OutputQueue& out, StreamId id, std::uint32_t increment);
// Text beyond 1,000 bytes is cut.
void write_goaway(OutputQueue& out, StreamId last_id, ErrorCode code, std::string_view debug_text);
// HEADERS, and CONTINUATION frames when the block is longer than max_frame_size.
void write_header_block(OutputQueue& out, StreamId id, Bytes block, bool end_stream, std::uint32_t max_frame_size);

}  // namespace godwit::http2
