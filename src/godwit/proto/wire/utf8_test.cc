#include "godwit/proto/wire/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/base/random.h"

namespace godwit::proto {
namespace {

// The definition of Unicode, table 3-7, written out, to compare with.
bool well_formed(const std::string& s) {
  const auto at = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0; };
  for (std::size_t i = 0; i < s.size();) {
    const unsigned a = at(i), b = at(i + 1), c = at(i + 2), d = at(i + 3);
    const auto in = [](unsigned x, unsigned low, unsigned high) { return x >= low && x <= high; };
    if (a < 0x80) {
      i += 1;
    } else if (in(a, 0xc2, 0xdf) && in(b, 0x80, 0xbf)) {
      i += 2;
    } else if (((a == 0xe0 && in(b, 0xa0, 0xbf)) || (in(a, 0xe1, 0xec) && in(b, 0x80, 0xbf)) || (a == 0xed && in(b, 0x80, 0x9f)) ||
                (in(a, 0xee, 0xef) && in(b, 0x80, 0xbf))) && in(c, 0x80, 0xbf)) {
      i += 3;
    } else if (((a == 0xf0 && in(b, 0x90, 0xbf)) || (in(a, 0xf1, 0xf3) && in(b, 0x80, 0xbf)) || (a == 0xf4 && in(b, 0x80, 0x8f))) &&
               in(c, 0x80, 0xbf) && in(d, 0x80, 0xbf)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

void check(const std::string& text) {
  // In a buffer of its exact size, so that sanitizers see a read outside.
  const std::vector<std::uint8_t> from(text.begin(), text.end());
  std::vector<std::uint8_t> to(text.size());
  const bool expected = well_formed(text);
  ASSERT_EQ(is_valid_utf8(Bytes(from)), expected) << testing::PrintToString(text);
  ASSERT_EQ(copy_utf8(to.data(), from.data(), from.size()), expected) << testing::PrintToString(text);
  if (expected) {
    ASSERT_EQ(from, to);
  }
}

TEST(Utf8, AllPairsAtEachPlace) {
  for (std::size_t before : {0u, 3u, 13u, 15u, 29u, 30u, 31u, 32u, 33u, 62u, 64u}) {
    for (std::size_t after : {0u, 1u, 17u, 33u}) {
      for (unsigned a = 0x78; a < 0x100; a++) {
        for (unsigned b = 0x78; b < 0x100; b += 4) {
          check(std::string(before, 'x') + static_cast<char>(a) + static_cast<char>(b) + std::string(after, 'y'));
        }
      }
    }
  }
}

TEST(Utf8, LongerSequencesWithEdges) {
  const std::vector<std::string> parts = {
      "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xed\xa0\x80", "\xef\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80",
      "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xc0\x80", "\xc1\xbf", "\xc2\x80",
      "\xe4\xbd", "\xf0\x9f\x92", "\xf0\x9f", "\xf0", "\x80", "\xbf\xbf", "\xe4\xbd\xa0", "\xf0\x9f\x92\xa9"};
  for (const std::string& part : parts) {
    for (std::size_t before = 0; before < 70; before++) {
      for (std::size_t after : {0u, 1u, 2u, 3u, 5u, 30u, 40u}) {
        check(std::string(before, 'x') + part + std::string(after, 'y'));
        check(std::string(before, 'x') + part + "\xc3\xa9" + std::string(after, 'y'));
      }
    }
  }
}

TEST(Utf8, RandomMixtures) {
  SeededRandom random(7);
  const std::vector<std::string> parts = {"a", "word ", "\xc3\xa9", "\xe4\xbd\xa0", "\xf0\x9f\x92\xa9", "plain text of some length "};
  for (int i = 0; i < 20000; i++) {
    std::string text;
    const std::size_t size = random.below(200);
    while (text.size() < size) text += parts[random.below(parts.size())];
    check(text);
    if (text.empty()) continue;
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    check(text);
    text.resize(random.below(text.size() + 1));
    check(text);
  }
}

}  // namespace
}  // namespace godwit::proto
