#include "godwit/http2/connection/message_rules.h"

#include <string_view>

namespace godwit::http2 {
namespace {

using http::FieldToken;
using http::FieldView;

constexpr const char* kBadLength = "content-length is not one number (RFC 9110 section 8.6)";

const char* read_content_length(std::string_view value, std::int64_t& length) {
  if (value.empty() || value.size() > 18) return kBadLength;
  std::int64_t number = 0;
  for (char c : value) {
    if (c < '0' || c > '9') return kBadLength;
    number = number * 10 + (c - '0');
  }
  if (length >= 0 && length != number) return kBadLength;
  length = number;
  return nullptr;
}

// A field that is not a pseudo-field.
const char* check_field(const FieldView& field, bool is_trailer, MessageFacts& facts) {
  switch (field.token) {
    case FieldToken::kMethod:
    case FieldToken::kScheme:
    case FieldToken::kAuthority:
    case FieldToken::kPath:
    case FieldToken::kStatus:
    case FieldToken::kProtocol:
    case FieldToken::kOtherPseudo:
      return is_trailer ? "a pseudo-field in trailers (RFC 9113 section 8.1)"
                        : "a pseudo-field after a regular field (RFC 9113 section 8.3)";
    case FieldToken::kConnection:
    case FieldToken::kKeepAlive:
    case FieldToken::kProxyConnection:
    case FieldToken::kTransferEncoding:
    case FieldToken::kUpgrade:
      return "a connection-specific field (RFC 9113 section 8.2.2)";
    case FieldToken::kTe:
      return field.value == "trailers" ? nullptr : "te is not \"trailers\" (RFC 9113 section 8.2.2)";
    case FieldToken::kContentLength:
      return is_trailer ? nullptr : read_content_length(field.value, facts.content_length);
    default:
      return nullptr;
  }
}

constexpr std::uint64_t bit(FieldToken token) { return std::uint64_t{1} << static_cast<unsigned>(token); }

bool equal_without_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const char* check_request(const http::FieldViews& fields, MessageFacts& facts) {
  std::uint64_t seen = 0;
  std::string_view method;
  std::string_view authority;
  std::size_t i = 0;
  for (; i < fields.size(); ++i) {
    const FieldView& field = fields[i];
    switch (field.token) {
      case FieldToken::kMethod:
        method = field.value;
        break;
      case FieldToken::kAuthority:
        authority = field.value;
        break;
      case FieldToken::kScheme:
        if (field.value.empty()) return ":scheme is empty (RFC 9113 section 8.3.1)";
        break;
      case FieldToken::kPath:
        if (field.value.empty()) return ":path is empty (RFC 9113 section 8.3.1)";
        break;
      case FieldToken::kStatus:
        return ":status in a request (RFC 9113 section 8.3)";
      case FieldToken::kProtocol:
        return ":protocol, although extended CONNECT was not offered (RFC 8441 section 4)";
      case FieldToken::kOtherPseudo:
        return "a pseudo-field that is not known (RFC 9113 section 8.3)";
      default:
        goto regular;
    }
    if (seen & bit(field.token)) return "a pseudo-field comes twice (RFC 9113 section 8.3)";
    seen |= bit(field.token);
  }
regular:
  for (; i < fields.size(); ++i) {
    const FieldView& field = fields[i];
    if (const char* fault = check_field(field, false, facts)) return fault;
    if (field.token == FieldToken::kHost && (seen & bit(FieldToken::kAuthority)) &&
        !equal_without_case(field.value, authority)) {
      return "host differs from :authority (RFC 9113 section 8.3.1)";
    }
  }
  constexpr std::uint64_t kNeeded = bit(FieldToken::kMethod) | bit(FieldToken::kScheme) | bit(FieldToken::kPath);
  if ((seen & kNeeded) == kNeeded && method != "CONNECT") {
    return method.empty() ? ":method is empty (RFC 9113 section 8.3.1)" : nullptr;
  }
  if (method == "CONNECT") {
    if (seen != (bit(FieldToken::kMethod) | bit(FieldToken::kAuthority))) {
      return "CONNECT with other pseudo-fields than :method and :authority (RFC 9113 section 8.5)";
    }
    return nullptr;
  }
  return ":method, :scheme or :path is missing (RFC 9113 section 8.3.1)";
}

const char* check_response(const http::FieldViews& fields, MessageFacts& facts) {
  if (fields.empty() || fields[0].token != FieldToken::kStatus) return ":status is not first (RFC 9113 section 8.3.2)";
  const std::string_view status = fields[0].value;
  if (status.size() != 3) return ":status is not three digits (RFC 9113 section 8.3.2)";
  for (char c : status) {
    if (c < '0' || c > '9') return ":status is not three digits (RFC 9113 section 8.3.2)";
    facts.status = static_cast<std::uint16_t>(facts.status * 10 + (c - '0'));
  }
  if (facts.status < 100) return ":status is below 100 (RFC 9110 section 15)";
  if (facts.status == 101) return "status 101, which HTTP/2 does not have (RFC 9113 section 8.6)";
  for (std::size_t i = 1; i < fields.size(); ++i) {
    if (const char* fault = check_field(fields[i], false, facts)) return fault;
  }
  return nullptr;
}

const char* check_trailers(const http::FieldViews& fields) {
  MessageFacts facts;
  for (const FieldView& field : fields) {
    if (const char* fault = check_field(field, true, facts)) return fault;
  }
  return nullptr;
}

}  // namespace godwit::http2
