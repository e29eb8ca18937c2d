#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "godwit/base/time.h"

namespace godwit::http2 {

// The SETTINGS_MAX_FRAME_SIZE that Client announces: with frames of 16 KiB a message of 1 MiB costs some 5 % more, with
// 256 KiB frames leave the processor's cache before they are parsed. Servers keep the protocol's 16 KiB: h2spec's case
// 4.2/3 counts on it.
inline constexpr std::uint32_t kRoomyFrameSize = 64 << 10;

// What a user may choose for a connection. The fixed bounds against abuse are in limits/limits.h.
struct Options {
  // SETTINGS_MAX_CONCURRENT_STREAMS: how many streams the peer may have open (server).
  std::uint32_t max_concurrent_streams = 1024;
  // SETTINGS_INITIAL_WINDOW_SIZE, bytes; [1, 2^31-1].
  std::uint32_t initial_stream_window = 65535;
  // The connection's receive window, bytes; at least 65535.
  std::uint32_t initial_connection_window = 1 << 20;
  // Receive windows are doubled while a probe shows that they limit the peer, up to this many bytes for one stream (the
  // connection's window goes up to twice as much). Not above initial_stream_window: no tuning.
  std::uint32_t max_stream_window = 8 << 20;
  // Bytes that were handed out and not consumed, all streams together, above which the connection's window closes: what
  // slow readers can make one connection hold. At least twice initial_connection_window.
  std::uint32_t max_unconsumed = 32 << 20;
  // SETTINGS_MAX_FRAME_SIZE, bytes; [16384, 2^24-1].
  std::uint32_t max_frame_size = 16384;
  // SETTINGS_HEADER_TABLE_SIZE, bytes: the table for what the peer sends.
  std::uint32_t header_table_size = 4096;
  // SETTINGS_MAX_HEADER_LIST_SIZE, bytes: larger requests are answered with 431 (RESOURCE_EXHAUSTED for gRPC), larger
  // responses reset.
  std::uint32_t max_header_list_size = 16384;
  // Takes field values with a space or a tab at their beginning or end, which RFC 9113 section 8.2.1 calls malformed
  // and other gRPC libraries send.
  bool blanks_around_values = false;

  // DATA that waits in one stream, bytes: see on_writable().
  std::size_t stream_queue_high = 64 << 10;
  std::size_t stream_queue_low = 32 << 10;
  // No DATA moves to output() while it holds this many bytes: what a slow peer can make a connection hold.
  // Half of it costs a stream of 1 MiB messages a quarter of its rate (twice the calls to the kernel), twice gains
  // nothing.
  std::size_t output_high = 512 << 10;

  // The peer's connection preface, and its acknowledgement of our SETTINGS, must come within these times.
  Duration preface_timeout = std::chrono::seconds(20);
  Duration settings_ack_timeout = std::chrono::seconds(30);
};

}  // namespace godwit::http2
