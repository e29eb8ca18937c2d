#include "godwit/proto/wire/simd.h"

#ifdef GODWIT_PROTO_AVX2
#include <immintrin.h>

// The look-up method of Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2021): three
// 16-entry tables, indexed by the half bytes of each byte and its predecessor, give a bit for each kind of error that
// the pair allows; the pair is wrong when a bit is set in all three. Third and fourth bytes are checked apart.

#define TARGET __attribute__((target("avx2,bmi,bmi2")))

namespace godwit::proto {
namespace {

constexpr char kTooShort = 1 << 0;      // a lead byte, then no continuation
constexpr char kTooLong = 1 << 1;       // ASCII, then a continuation
constexpr char kOverlong3 = 1 << 2;     // E0 with 80..9F
constexpr char kTooLarge = 1 << 3;      // F4 with 90.., F5..
constexpr char kSurrogate = 1 << 4;     // ED with A0..BF
constexpr char kOverlong2 = 1 << 5;     // C0, C1
constexpr char kTooLarge1000 = 1 << 6;  // F5.. with 80..8F
constexpr char kOverlong4 = 1 << 6;     // F0 with 80..8F
constexpr char kTwoConts = static_cast<char>(1 << 7);
constexpr char kCarry = static_cast<char>(kTooShort | kTooLong | kTwoConts);

// Bits of errors, not zero where the byte at the same place of `input` is wrong after the three before it.
TARGET inline __attribute__((always_inline)) __m256i errors(__m256i input, __m256i prev1, __m256i prev2, __m256i prev3) {
  const __m256i first_high = _mm256_setr_epi8(
      kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTwoConts, kTwoConts, kTwoConts,
      kTwoConts, kTooShort | kOverlong2, kTooShort, kTooShort | kOverlong3 | kSurrogate,
      kTooShort | kTooLarge | kTooLarge1000 | kOverlong4, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong, kTooLong,
      kTooLong, kTooLong, kTwoConts, kTwoConts, kTwoConts, kTwoConts, kTooShort | kOverlong2, kTooShort,
      kTooShort | kOverlong3 | kSurrogate, kTooShort | kTooLarge | kTooLarge1000 | kOverlong4);
  const char large = static_cast<char>(kCarry | kTooLarge | kTooLarge1000);
  const __m256i first_low = _mm256_setr_epi8(
      kCarry | kOverlong3 | kOverlong2 | kOverlong4, kCarry | kOverlong2, kCarry, kCarry, kCarry | kTooLarge, large, large,
      large, large, large, large, large, large, large | kSurrogate, large, large,
      kCarry | kOverlong3 | kOverlong2 | kOverlong4, kCarry | kOverlong2, kCarry, kCarry, kCarry | kTooLarge, large, large,
      large, large, large, large, large, large, large | kSurrogate, large, large);
  const char cont8 = static_cast<char>(kTooLong | kOverlong2 | kTwoConts | kOverlong3 | kTooLarge1000 | kOverlong4);
  const char cont9 = static_cast<char>(kTooLong | kOverlong2 | kTwoConts | kOverlong3 | kTooLarge);
  const char cont_ab = static_cast<char>(kTooLong | kOverlong2 | kTwoConts | kSurrogate | kTooLarge);
  const __m256i second_high = _mm256_setr_epi8(
      kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, cont8, cont9, cont_ab,
      cont_ab, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort, kTooShort,
      kTooShort, kTooShort, kTooShort, cont8, cont9, cont_ab, cont_ab, kTooShort, kTooShort, kTooShort, kTooShort);
  const __m256i low_half = _mm256_set1_epi8(0x0f);
  const __m256i special = _mm256_and_si256(
      _mm256_and_si256(_mm256_shuffle_epi8(first_high, _mm256_and_si256(_mm256_srli_epi16(prev1, 4), low_half)),
                       _mm256_shuffle_epi8(first_low, _mm256_and_si256(prev1, low_half))),
      _mm256_shuffle_epi8(second_high, _mm256_and_si256(_mm256_srli_epi16(input, 4), low_half)));
  const __m256i third = _mm256_subs_epu8(prev2, _mm256_set1_epi8(static_cast<char>(0xe0 - 0x80)));
  const __m256i fourth = _mm256_subs_epu8(prev3, _mm256_set1_epi8(static_cast<char>(0xf0 - 0x80)));
  const __m256i must_continue =
      _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(0x80)));
  return _mm256_xor_si256(must_continue, special);
}

