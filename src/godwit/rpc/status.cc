#include "godwit/rpc/status.h"

#include <array>
#include <charconv>

namespace godwit {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",          "CANCELLED",        "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",          "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL",         "UNAVAILABLE",       "DATA_LOSS",          "UNAUTHENTICATED"};

}  // namespace

std::string_view name_of(StatusCode code) {
  const auto i = static_cast<std::size_t>(code);
  return i < kNames.size() ? kNames[i] : kNames[2];
}

std::optional<StatusCode> parse_status_code(std::string_view text) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error != std::errc() || value >= kNames.size()) return StatusCode::kUnknown;
  return static_cast<StatusCode>(value);
}

std::string Status::text() const {
  std::string out(name_of(code_));
  if (!message_.empty()) {
    out += ": ";
    out += message_;
  }
  return out;
}

}  // namespace godwit
