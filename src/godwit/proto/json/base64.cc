#include "godwit/proto/json/base64.h"

#include <array>
#include <cstdint>

namespace godwit::proto {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xFF;

// The values of both alphabets; + / - _ are told apart by their characters.
constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kNone;
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<std::uint8_t>(kAlphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<std::uint8_t>(bytes[i])}; };
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    const char text[4] = {kAlphabet[bits >> 18], kAlphabet[bits >> 12 & 63], kAlphabet[bits >> 6 & 63], kAlphabet[bits & 63]};
    out.append(text, 4);
  }
  if (i == bytes.size()) return;
  const bool two = i + 2 == bytes.size();
  const std::uint32_t bits = at(i) << 16 | (two ? at(i + 1) << 8 : 0);
  const char text[4] = {kAlphabet[bits >> 18], kAlphabet[bits >> 12 & 63], two ? kAlphabet[bits >> 6 & 63] : '=', '='};
  out.append(text, 4);
}

const char* parse_base64(std::string_view text, std::string& out) {
  out.clear();
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return "base64 text is cut off";
  if (padding != 0 && rest + padding != 4) return "base64 text has the wrong padding";
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  bool standard = false, url = false;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(c)];
    if (value == kNone) return "not a character of base64";
    standard |= c == '+' || c == '/';
    url |= c == '-' || c == '_';
    bits = bits << 6 | value;
    if (++count == 4) {
      const char three[3] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
      out.append(three, 3);
      bits = count = 0;
    }
  }
  if (standard && url) return "base64 text mixes its two alphabets (+ / and - _)";
  if (rest >= 2) out += static_cast<char>(rest == 2 ? bits >> 4 : bits >> 10);
  if (rest == 3) out += static_cast<char>(bits >> 2);
  return nullptr;
}

}  // namespace godwit::proto
