#include "godwit/http2/hpack/huffman.h"

#include <array>

#include "godwit/http2/hpack/huffman_code.h"

namespace godwit::http2::hpack {
namespace {

// The first level looks at 12 bits and finds one or two symbols: codes of 5 to 7 bits are what text is made of.
constexpr unsigned kLookBits = 12;

struct Look {
  std::uint8_t symbols[2] = {0, 0};
  std::uint8_t bits = 0;         // of all symbols found; 0 when the first code is longer than kLookBits
  std::uint8_t count_first = 0;  // how many symbols << 4 | bits of the first one

  unsigned count() const { return count_first >> 4; }
  unsigned first_bits() const { return count_first & 15; }
};

constexpr auto kLooks = [] {
  // What one code at the top of the 12 bits says; 0 bits where it is longer.
  std::array<std::uint16_t, 1u << kLookBits> single{};  // symbol << 4 | bits
  for (int symbol = 0; symbol < kHuffmanSymbols; ++symbol) {
    const HuffmanCode code = kHuffmanCodes[symbol];
    if (code.bits > kLookBits) continue;
    const std::uint32_t first = code.code << (kLookBits - code.bits);
    for (std::uint32_t i = 0; i < 1u << (kLookBits - code.bits); ++i) {
      single[first + i] = static_cast<std::uint16_t>(symbol << 4 | code.bits);
    }
  }
  std::array<Look, 1u << kLookBits> looks{};
  for (std::uint32_t i = 0; i < looks.size(); ++i) {
    const unsigned bits = single[i] & 15u;
    if (bits == 0) continue;
    Look& look = looks[i];
    look.symbols[0] = static_cast<std::uint8_t>(single[i] >> 4);
    look.bits = static_cast<std::uint8_t>(bits);
    look.count_first = static_cast<std::uint8_t>(1u << 4 | bits);
    const std::uint16_t next = single[(i << bits) & (looks.size() - 1)];
    const unsigned next_bits = next & 15u;
    if (next_bits == 0 || bits + next_bits > kLookBits) continue;
    look.symbols[1] = static_cast<std::uint8_t>(next >> 4);
    look.bits = static_cast<std::uint8_t>(bits + next_bits);
    look.count_first = static_cast<std::uint8_t>(2u << 4 | bits);
  }
  return looks;
}();

// Codes longer than kLookBits, by length: the first code that is too large for this length, left-aligned in 32 bits,
// and the place of its symbols.
struct LongCodes {
  struct Length {
    std::uint64_t limit = 0;
    std::uint32_t first_code = 0;
    std::uint16_t first_symbol = 0;  // in `symbols`
    std::uint8_t bits = 0;
  };
  std::array<Length, kHuffmanLongest - kLookBits> lengths{};
  std::array<std::uint16_t, kHuffmanSymbols> symbols{};
  int count = 0;
};

constexpr LongCodes kLong = [] {
  LongCodes codes;
  std::uint16_t at = 0;
  for (std::uint32_t bits = kLookBits + 1; bits <= kHuffmanLongest; ++bits) {
    LongCodes::Length length;
    length.bits = static_cast<std::uint8_t>(bits);
    length.first_symbol = at;
    for (int symbol = 0; symbol < kHuffmanSymbols; ++symbol) {
      if (kHuffmanLengths[symbol] != bits) continue;
      const std::uint32_t code = kHuffmanCodes[symbol].code;
      if (at == length.first_symbol) length.first_code = code;
      length.limit = std::uint64_t{code + 1} << (32 - bits);
      codes.symbols[at++] = static_cast<std::uint16_t>(symbol);
    }
    if (at != length.first_symbol) codes.lengths[codes.count++] = length;
  }
  return codes;
}();

struct Symbol {
  unsigned value;
  unsigned bits;
};

// The code at the top of `window` when it is longer than kLookBits.
Symbol long_symbol(std::uint64_t window) {
  const std::uint64_t top = window >> 32;
  const LongCodes::Length* length = kLong.lengths.data();
  while (top >= length->limit) ++length;  // the last limit is 2^32
  const std::uint32_t code = static_cast<std::uint32_t>(top >> (32 - length->bits));
  return {kLong.symbols[length->first_symbol + code - length->first_code], length->bits};
}

}  // namespace

std::size_t huffman_size(std::string_view text) {
  std::size_t bits = 7;
  for (const char c : text) bits += kHuffmanLengths[static_cast<unsigned char>(c)];
  return bits / 8;
}

std::uint8_t* huffman_encode(std::string_view text, std::uint8_t* to) {
  std::uint64_t window = 0;  // the lowest `bits` bits wait to be written
  unsigned bits = 0;
  for (const char c : text) {
    const HuffmanCode code = kHuffmanCodes[static_cast<unsigned char>(c)];
    window = window << code.bits | code.code;
    bits += code.bits;
    if (bits >= 32) {
      bits -= 32;
      store_be32(to, static_cast<std::uint32_t>(window >> bits));
      to += 4;
    }
  }
  if (const unsigned padding = -bits & 7; padding != 0) {  // with the first bits of EOS: ones
    window = window << padding | ((1u << padding) - 1);
    bits += padding;
  }
  while (bits != 0) {
    bits -= 8;
    *to++ = static_cast<std::uint8_t>(window >> bits);
  }
  return to;
}

std::size_t huffman_decode(Bytes coded, char* to, std::size_t room) {
  const std::uint8_t* p = coded.data();
  const std::uint8_t* const end = p + coded.size();
  char* const begin = to;
  std::uint64_t window = 0;  // the highest `bits` bits are read and not decoded; bits below are zero or the right ones
  unsigned bits = 0;

  if (room >= huffman_room(coded.size())) {
    while (end - p >= 8) {
      window |= load_be64(p) >> bits;
      p += (63 - bits) >> 3;
      bits |= 56;
      // 4 looks use up at most 48 of at least 56 bits.
      for (int i = 0; i < 4; ++i) {
        const Look look = kLooks[window >> (64 - kLookBits)];
        if (look.bits == 0) [[unlikely]] {
          if (i != 0) break;
          const Symbol symbol = long_symbol(window);
          if (symbol.value == kHuffmanEos) return kBadHuffman;
          *to++ = static_cast<char>(symbol.value);
          window <<= symbol.bits;
          bits -= symbol.bits;
          break;
        }
        to[0] = static_cast<char>(look.symbols[0]);
        to[1] = static_cast<char>(look.symbols[1]);
        to += look.count();
        window <<= look.bits;
        bits -= look.bits;
      }
    }
  }

  // The last bytes, or all of them when there may not be enough room.
  std::size_t size = static_cast<std::size_t>(to - begin);
  auto put = [&](unsigned symbol) {
    if (size < room) begin[size] = static_cast<char>(symbol);
    ++size;
  };
  for (;;) {
    while (bits <= 56 && p != end) {
      window |= std::uint64_t{*p++} << (56 - bits);
      bits += 8;
    }
    if (bits == 0) return size;
    // Behind the end stand ones, as in padding.
    const std::uint64_t padded = bits < 64 ? window | ~std::uint64_t{0} >> bits : window;
    const Look look = kLooks[padded >> (64 - kLookBits)];
    if (look.bits != 0 && look.bits <= bits) {
      put(look.symbols[0]);
      if (look.count() == 2) put(look.symbols[1]);
      window <<= look.bits;
      bits -= look.bits;
      continue;
    }
    const Symbol symbol = look.bits != 0 ? Symbol{look.symbols[0], look.first_bits()} : long_symbol(padded);
    if (symbol.bits > bits) {
      // No whole code is left: up to 7 bits of padding, all ones.
      return bits < 8 && padded >> 56 == 0xff ? size : kBadHuffman;
    }
    if (symbol.value == kHuffmanEos) return kBadHuffman;
    put(symbol.value);
    window <<= symbol.bits;
    bits -= symbol.bits;
  }
}

}  // namespace godwit::http2::hpack
