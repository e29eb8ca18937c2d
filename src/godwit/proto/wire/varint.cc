#include "godwit/proto/wire/varint.h"

namespace godwit::proto {

Varint read_varint_long(const std::uint8_t* p, const std::uint8_t* end) {
  if (end - p >= 8) {
    std::uint64_t w;
    std::memcpy(&w, p, 8);
    const std::uint64_t stop = ~w & 0x8080808080808080u;
    if (__builtin_expect(stop != 0, 1)) {
      w &= (stop ^ (stop - 1)) & 0x7f7f7f7f7f7f7f7fu;  // the bytes up to the last one, without their top bits
      w = (w & 0x007f007f007f007fu) | (w & 0x7f007f007f007f00u) >> 1;
      w = (w & 0x00003fff00003fffu) | (w & 0x3fff00003fff0000u) >> 2;
      w = (w & 0x000000000fffffffu) | (w & 0x0fffffff00000000u) >> 4;
      return {w, p + (__builtin_ctzll(stop) + 1) / 8};
    }
  }
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (p == end) return {0, nullptr};
    const std::uint8_t byte = *p++;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return {value, p};
  }
  return {1, nullptr};
}

}  // namespace godwit::proto
