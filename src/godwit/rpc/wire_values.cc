#include "godwit/rpc/wire_values.h"

#include <charconv>
#include <cstdint>

namespace godwit::rpc {
namespace {

struct Unit {
  char letter;
  std::int64_t nanos;
};
constexpr Unit kUnits[] = {{'n', 1},
                           {'u', 1'000},
                           {'m', 1'000'000},
                           {'S', 1'000'000'000},
                           {'M', 60'000'000'000},
                           {'H', 3'600'000'000'000}};
constexpr std::int64_t kLargest = 99'999'999;  // 8 digits

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view encode_timeout(Duration timeout, char* out) {
  const std::int64_t nanos = timeout.count() > 0 ? timeout.count() : 0;
  for (const Unit& unit : kUnits) {
    const std::int64_t value = nanos / unit.nanos + (nanos % unit.nanos != 0);
    if (value > kLargest && unit.letter != 'H') continue;
    char* end = std::to_chars(out, out + 8, value > kLargest ? kLargest : value).ptr;
    *end++ = unit.letter;
    return {out, static_cast<std::size_t>(end - out)};
  }
  return {};
}

std::optional<Duration> parse_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (const Unit& unit : kUnits) {
    if (unit.letter != text.back()) continue;
    if (value > Duration::max().count() / unit.nanos) return Duration::max();
    return Duration(value * unit.nanos);
  }
  return std::nullopt;
}

std::string encode_message(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string decode_message(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

StatusCode code_of_http_status(int http_status) {
  switch (http_status) {
    case 400: return StatusCode::kInternal;
    case 401: return StatusCode::kUnauthenticated;
    case 403: return StatusCode::kPermissionDenied;
    case 404: return StatusCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504: return StatusCode::kUnavailable;
    default: return StatusCode::kUnknown;
  }
}

StatusCode code_of_reset(http::ResetReason reason) {
  switch (reason) {
    case http::ResetReason::kCancelled: return StatusCode::kCancelled;
    case http::ResetReason::kRefused:
    case http::ResetReason::kConnectionLost: return StatusCode::kUnavailable;
    case http::ResetReason::kEnhanceYourCalm: return StatusCode::kResourceExhausted;
    case http::ResetReason::kInadequateSecurity: return StatusCode::kPermissionDenied;
    case http::ResetReason::kHttp11Required: return StatusCode::kUnknown;
    default: return StatusCode::kInternal;
  }
}

}  // namespace godwit::rpc
