#include "godwit/proto/wire/simd.h"

#ifdef GODWIT_PROTO_AVX2
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define INLINE inline __attribute__((always_inline))

namespace godwit::proto {
namespace {

constexpr std::uint64_t kPayload = 0x7f7f7f7f7f7f7f7f;

TARGET INLINE std::uint64_t load64(const std::uint8_t* p) {
  std::uint64_t v;
  __builtin_memcpy(&v, p, 8);
  return v;
}

// One bit for each of 64 bytes: set where a varint ends.
TARGET INLINE std::uint64_t ends(const std::uint8_t* p) {
  const auto low = static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
  const auto high = static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))));
  return ~(std::uint64_t{high} << 32 | low);
}

// The varint of `length` bytes at `p`; at least 10 bytes are readable. _bzhi_u64 keeps all bits for an index above 63.
TARGET INLINE std::uint64_t decode(const std::uint8_t* p, std::size_t length, std::uint32_t*) {
  return _bzhi_u64(_pext_u64(load64(p), kPayload), static_cast<unsigned>(length * 7));
}
TARGET INLINE std::uint64_t decode(const std::uint8_t* p, std::size_t length, std::uint64_t*) {
  const std::uint64_t low = _bzhi_u64(_pext_u64(load64(p), kPayload), static_cast<unsigned>(length * 7));
  const std::uint64_t ninth = std::uint64_t{p[8]} & 0x7f, tenth = p[9];
  const std::uint64_t high = ninth << 56 | (length > 9 ? tenth << 63 : 0);
  return low | (length > 8 ? high : 0);
}

// Whether a varint of more than 10 bytes ends or goes on in a block: 10 continuation bytes in a row. `before` of them came
// directly before the block.
TARGET INLINE bool has_overlong(std::uint64_t mask, std::size_t before) {
  const std::uint64_t more = ~mask;
  std::uint64_t rows = more & more >> 1;  // of 2, then of 4, 8, 10
  rows &= rows >> 2;
  rows &= rows >> 4;
  rows &= more >> 8 & more >> 9;
  return rows != 0 || before + _tzcnt_u64(mask) > 9;
}

template <typename T>
TARGET INLINE bool decode_all(const std::uint8_t* p, const std::uint8_t* end, T* out) {
  const std::uint8_t* start = p;  // of the varint that is being read
  // Values are decoded in fours, so that the loop's end can be foreseen; up to three too many are overwritten later. So
  // a block needs 40 bytes behind it: four varints, and what a varint that starts in the block may need.
  for (; end - p >= 64 + 40; p += 64) {
    std::uint64_t mask = ends(p);
    if (__builtin_expect(has_overlong(mask, static_cast<std::size_t>(p - start)), 0)) return false;
    const auto count = static_cast<std::size_t>(_mm_popcnt_u64(mask));
    const std::uint8_t* behind = p + 64 - _lzcnt_u64(mask);
    for (std::size_t i = 0; i < count; i += 4) {
      for (std::size_t j = 0; j < 4; j++) {
        const std::uint8_t* next = p + _tzcnt_u64(mask) + 1;
        mask = _blsr_u64(mask);
        out[i + j] = static_cast<T>(decode(start, static_cast<std::size_t>(next - start), out));
        start = next;
      }
    }
    out += count;
    start = behind;
  }
  while (start < end) {
    std::uint64_t value = 0;
    int shift = 0;
    while (*start >= 0x80) {
      if (shift > 56) return false;
      value |= static_cast<std::uint64_t>(*start++ & 0x7f) << shift;
      shift += 7;
    }
    value |= static_cast<std::uint64_t>(*start++) << shift;
    *out++ = static_cast<T>(value);
  }
  return true;
}

// Writes one value before `p`; 10 bytes below must be writable.
TARGET INLINE std::uint8_t* encode(std::uint8_t* p, std::uint64_t value) {
  const std::uint64_t bytes = _pdep_u64(value, kPayload);
  if (__builtin_expect(value >> 56 == 0, 1)) {
    // The value's bytes become the last of eight; what is below them is overwritten later.
    const std::uint64_t unused = _lzcnt_u64(bytes | 1) & 56;
    const std::uint64_t last = bytes << unused | 0x0080808080808080u;
    __builtin_memcpy(p - 8, &last, 8);
    return p - 8 + unused / 8;
  }
  const std::size_t length = value >> 63 ? 10 : 9;
  p -= length;
  const std::uint64_t first = bytes | 0x8080808080808080u;
  __builtin_memcpy(p, &first, 8);
  p[8] = static_cast<std::uint8_t>(value >> 56);
  if (length > 9) {
    p[8] |= 0x80;
    p[9] = 1;
  }
  return p;
}

}  // namespace

TARGET std::size_t count_varints_avx2(const std::uint8_t* p, std::size_t size) {
  std::size_t count = 0, i = 0;
  for (; i + 64 <= size; i += 64) count += static_cast<std::size_t>(_mm_popcnt_u64(ends(p + i)));
  for (; i < size; i++) count += p[i] < 0x80;
  return count;
}

TARGET bool decode_varints32_avx2(const std::uint8_t* p, const std::uint8_t* end, std::uint32_t* out) {
  return decode_all(p, end, out);
}
TARGET bool decode_varints64_avx2(const std::uint8_t* p, const std::uint8_t* end, std::uint64_t* out) {
  return decode_all(p, end, out);
}

TARGET std::uint8_t* encode_varints32_avx2(std::uint8_t* end, const std::uint32_t* values, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) end = encode(end, values[i]);
  return end;
}
TARGET std::uint8_t* encode_signed32_avx2(std::uint8_t* end, const std::int32_t* values, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) end = encode(end, static_cast<std::uint64_t>(std::int64_t{values[i]}));
  return end;
}
TARGET std::uint8_t* encode_varints64_avx2(std::uint8_t* end, const std::uint64_t* values, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) end = encode(end, values[i]);
  return end;
}

}  // namespace godwit::proto
#endif
