#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "godwit/base/time.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/status.h"

// The text forms of PROTOCOL-HTTP2.md: grpc-timeout, grpc-message, and the maps from HTTP's errors to status codes.
namespace godwit::rpc {

// At most 8 digits and a unit: H M S m u n. Durations that need more digits are rounded up to the next larger unit, so that
// the peer never gives up before us. Zero or less is "0n". The text is written into `out` (at least 10 bytes).
std::string_view encode_timeout(Duration timeout, char* out);
std::optional<Duration> parse_timeout(std::string_view text);

// Percent-encoding of grpc-message: bytes outside 0x20..0x7e and '%' become %XX. Decoding keeps what is not well formed.
std::string encode_message(std::string_view text);
std::string decode_message(std::string_view text);

// http-grpc-status-mapping.md: for a response without grpc-status.
StatusCode code_of_http_status(int http_status);
// PROTOCOL-HTTP2.md, "Errors": for a reset without trailers, as the client sees it.
StatusCode code_of_reset(http::ResetReason reason);

}  // namespace godwit::rpc
