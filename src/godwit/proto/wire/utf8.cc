#include "godwit/proto/wire/utf8.h"

#include <atomic>

#include "godwit/proto/wire/simd.h"

namespace godwit::proto {
namespace {

bool validate_portable(const std::uint8_t* p, std::size_t size) {
  const std::uint8_t* end = p + size;
  while (p < end) {
    while (end - p >= 8) {
      std::uint64_t w;
      std::memcpy(&w, p, 8);
      if (w & 0x8080808080808080u) break;
      p += 8;
    }
    if (p == end) return true;
    const std::uint8_t first = *p;
    if (first < 0x80) {
      p++;
      continue;
    }
    // The second byte's range depends on the first; the others are 80 to BF.
    std::uint8_t low = 0x80, high = 0xbf;
    std::ptrdiff_t length;
    if (first >= 0xc2 && first <= 0xdf) {
      length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      length = 3;
      if (first == 0xe0) low = 0xa0;
      if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      length = 4;
      if (first == 0xf0) low = 0x90;
      if (first == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - p < length || p[1] < low || p[1] > high) return false;
    for (std::ptrdiff_t i = 2; i < length; i++) {
      if ((p[i] & 0xc0) != 0x80) return false;
    }
    p += length;
  }
  return true;
}

bool copy_portable(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  std::memcpy(to, from, size);
  return validate_portable(from, size);
}

using Validate = bool (*)(const std::uint8_t*, std::size_t);
using Copy = bool (*)(std::uint8_t*, const std::uint8_t*, std::size_t);

bool choose_validate(const std::uint8_t* p, std::size_t size);
bool choose_copy(std::uint8_t* to, const std::uint8_t* from, std::size_t size);
constinit std::atomic<Validate> validate{choose_validate};
constinit std::atomic<Copy> copy{choose_copy};

bool choose_validate(const std::uint8_t* p, std::size_t size) {
  Validate best = validate_portable;
#ifdef GODWIT_PROTO_AVX2
  if (cpu_has_avx2()) best = validate_utf8_avx2;
#endif
  validate.store(best, std::memory_order_relaxed);
  return best(p, size);
}

bool choose_copy(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  Copy best = copy_portable;
#ifdef GODWIT_PROTO_AVX2
  if (cpu_has_avx2()) best = copy_utf8_avx2;
#endif
  copy.store(best, std::memory_order_relaxed);
  return best(to, from, size);
}

}  // namespace

bool is_valid_utf8_long(Bytes text) { return validate.load(std::memory_order_relaxed)(text.data(), text.size()); }

bool copy_utf8_long(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  return copy.load(std::memory_order_relaxed)(to, from, size);
}

}  // namespace godwit::proto
