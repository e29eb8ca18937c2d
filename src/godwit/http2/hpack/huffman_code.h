#pragma once

#include <array>
#include <cstdint>

namespace godwit::http2::hpack {

// The Huffman code of RFC 7541 appendix B. It is canonical (codes of one length follow each other in the order of
// their symbols, longer codes follow shorter ones), so the lengths say everything; 256 is EOS.
inline constexpr int kHuffmanSymbols = 257;
inline constexpr int kHuffmanEos = 256;
inline constexpr int kHuffmanShortest = 5;
inline constexpr int kHuffmanLongest = 30;

inline constexpr std::array<std::uint8_t, kHuffmanSymbols> kHuffmanLengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,  //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,  //
    6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,   //
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10,  //
    13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,   //
    7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,   //
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,   //
    6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28,  //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,  //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,  //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,  //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,  //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,  //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,  //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,  //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,  //
    30};

// The code of a symbol: the lowest `bits` bits of `code`.
struct HuffmanCode {
  std::uint32_t code = 0;
  std::uint32_t bits = 0;
};

inline constexpr std::array<HuffmanCode, kHuffmanSymbols> kHuffmanCodes = [] {
  std::array<HuffmanCode, kHuffmanSymbols> codes{};
  std::uint32_t next = 0;
  for (std::uint32_t bits = kHuffmanShortest; bits <= kHuffmanLongest; ++bits) {
    next <<= 1;
    for (int symbol = 0; symbol < kHuffmanSymbols; ++symbol) {
      if (kHuffmanLengths[symbol] == bits) codes[symbol] = {next++, bits};
    }
  }
  return codes;
}();
static_assert(kHuffmanCodes[kHuffmanEos].code == 0x3fffffff, "the lengths must fill the code space exactly");

}  // namespace godwit::http2::hpack
