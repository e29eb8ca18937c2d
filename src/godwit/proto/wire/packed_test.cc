#include "godwit/proto/wire/packed.h"

#include <gtest/gtest.h>

#include <vector>

#include "godwit/base/random.h"
#include "godwit/proto/wire/varint.h"

namespace godwit::proto {
namespace {

// Appends a varint, made `extra` bytes longer than need be.
void put(std::vector<std::uint8_t>& out, std::uint64_t v, int extra = 0) {
  while (v >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(v | 0x80));
    v >>= 7;
  }
  if (extra > 0) {
    out.push_back(static_cast<std::uint8_t>(v | 0x80));
    for (int i = 1; i < extra; i++) out.push_back(0x80);
    v = 0;
  }
  out.push_back(static_cast<std::uint8_t>(v));
}

std::uint64_t any_size(Random& random) { return random.next() >> random.below(64); }

TEST(Varint, ReadsWhatItWritesAtEachLength) {
  for (int bits = 0; bits < 64; bits++) {
    for (std::uint64_t v : {std::uint64_t{1} << bits, (std::uint64_t{1} << bits) - 1, ~(std::uint64_t{1} << bits)}) {
      std::vector<std::uint8_t> bytes;
      put(bytes, v);
      EXPECT_EQ(bytes.size(), varint_size(v)) << v;
      std::uint8_t buffer[10];
      std::uint8_t* begin = write_varint_before(buffer + 10, v);
      EXPECT_EQ(std::vector<std::uint8_t>(begin, buffer + 10), bytes);
      const Varint read = read_varint(bytes.data(), bytes.data() + bytes.size());
      EXPECT_EQ(read.value, v);
      EXPECT_EQ(read.next, bytes.data() + bytes.size());
      for (std::size_t cut = 0; cut < bytes.size(); cut++) {
        const Varint failed = read_varint(bytes.data(), bytes.data() + cut);
        EXPECT_EQ(failed.next, nullptr);
        EXPECT_EQ(failed.value, 0u);
      }
    }
  }
}

TEST(Varint, TenBytesAreTheMost) {
  std::vector<std::uint8_t> bytes(10, 0x80);
  bytes.push_back(1);
  const Varint read = read_varint(bytes.data(), bytes.data() + bytes.size());
  EXPECT_EQ(read.next, nullptr);
  EXPECT_EQ(read.value, 1u);
}

TEST(Packed, DecodesWhatItEncodes) {
  SeededRandom random(3);
  for (int round = 0; round < 2000; round++) {
    const std::size_t count = random.below(round % 10 == 0 ? 2000 : 40);
    std::vector<std::uint64_t> wide(count);
    std::vector<std::int32_t> narrow(count);
    std::vector<std::uint32_t> bare(count);
    std::vector<std::uint8_t> wide_bytes, narrow_bytes, bare_bytes;
    for (std::size_t i = 0; i < count; i++) {
      wide[i] = any_size(random);
      narrow[i] = static_cast<std::int32_t>(any_size(random)) * (random.below(8) == 0 ? -1 : 1);
      bare[i] = static_cast<std::uint32_t>(any_size(random));
      put(wide_bytes, wide[i]);
      put(narrow_bytes, static_cast<std::uint64_t>(std::int64_t{narrow[i]}));
      put(bare_bytes, bare[i]);
    }
    std::vector<std::uint8_t> buffer(count * 10 + 16);
    std::uint8_t* end = buffer.data() + buffer.size();
    EXPECT_EQ(std::vector<std::uint8_t>(encode_varints_before(end, wide.data(), count), end), wide_bytes);
    EXPECT_EQ(std::vector<std::uint8_t>(encode_varints_before(end, narrow.data(), count), end), narrow_bytes);
    EXPECT_EQ(std::vector<std::uint8_t>(encode_varints_before(end, bare.data(), count), end), bare_bytes);

    ASSERT_EQ(count_varints(wide_bytes), count);
    std::vector<std::uint64_t> wide_out(count);
    std::vector<std::uint32_t> narrow_out(count);
    ASSERT_TRUE(decode_varints(wide_bytes.data(), wide_bytes.data() + wide_bytes.size(), wide_out.data()));
    EXPECT_EQ(wide_out, wide);
    ASSERT_EQ(count_varints(narrow_bytes), count);
    ASSERT_TRUE(decode_varints(narrow_bytes.data(), narrow_bytes.data() + narrow_bytes.size(), narrow_out.data()));
    EXPECT_EQ(narrow_out, std::vector<std::uint32_t>(narrow.begin(), narrow.end()));
  }
}

TEST(Packed, LongFormsAndOverlongOnes) {
  SeededRandom random(5);
  for (int round = 0; round < 2000; round++) {
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint32_t> expected;
    const std::size_t count = 1 + random.below(200);
    for (std::size_t i = 0; i < count; i++) {
      expected.push_back(static_cast<std::uint32_t>(random.below(128)));
      put(bytes, expected.back(), static_cast<int>(random.below(10)));
    }
    std::vector<std::uint32_t> out(count_varints(bytes));
    ASSERT_EQ(out.size(), count);
    EXPECT_TRUE(decode_varints(bytes.data(), bytes.data() + bytes.size(), out.data()));
    EXPECT_EQ(out, expected);
    std::vector<std::uint64_t> wide(count);
    EXPECT_TRUE(decode_varints(bytes.data(), bytes.data() + bytes.size(), wide.data()));
    EXPECT_EQ(wide, std::vector<std::uint64_t>(expected.begin(), expected.end()));

    // One of 11 bytes somewhere: refused wherever it stands.
    std::vector<std::uint8_t> bad;
    const std::size_t place = random.below(count);
    for (std::size_t i = 0; i < count; i++) put(bad, expected[i], i == place ? 10 : 0);
    EXPECT_FALSE(decode_varints(bad.data(), bad.data() + bad.size(), out.data()));
    EXPECT_FALSE(decode_varints(bad.data(), bad.data() + bad.size(), wide.data()));
  }
}

}  // namespace
}  // namespace godwit::proto
