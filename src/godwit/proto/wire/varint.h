#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace godwit::proto {

struct Varint {
  std::uint64_t value;
  // Behind the last byte. Null when reading failed: then `value` is 0 if the input ended, 1 if 10 bytes were not enough.
  const std::uint8_t* next;
};

Varint read_varint_long(const std::uint8_t* p, const std::uint8_t* end);

// Reads no byte at or behind `end`.
inline Varint read_varint(const std::uint8_t* p, const std::uint8_t* end) {
  if (__builtin_expect(p < end && *p < 0x80, 1)) return {*p, p + 1};
  return read_varint_long(p, end);
}

constexpr std::uint32_t zigzag_encode(std::int32_t v) {
  return static_cast<std::uint32_t>(v) << 1 ^ static_cast<std::uint32_t>(v >> 31);
}
constexpr std::uint64_t zigzag_encode(std::int64_t v) {
  return static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int32_t zigzag_decode(std::uint32_t v) { return static_cast<std::int32_t>(v >> 1 ^ (0 - (v & 1))); }
constexpr std::int64_t zigzag_decode(std::uint64_t v) { return static_cast<std::int64_t>(v >> 1 ^ (0 - (v & 1))); }

// Bytes of the varint: 1 to 10.
constexpr std::size_t varint_size(std::uint64_t v) {
  return (static_cast<std::size_t>(63 - __builtin_clzll(v | 1)) * 9 + 73) / 64;
}

// Writes the varint so that it ends before `p`; returns its first byte.
inline std::uint8_t* write_varint_before(std::uint8_t* p, std::uint64_t v) {
  if (v < 0x80) {
    *--p = static_cast<std::uint8_t>(v);
    return p;
  }
  p -= varint_size(v);
  std::uint8_t* q = p;
  do {
    *q++ = static_cast<std::uint8_t>(v | 0x80);
    v >>= 7;
  } while (v >= 0x80);
  *q = static_cast<std::uint8_t>(v);
  return p;
}

}  // namespace godwit::proto
