#include "godwit/http2/hpack/huffman.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/base/random.h"
#include "godwit/http2/hpack/huffman_code.h"

namespace godwit::http2::hpack {
namespace {

std::vector<std::uint8_t> encoded(std::string_view text) {
  // One byte more, to see that nothing is written behind the end.
  std::vector<std::uint8_t> bytes(huffman_size(text) + 1, 0x5a);
  std::uint8_t* const end = huffman_encode(text, bytes.data());
  EXPECT_EQ(end - bytes.data(), static_cast<std::ptrdiff_t>(bytes.size() - 1));
  EXPECT_EQ(bytes.back(), 0x5a);
  bytes.pop_back();
  return bytes;
}

// Decodes in exactly the room asked for.
std::string decoded(const std::vector<std::uint8_t>& bytes, std::size_t room, std::size_t* size) {
  std::string text(room, '?');
  *size = huffman_decode(bytes, text.data(), room);
  if (*size != kBadHuffman && *size < room) text.resize(*size);
  return text;
}

// Writes codes by symbol, EOS included, and the given padding; bit by bit, the simplest way.
std::vector<std::uint8_t> bits_of(const std::vector<int>& symbols, const std::string& padding) {
  std::string bits;
  for (const int symbol : symbols) {
    const HuffmanCode code = kHuffmanCodes[symbol];
    for (std::uint32_t i = code.bits; i != 0; --i) bits += (code.code >> (i - 1) & 1) != 0 ? '1' : '0';
  }
  bits += padding;
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(bits.substr(i, 8), nullptr, 2)));
  }
  EXPECT_EQ(bits.size() % 8, 0u);
  return bytes;
}

TEST(HuffmanCode, Rfc7541AppendixBSamples) {
  struct Row {
    int symbol;
    std::uint32_t code;
    std::uint32_t bits;
  };
  constexpr Row kRows[] = {{'0', 0x0, 5},        {'a', 0x3, 5},        {' ', 0x14, 6},       {':', 0x5c, 7},
                           {'&', 0xf8, 8},       {'!', 0x3f8, 10},     {'+', 0x7fb, 11},     {'#', 0xffa, 12},
                           {0, 0x1ff8, 13},      {'^', 0x3ffc, 14},    {'<', 0x7ffc, 15},    {'\\', 0x7fff0, 19},
                           {128, 0xfffe6, 20},   {153, 0x1fffdc, 21},  {129, 0x3fffd2, 22},  {1, 0x7fffd8, 23},
                           {9, 0xffffea, 24},    {199, 0x1ffffec, 25}, {192, 0x3ffffe0, 26}, {203, 0x7ffffde, 27},
                           {2, 0xfffffe2, 28},   {127, 0xffffffc, 28}, {220, 0xffffffd, 28}, {249, 0xffffffe, 28},
                           {10, 0x3ffffffc, 30}, {13, 0x3ffffffd, 30}, {22, 0x3ffffffe, 30}, {256, 0x3fffffff, 30},
                           {255, 0x3ffffee, 26}, {'~', 0x1ffd, 13},    {'z', 0x7b, 7},       {'X', 0xfc, 8}};
  for (const Row& row : kRows) {
    EXPECT_EQ(kHuffmanCodes[row.symbol].code, row.code) << row.symbol;
    EXPECT_EQ(kHuffmanCodes[row.symbol].bits, row.bits) << row.symbol;
  }
}

TEST(Huffman, EverySymbolAtEveryBitPosition) {
  for (int symbol = 0; symbol < 256; ++symbol) {
    for (int before = 0; before < 9; ++before) {
      // "0" has 5 bits, so 8 of them reach every position; the text behind puts the symbol into the fast loop.
      for (const int after : {0, 1, 20}) {
        std::string text(before, '0');
        text += static_cast<char>(symbol);
        text.append(after, 'b');
        const auto bytes = encoded(text);
        std::size_t size;
        EXPECT_EQ(decoded(bytes, huffman_room(bytes.size()), &size), text) << symbol;
        EXPECT_EQ(size, text.size());
        EXPECT_EQ(decoded(bytes, text.size(), &size), text) << symbol;  // no room to spare: byte by byte
      }
    }
  }
}

TEST(Huffman, EveryPairOfSymbols) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const auto bytes = encoded(text);
      std::size_t size;
      ASSERT_EQ(decoded(bytes, huffman_room(bytes.size()), &size), text) << first << ' ' << second;
    }
  }
}

TEST(Huffman, Section5_2PaddingAndEos) {
  struct Row {
    const char* what;
    std::vector<std::uint8_t> bytes;
    bool good;
  };
  const Row kRows[] = {
      {"empty", {}, true},
      {"3 bits of ones", bits_of({'0'}, "111"), true},
      {"no padding", bits_of({'&'}, ""), true},
      {"1 bit", bits_of({'z'}, "1"), true},
      {"7 bits", bits_of({'0', '0', '0', '0', '0'}, "1111111"), true},
      {"8 bits of padding", bits_of({'&'}, "11111111"), false},
      {"only padding of 8 bits", {0xff}, false},
      {"11 bits", bits_of({'0'}, "11111111111"), false},
      {"a zero in the padding", bits_of({'0'}, "110"), false},
      {"zeros", bits_of({'0'}, "000"), false},
      {"a zero at the front of the padding", bits_of({'0'}, "011"), false},
      {"EOS at the end", bits_of({kHuffmanEos}, "11"), false},
      {"EOS inside", bits_of({'a', kHuffmanEos, 'a'}, ""), false},
      {"EOS before much text",
       bits_of({kHuffmanEos, '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0'}, "1111"), false},
      {"a long code cut", {0xff, 0xff}, false},
      {"a long code cut after 29 bits", {0xff, 0xff, 0xff, 0xff}, false},
  };
  for (const Row& row : kRows) {
    char text[64];
    EXPECT_EQ(huffman_decode(row.bytes, text, sizeof text) != kBadHuffman, row.good) << row.what;
    EXPECT_EQ(huffman_decode(row.bytes, text, 0) != kBadHuffman, row.good) << row.what << ", without room";
  }
}

TEST(Huffman, RandomTextAndRandomRoom) {
  SeededRandom random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random.below(90), '\0');
    const bool plain = random.chance(0.7);
    for (char& c : text) c = static_cast<char>(plain ? 0x20 + random.below(0x5f) : random.below(256));
    const auto bytes = encoded(text);
    const std::size_t room = random.below(huffman_room(bytes.size()) + 8);
    std::string to(room, '?');
    ASSERT_EQ(huffman_decode(bytes, to.data(), room), text.size());
    const std::size_t common = std::min(room, text.size());
    ASSERT_EQ(to.substr(0, common), text.substr(0, common));
  }
}

TEST(Huffman, RandomBytesDecodeToWhatEncodesToThem) {
  SeededRandom random(2);
  int good = 0;
  for (int round = 0; round < 200000; ++round) {
    std::vector<std::uint8_t> bytes(random.below(16));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    std::size_t size;
    const std::string text = decoded(bytes, huffman_room(bytes.size()), &size);
    std::string slow(64, '?');
    ASSERT_EQ(huffman_decode(bytes, slow.data(), text.size() < 25 ? text.size() : 25) == kBadHuffman,
              size == kBadHuffman);
    if (size == kBadHuffman) continue;
    ++good;
    ASSERT_EQ(encoded(text), bytes);  // the code and its padding are unique
  }
  EXPECT_GT(good, 10000);
}

}  // namespace
}  // namespace godwit::http2::hpack
