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

// The varint of `length` bytes at `p`; at least 10 bytes are readable.
TARGET INLINE std::uint64_t decode(const std::uint8_t* p, std::size_t length, std::uint32_t*) {
  return _pext_u64(_bzhi_u64(load64(p), static_cast<unsigned>(length < 8 ? length * 8 : 64)), kPayload);
}
TARGET INLINE std::uint64_t decode(const std::uint8_t* p, std::size_t length, std::uint64_t*) {
  const std::uint64_t low = _pext_u64(_bzhi_u64(load64(p), static_cast<unsigned>(length < 8 ? length * 8 : 64)), kPayload);
  const std::uint64_t ninth = std::uint64_t{p[8]} & 0x7f, tenth = p[9];
  const std::uint64_t high = ninth << 56 | (length > 9 ? tenth << 63 : 0);
  return low | (length > 8 ? high : 0);
}

template <typename T>
TARGET INLINE bool decode_all(const std::uint8_t* p, const std::uint8_t* end, T* out) {
  const std::uint8_t* start = p;  // of the varint that is being read
  bool ok = true;
  // While 64 bytes, and behind them what a varint that starts there may need, are readable.
  for (; end - p >= 64 + 16; p += 64) {
    for (std::uint64_t mask = ends(p); mask != 0; mask = _blsr_u64(mask)) {
      const std::uint8_t* next = p + _tzcnt_u64(mask) + 1;
      const auto length = static_cast<std::size_t>(next - start);
      ok &= length <= 10;
      *out = static_cast<T>(decode(start, length, out));
      out++;
      start = next;
    }
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
  return ok;
}

// Writes one value before `p`; 10 bytes below must be writable.
TARGET INLINE std::uint8_t* encode(std::uint8_t* p, std::uint64_t value) {
  const auto bits = static_cast<unsigned>(64 - _lzcnt_u64(value | 1));
  const unsigned length = (bits * 9 + 64) / 64;
  if (__builtin_expect(length <= 8, 1)) {
    const std::uint64_t bytes = _pdep_u64(value, kPayload) | (_bzhi_u64(0x8080808080808080u, 8 * (length - 1)));
    const std::uint64_t shifted = bytes << (64 - 8 * length);
    __builtin_memcpy(p - 8, &shifted, 8);  // the value's bytes come last
    return p - length;
  }
  p -= length;
  const std::uint64_t bytes = _pdep_u64(value, kPayload) | 0x8080808080808080u;
  __builtin_memcpy(p, &bytes, 8);
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
