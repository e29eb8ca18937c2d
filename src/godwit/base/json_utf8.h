#pragma once

#include <cstddef>
#include <cstdint>

namespace godwit {

// The size of the well-formed UTF-8 sequence at `p` (Unicode, table 3-7), or 0 when there is none. p < end.
inline std::size_t utf8_sequence_size(const char* p, const char* end) {
  const auto byte = [p](std::size_t i) { return static_cast<std::uint8_t>(p[i]); };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto left = static_cast<std::size_t>(end - p);
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || left < 2 || !continues(1)) return 0;
  if (lead < 0xE0) return 2;
  if (left < 3 || !continues(2)) return 0;
  if (lead < 0xF0) {
    if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (left < 4 || !continues(3)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return 4;
}

// Eight bytes of a string that need no look: ASCII, no control character, no quote, no backslash.
inline bool json_plain8(const char* p) {
  std::uint64_t v;
  __builtin_memcpy(&v, p, 8);
  constexpr std::uint64_t kOnes = 0x0101010101010101u, kHighs = 0x8080808080808080u;
  const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x; };
  const std::uint64_t below_space = (v - kOnes * 0x20) & ~v;
  return ((v | below_space | has_zero(v ^ kOnes * '"') | has_zero(v ^ kOnes * '\\')) & kHighs) == 0;
}

// One byte of the same kind.
inline bool json_plain(char c) {
  const auto u = static_cast<std::uint8_t>(c);
  return u >= 0x20 && u < 0x80 && c != '"' && c != '\\';
}

}  // namespace godwit