TARGET inline __attribute__((always_inline)) __m256i load(const std::uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

// 32 bytes at `p` that begin a text.
TARGET inline __attribute__((always_inline)) __m256i errors_at_start(__m256i input) {
  const __m256i low_to_high = _mm256_permute2x128_si256(input, input, 0x08);  // zero, then the low half
  return errors(input, _mm256_alignr_epi8(input, low_to_high, 15), _mm256_alignr_epi8(input, low_to_high, 14),
                _mm256_alignr_epi8(input, low_to_high, 13));
}

TARGET inline __attribute__((always_inline)) __m256i errors_inside(__m256i input, const std::uint8_t* p) {
  return errors(input, load(p - 1), load(p - 2), load(p - 3));
}

// Whether the last bytes before `end` (at least 3 belong to the text) begin a character that is not complete.
TARGET inline __attribute__((always_inline)) bool is_cut_off(const std::uint8_t* end) {
  return end[-1] >= 0xc0 || end[-2] >= 0xe0 || end[-3] >= 0xf0;
}

// Up to 31 bytes; they are copied in front of zeros, which end every character.
TARGET bool validate_short(const std::uint8_t* p, std::size_t size) {
  alignas(32) unsigned char buffer[32];
  _mm256_store_si256(reinterpret_cast<__m256i*>(buffer), _mm256_setzero_si256());
  std::size_t i = 0;
  if (size & 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(buffer), _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    i = 16;
  }
  if (size & 8) {
    __builtin_memcpy(buffer + i, p + i, 8);
    i += 8;
  }
  if (size & 4) {
    __builtin_memcpy(buffer + i, p + i, 4);
    i += 4;
  }
  if (size & 2) {
    __builtin_memcpy(buffer + i, p + i, 2);
    i += 2;
  }
  if (size & 1) buffer[i] = p[i];
  const __m256i input = _mm256_load_si256(reinterpret_cast<const __m256i*>(buffer));
  const __m256i error = errors_at_start(input);
  return _mm256_testz_si256(error, error);
}

// 32 bytes and more. With kCopy they are copied on the way.
template <bool kCopy>
TARGET inline __attribute__((always_inline)) bool walk(std::uint8_t* to, const std::uint8_t* p, std::size_t size) {
  const __m256i first = load(p);
  if (kCopy) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), first);
  __m256i error = _mm256_setzero_si256();
  bool open = false;  // the block before held a byte above ASCII
  if (_mm256_movemask_epi8(first) != 0) {
    error = errors_at_start(first);
    open = true;
  }
  std::size_t i = 32;
  for (; i + 32 <= size; i += 32) {
    const __m256i input = load(p + i);
    if (kCopy) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), input);
    const bool plain = _mm256_movemask_epi8(input) == 0;
    if (!plain || open) error = _mm256_or_si256(error, errors_inside(input, p + i));
    open = !plain;
  }
  if (i < size) {  // the last 32 bytes once more, overlapping
    const std::uint8_t* last = p + size - 32;
    const __m256i input = load(last);
    if (kCopy) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + size - 32), input);
    const bool plain = _mm256_movemask_epi8(input) == 0;
    if (!plain || open) {
      // With fewer than 3 bytes before, the text has at most 34: check the overlap from its start, shifted.
      if (size >= 35) {
        error = _mm256_or_si256(error, errors_inside(input, last));
      } else {
        alignas(32) unsigned char tail[48] = {};
        __builtin_memcpy(tail, p + 29, 6 - (35 - size));
        const __m256i rest = load(tail);
        // Three bytes of context, whose own errors were found above: only those of the bytes behind them count.
        const __m256i found = errors_at_start(rest);
        const __m256i mask = _mm256_setr_epi8(0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                              -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
        error = _mm256_or_si256(error, _mm256_and_si256(found, mask));
      }
    }
  }
  return _mm256_testz_si256(error, error) && !is_cut_off(p + size);
}

}  // namespace

TARGET bool validate_utf8_avx2(const std::uint8_t* p, std::size_t size) {
  return size < 32 ? validate_short(p, size) : walk<false>(nullptr, p, size);
}

TARGET bool copy_utf8_avx2(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  if (size >= 32) return walk<true>(to, from, size);
  const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + size - 16));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), a);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + size - 16), b);
  return _mm_movemask_epi8(_mm_or_si128(a, b)) == 0 || validate_short(from, size);
}

}  // namespace godwit::proto
#endif
