#pragma once

#include <cstdint>

namespace godwit::http2::hpack {

// Integers with an N-bit prefix, RFC 7541 section 5.1. Values have up to 32 bits here.

// At most this many bytes, the one with the prefix included.
inline constexpr int kIntegerMax = 6;

// Writes `value` with a prefix of `prefix_bits` (1 to 8) behind the bits of `first`. Returns the end.
inline std::uint8_t* put_integer(std::uint8_t* to, std::uint8_t first, int prefix_bits, std::uint32_t value) {
  const std::uint32_t most = (1u << prefix_bits) - 1;
  if (value < most) [[likely]] {
    *to++ = static_cast<std::uint8_t>(first | value);
    return to;
  }
  *to++ = static_cast<std::uint8_t>(first | most);
  value -= most;
  while (value >= 0x80) {
    *to++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

enum class IntegerStatus : std::uint8_t { kDone, kTruncated, kOverflow };

// Reads what follows a prefix full of ones: `value` holds the prefix (2^N - 1) and gets the sum. `p` moves behind the
// last byte that was read; on kOverflow it stands at the byte that is too much.
IntegerStatus read_integer_tail(const std::uint8_t*& p, const std::uint8_t* end, std::uint32_t& value);

}  // namespace godwit::http2::hpack
