#include "godwit/base/json_error.h"

#include "godwit/base/json_utf8.h"

namespace godwit {

void JsonPath::prepend_field(std::string_view name) {
  std::string text(name);
  if (!text_.empty() && text_[0] != '[') text += '.';
  text_.insert(0, text);
}

void JsonPath::prepend_index(std::size_t index) {
  const bool dot = !text_.empty() && text_[0] != '[';
  text_.insert(0, "[" + std::to_string(index) + (dot ? "]." : "]"));
}

void JsonPath::prepend_key(std::string_view key) {
  const bool dot = !text_.empty() && text_[0] != '[';
  text_.insert(0, "[" + quote_for_error(key) + (dot ? "]." : "]"));
}

std::string quote_for_error(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string out = "\"";
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    const std::size_t size = utf8_sequence_size(p, end);
    if (static_cast<std::size_t>(p - text.data()) + size > kShown) return out + "\"...";
    if (json_plain(*p) || size > 1) {
      out.append(p, size);
      p += size;
    } else if (*p == '"' || *p == '\\') {
      out += '\\';
      out += *p++;
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      const auto byte = static_cast<std::uint8_t>(*p++);
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out + "\"";
}

}  // namespace godwit
