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

// For when there may not be room for everything: code by code what fits, and the count of all.
std::size_t decode_bounded(Bytes coded, char* to, std::size_t room) {
  const std::uint8_t* p = coded.data();
  const std::uint8_t* const end = p + coded.size();
  std::uint64_t window = 0;  // the highest `bits` bits are read and not decoded; the others are 0
  unsigned bits = 0;
  std::size_t size = 0;
  for (;;) {
    while (bits <= 56 && p != end) {
      window |= std::uint64_t{*p++} << (56 - bits);
      bits += 8;
    }
    if (bits == 0) return size;
    // Behind the end stand ones, as in padding.
    const std::uint64_t padded = bits < 64 ? window | ~std::uint64_t{0} >> bits : window;
    const Look look = kLooks[padded >> (64 - kLookBits)];
    const Symbol symbol = look.bits != 0 ? Symbol{look.symbols[0], look.first_bits()} : long_symbol(padded);
    if (symbol.bits > bits) {
      // No whole code is left: up to 7 bits of padding, all ones.
      return bits < 8 && padded >> 56 == 0xff ? size : kBadHuffman;
    }
    if (symbol.value == kHuffmanEos) return kBadHuffman;
    if (size < room) to[size] = static_cast<char>(symbol.value);
    ++size;
    window <<= symbol.bits;
    bits -= symbol.bits;
  }
}

// Decodes with room for everything, through a window of 64 bits.
struct Window {
  std::uint64_t window = 0;  // the highest `bits` bits are read and not decoded; bits below are 0 or the right ones
  unsigned bits = 0;
  const std::uint8_t* p;
  char* to;

  // Goes on while p <= last, where 8 bytes can be read, and up to EOS; whether that was found.
  bool run(const std::uint8_t* last) {
    while (p <= last) {
      window |= load_be64(p) >> bits;
      p += (63 - bits) >> 3;
      bits |= 56;
      // 4 looks use up at most 48 of at least 56 bits.
      for (int i = 0; i < 4; ++i) {
        const Look look = kLooks[window >> (64 - kLookBits)];
        if (look.bits == 0) [[unlikely]] {
          if (i != 0) break;
          const Symbol symbol = long_symbol(window);
          if (symbol.value == kHuffmanEos) return true;
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
    return false;
  }
};

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
  if (room < huffman_room(coded.size())) [[unlikely]]
    return decode_bounded(coded, to, room);
  const std::uint8_t* const end = coded.data() + coded.size();
  Window window{0, 0, coded.data(), to};
  std::uint64_t rest = 0;  // what the last bytes are
  unsigned rest_size = static_cast<unsigned>(coded.size());
  if (coded.size() >= 8) {
    if (window.run(end - 8)) return kBadHuffman;
    rest_size = static_cast<unsigned>(end - window.p);
    rest = load_be64(end - 8);
  } else {
    for (const std::uint8_t byte : coded) rest = rest << 8 | byte;
  }

  // The last bytes, fewer than 8, with ones behind them: the EOS that they make with the padding ends the loop.
  std::uint8_t last[40];
  for (int i = 8; i < 40; i += 8) store_be64(last + i, ~std::uint64_t{0});
  store_be64(last,
             rest_size != 0 ? rest << (64 - 8 * rest_size) | ~std::uint64_t{0} >> 8 * rest_size : ~std::uint64_t{0});
  window.p = last;
  window.run(last + sizeof last - 8);
  const std::ptrdiff_t decoded = (window.p - last) * 8 - static_cast<std::ptrdiff_t>(window.bits);
  const std::ptrdiff_t padding = static_cast<std::ptrdiff_t>(rest_size) * 8 - decoded;
  // Less than 0: the last code borrowed of the ones. More than 7: EOS stood inside, or the padding is too long.
  if (padding < 0 || padding > 7) return kBadHuffman;
  return static_cast<std::size_t>(window.to - to);
}

}  // namespace godwit::http2::hpack
