#include "godwit/http2/hpack/integer.h"

namespace godwit::http2::hpack {

IntegerStatus read_integer_tail(const std::uint8_t*& p, const std::uint8_t* end, std::uint32_t& value) {
  std::uint64_t sum = value;
  for (int shift = 0;; shift += 7) {
    if (p == end) return IntegerStatus::kTruncated;
    // 5 bytes hold 35 bits; a sixth, even of zeros, is refused.
    if (shift > 28) return IntegerStatus::kOverflow;
    sum += std::uint64_t{*p & 0x7fu} << shift;
    if (sum > 0xffffffff) return IntegerStatus::kOverflow;
    if ((*p++ & 0x80) == 0) break;
  }
  value = static_cast<std::uint32_t>(sum);
  return IntegerStatus::kDone;
}

}  // namespace godwit::http2::hpack
