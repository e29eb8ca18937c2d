#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "godwit/base/bytes.h"

namespace godwit::http2 {

using StreamId = std::uint32_t;

// RFC 9113 section 6. A received type may have any value.
enum class FrameType : std::uint8_t {
  kData = 0x0,
  kHeaders = 0x1,
  kPriority = 0x2,
  kRstStream = 0x3,
  kSettings = 0x4,
  kPushPromise = 0x5,
  kPing = 0x6,
  kGoaway = 0x7,
  kWindowUpdate = 0x8,
  kContinuation = 0x9,
};
// "HEADERS"; "an unknown frame" for types that the RFC does not list.
std::string_view name_of(FrameType type);

namespace frame_flags {
inline constexpr std::uint8_t kEndStream = 0x1;   // DATA, HEADERS
inline constexpr std::uint8_t kAck = 0x1;         // SETTINGS, PING
inline constexpr std::uint8_t kEndHeaders = 0x4;  // HEADERS, CONTINUATION
inline constexpr std::uint8_t kPadded = 0x8;      // DATA, HEADERS
inline constexpr std::uint8_t kPriority = 0x20;   // HEADERS
}  // namespace frame_flags

inline constexpr std::size_t kFrameHeaderSize = 9;
inline constexpr std::uint32_t kStreamIdMax = 0x7fffffff;
inline constexpr std::int64_t kWindowMax = 0x7fffffff;        // section 6.9.1
inline constexpr std::uint32_t kDefaultWindow = 65535;        // section 6.9.2
inline constexpr std::uint32_t kDefaultMaxFrameSize = 16384;  // section 6.5.2
inline constexpr std::uint32_t kMaxFrameSizeLimit = (1u << 24) - 1;
inline constexpr std::string_view kClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Section 4.1.
struct FrameHeader {
  std::uint32_t length = 0;  // of the payload
  FrameType type = FrameType::kData;
  std::uint8_t flags = 0;
  StreamId stream_id = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

// Reads kFrameHeaderSize bytes. The reserved bit is ignored.
inline FrameHeader load_frame_header(const std::uint8_t* p) {
  FrameHeader h;
  h.length = load_be32(p) >> 8;
  h.type = static_cast<FrameType>(p[3]);
  h.flags = p[4];
  h.stream_id = load_be32(p + 5) & kStreamIdMax;
  return h;
}
// Writes kFrameHeaderSize bytes; returns where the payload goes.
inline std::uint8_t* store_frame_header(std::uint8_t* p, std::uint32_t length, FrameType type, std::uint8_t flags,
                                        StreamId stream_id) {
  store_be32(p, length << 8 | static_cast<std::uint32_t>(type));
  p[4] = flags;
  store_be32(p + 5, stream_id);
  return p + kFrameHeaderSize;
}

}  // namespace godwit::http2
