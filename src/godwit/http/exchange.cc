#include "godwit/http/exchange.h"

namespace godwit::http {

std::string_view text_of(ResetReason reason) {
  switch (reason) {
    case ResetReason::kNoError: return "no error";
    case ResetReason::kCancelled: return "cancelled";
    case ResetReason::kRefused: return "refused before processing";
    case ResetReason::kProtocolError: return "protocol error";
    case ResetReason::kInternalError: return "internal error";
    case ResetReason::kFlowControlError: return "flow control error";
    case ResetReason::kFrameSizeError: return "frame size error";
    case ResetReason::kEnhanceYourCalm: return "enhance your calm: too many requests";
    case ResetReason::kInadequateSecurity: return "inadequate security";
    case ResetReason::kHttp11Required: return "HTTP/1.1 required";
    case ResetReason::kConnectionLost: return "connection lost";
    case ResetReason::kOther: return "unknown reason";
  }
  return "unknown reason";
}

}  // namespace godwit::http
