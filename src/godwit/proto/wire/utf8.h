#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "godwit/base/bytes.h"

namespace godwit::proto {

// Any size; see is_valid_utf8.
bool is_valid_utf8_long(Bytes text);

// Copies `size` bytes and tells whether they are well-formed UTF-8. The two ranges do not overlap.
bool copy_utf8_long(std::uint8_t* to, const std::uint8_t* from, std::size_t size);

// Copies up to 16 bytes with overlapping loads, none of them outside; true when all of them are ASCII.
inline bool copy_ascii_short(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  if (size >= 8) {
    std::uint64_t a, b;
    std::memcpy(&a, from, 8);
    std::memcpy(&b, from + size - 8, 8);
    std::memcpy(to, &a, 8);
    std::memcpy(to + size - 8, &b, 8);
    return ((a | b) & 0x8080808080808080u) == 0;
  }
  if (size >= 4) {
    std::uint32_t a, b;
    std::memcpy(&a, from, 4);
    std::memcpy(&b, from + size - 4, 4);
    std::memcpy(to, &a, 4);
    std::memcpy(to + size - 4, &b, 4);
    return ((a | b) & 0x80808080u) == 0;
  }
  if (size == 0) return true;
  const std::uint8_t a = from[0], b = from[size / 2], c = from[size - 1];
  to[0] = a;
  to[size / 2] = b;
  to[size - 1] = c;
  return ((a | b | c) & 0x80) == 0;
}

// Whether up to 16 bytes are all ASCII; reads none outside.
inline bool is_ascii_short(const std::uint8_t* p, std::size_t size) {
  if (size >= 8) {
    std::uint64_t a, b;
    std::memcpy(&a, p, 8);
    std::memcpy(&b, p + size - 8, 8);
    return ((a | b) & 0x8080808080808080u) == 0;
  }
  if (size >= 4) {
    std::uint32_t a, b;
    std::memcpy(&a, p, 4);
    std::memcpy(&b, p + size - 4, 4);
    return ((a | b) & 0x80808080u) == 0;
  }
  return size == 0 || ((p[0] | p[size / 2] | p[size - 1]) & 0x80) == 0;
}

// Well-formed UTF-8 (Unicode, table 3-7): no surrogates, no overlong forms, at most U+10FFFF.
inline bool is_valid_utf8(Bytes text) {
  return (text.size() <= 16 && is_ascii_short(text.data(), text.size())) || is_valid_utf8_long(text);
}
inline bool is_valid_utf8(std::string_view text) { return is_valid_utf8(as_bytes(text)); }

inline bool copy_utf8(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  if (size > 16) return copy_utf8_long(to, from, size);
  return copy_ascii_short(to, from, size) || is_valid_utf8_long(Bytes(from, size));
}

}  // namespace godwit::proto
