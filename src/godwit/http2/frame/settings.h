#pragma once

#include <cstdint>

#include "godwit/base/bytes.h"
#include "godwit/base/result.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/frame/frame.h"

namespace godwit::http2 {

// RFC 9113 section 6.5.2.
enum class SettingId : std::uint16_t {
  kHeaderTableSize = 0x1,
  kEnablePush = 0x2,
  kMaxConcurrentStreams = 0x3,
  kInitialWindowSize = 0x4,
  kMaxFrameSize = 0x5,
  kMaxHeaderListSize = 0x6,
};
inline constexpr std::size_t kSettingSize = 6;

// What one end said about itself; the values before it said anything are those of the RFC.
struct Settings {
  static constexpr std::uint32_t kUnlimited = 0xffffffff;

  std::uint32_t header_table_size = 4096;
  bool enable_push = true;
  std::uint32_t max_concurrent_streams = kUnlimited;
  std::uint32_t initial_window_size = kDefaultWindow;
  std::uint32_t max_frame_size = kDefaultMaxFrameSize;
  std::uint32_t max_header_list_size = kUnlimited;
};

struct SettingsFault {
  ErrorCode code;
  const char* text;
};

// Reads the payload of a SETTINGS frame (whose length is a multiple of 6) over `settings`. Identifiers that are not
// known are ignored; of several values the last one counts. `from_server`: a server must not enable push.
Result<void, SettingsFault> parse_settings(Bytes payload, bool from_server, Settings& settings);

}  // namespace godwit::http2
