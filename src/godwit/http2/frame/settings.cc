#include "godwit/http2/frame/settings.h"

namespace godwit::http2 {

Result<void, SettingsFault> parse_settings(Bytes payload, bool from_server, Settings& settings) {
  for (; payload.size() >= kSettingSize; payload = payload.subspan(kSettingSize)) {
    const std::uint32_t value = load_be32(payload.data() + 2);
    switch (static_cast<SettingId>(load_be16(payload.data()))) {
      case SettingId::kHeaderTableSize:
        settings.header_table_size = value;
        break;
      case SettingId::kEnablePush:
        if (value > 1)
          return Failure(SettingsFault{ErrorCode::kProtocolError,
                                       "SETTINGS_ENABLE_PUSH is neither 0 nor 1 (RFC 9113 section 6.5.2)"});
        if (value == 1 && from_server)
          return Failure(SettingsFault{ErrorCode::kProtocolError,
                                       "a server set SETTINGS_ENABLE_PUSH to 1 (RFC 9113 section 6.5.2)"});
        settings.enable_push = value == 1;
        break;
      case SettingId::kMaxConcurrentStreams:
        settings.max_concurrent_streams = value;
        break;
      case SettingId::kInitialWindowSize:
        if (value > kWindowMax)
          return Failure(SettingsFault{ErrorCode::kFlowControlError,
                                       "SETTINGS_INITIAL_WINDOW_SIZE is above 2^31-1 (RFC 9113 section 6.5.2)"});
        settings.initial_window_size = value;
        break;
      case SettingId::kMaxFrameSize:
        if (value < kDefaultMaxFrameSize || value > kMaxFrameSizeLimit)
          return Failure(SettingsFault{ErrorCode::kProtocolError,
                                       "SETTINGS_MAX_FRAME_SIZE is outside 2^14 to 2^24-1 (RFC 9113 section 6.5.2)"});
        settings.max_frame_size = value;
        break;
      case SettingId::kMaxHeaderListSize:
        settings.max_header_list_size = value;
        break;
      default:
        break;
    }
  }
  return {};
}

}  // namespace godwit::http2
