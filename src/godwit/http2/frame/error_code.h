#pragma once

#include <cstdint>
#include <string_view>

namespace godwit::http2 {

// RFC 9113 section 7. Values from the wire that are not listed here are kept as they are.
enum class ErrorCode : std::uint32_t {
  kNoError = 0x0,
  kProtocolError = 0x1,
  kInternalError = 0x2,
  kFlowControlError = 0x3,
  kSettingsTimeout = 0x4,
  kStreamClosed = 0x5,
  kFrameSizeError = 0x6,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kCompressionError = 0x9,
  kConnectError = 0xa,
  kEnhanceYourCalm = 0xb,
  kInadequateSecurity = 0xc,
  kHttp11Required = 0xd,
};

// The name as the RFC spells it ("REFUSED_STREAM"); "UNKNOWN_ERROR_CODE" for values it does not list.
std::string_view name_of(ErrorCode code);

}  // namespace godwit::http2
