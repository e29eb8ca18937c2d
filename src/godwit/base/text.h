#pragma once

#include <string>
#include <string_view>

namespace godwit {

constexpr bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

// "text", for error messages.
inline std::string in_quotes(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  out += text;
  out += '"';
  return out;
}

}  // namespace godwit
