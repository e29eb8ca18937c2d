#include "godwit/http2/hpack/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "godwit/http2/hpack/huffman.h"
#include "godwit/http2/hpack/integer.h"
#include "godwit/http2/hpack/static_table.h"

namespace godwit::http2::hpack {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::vector<std::uint8_t> unhex(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<std::uint8_t> operator+(std::vector<std::uint8_t> a, const std::vector<std::uint8_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::uint8_t> integer(std::uint8_t first, int prefix_bits, std::uint32_t value) {
  std::uint8_t bytes[kIntegerMax];
  return {bytes, put_integer(bytes, first, prefix_bits, value)};
}
std::vector<std::uint8_t> text(std::string_view value) {
  auto bytes = integer(0, 7, static_cast<std::uint32_t>(value.size()));
  return bytes + std::vector<std::uint8_t>(value.begin(), value.end());
}
std::vector<std::uint8_t> huffman(std::string_view value) {
  auto bytes = integer(0x80, 7, static_cast<std::uint32_t>(huffman_size(value)));
  const std::size_t at = bytes.size();
  bytes.resize(at + huffman_size(value));
  huffman_encode(value, bytes.data() + at);
  return bytes;
}
std::vector<std::uint8_t> insert(std::string_view name, std::string_view value) {
  return std::vector<std::uint8_t>{0x40} + text(name) + text(value);
}

Pairs pairs_of(const http::FieldViews& fields) {
  Pairs pairs;
  for (const auto& field : fields) {
    EXPECT_EQ(field.token, http::token_of(field.name));
    pairs.emplace_back(field.name, field.value);
  }
  return pairs;
}

struct Step {
  const char* block;
  Pairs fields;
  std::size_t table_bytes;
};
struct Vector {
  const char* section;
  std::uint32_t table_size;
  std::vector<Step> steps;
};

const Pairs kRequest1 = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}};
const Pairs kRequest2 = {{":method", "GET"},
                         {":scheme", "http"},
                         {":path", "/"},
                         {":authority", "www.example.com"},
                         {"cache-control", "no-cache"}};
const Pairs kRequest3 = {{":method", "GET"},
                         {":scheme", "https"},
                         {":path", "/index.html"},
                         {":authority", "www.example.com"},
                         {"custom-key", "custom-value"}};
const Pairs kResponse1 = {{":status", "302"},
                          {"cache-control", "private"},
                          {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
                          {"location", "https://www.example.com"}};
const Pairs kResponse2 = {{":status", "307"},
                          {"cache-control", "private"},
                          {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
                          {"location", "https://www.example.com"}};
const Pairs kResponse3 = {{":status", "200"},
                          {"cache-control", "private"},
                          {"date", "Mon, 21 Oct 2013 20:13:22 GMT"},
                          {"location", "https://www.example.com"},
                          {"content-encoding", "gzip"},
                          {"set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"}};

const Vector kVectors[] = {
    {"C.2.1",
     4096,
     {{"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", {{"custom-key", "custom-header"}}, 55}}},
    {"C.2.2", 4096, {{"040c 2f73 616d 706c 652f 7061 7468", {{":path", "/sample/path"}}, 0}}},
    {"C.2.3", 4096, {{"1008 7061 7373 776f 7264 0673 6563 7265 74", {{"password", "secret"}}, 0}}},
    {"C.2.4", 4096, {{"82", {{":method", "GET"}}, 0}}},
    {"C.3",
     4096,
     {{"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", kRequest1, 57},
      {"8286 84be 5808 6e6f 2d63 6163 6865", kRequest2, 110},
      {"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", kRequest3, 164}}},
    {"C.4",
     4096,
     {{"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", kRequest1, 57},
      {"8286 84be 5886 a8eb 1064 9cbf", kRequest2, 110},
      {"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", kRequest3, 164}}},
    {"C.5",
     256,
     {{"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d "
       "546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
       kResponse1, 222},
      {"4803 3330 37c1 c0bf", kResponse2, 222},
      {"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f "
       "6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b "
       "2076 6572 7369 6f6e 3d31",
       kResponse3, 215}}},
    {"C.6",
     256,
     {{"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 "
       "8f0b 97c8 e9ae 82ae 43d3",
       kResponse1, 222},
      {"4883 640e ffc1 c0bf", kResponse2, 222},
      {"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 "
       "dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
       kResponse3, 215}}},
};

TEST(Decoder, Rfc7541AppendixC) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.section);
    Decoder decoder(vector.table_size, 65536);
    http::FieldViews fields;
    for (const Step& step : vector.steps) {
      const auto block = unhex(step.block);
      ASSERT_TRUE(decoder.decode(block, fields).ok());
      EXPECT_EQ(pairs_of(fields), step.fields);
      EXPECT_EQ(decoder.table_bytes(), step.table_bytes);
      EXPECT_FALSE(decoder.malformed());
    }
  }
}

// Every prefix of a block either ends between two fields or is truncated; never anything else.
TEST(Decoder, TruncatedAtEachByte) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.section);
    for (std::size_t s = 0; s < vector.steps.size(); ++s) {
      const auto block = unhex(vector.steps[s].block);
      for (std::size_t size = 0; size < block.size(); ++size) {
        Decoder decoder(vector.table_size, 65536);
        http::FieldViews fields;
        for (std::size_t i = 0; i < s; ++i) ASSERT_TRUE(decoder.decode(unhex(vector.steps[i].block), fields).ok());
        const std::vector<std::uint8_t> part(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
        const auto result = decoder.decode(part, fields);
        if (result.ok()) {
          EXPECT_LT(fields.size(), vector.steps[s].fields.size());
        } else {
          EXPECT_EQ(result.error().kind, DecodeErrorKind::kTruncated);
          EXPECT_EQ(result.error().offset, size);
        }
      }
    }
  }
}

TEST(Integer, Rfc7541SectionC1) {
  EXPECT_EQ(integer(0, 5, 10), unhex("0a"));
  EXPECT_EQ(integer(0, 5, 1337), unhex("1f9a0a"));
  EXPECT_EQ(integer(0, 8, 42), unhex("2a"));
  for (const std::uint32_t value : {0u, 1u, 30u, 31u, 32u, 158u, 159u, 1337u, 0x7fffffffu, 0xfffffffeu, 0xffffffffu}) {
    for (int bits = 1; bits <= 8; ++bits) {
      const auto bytes = integer(0, bits, value);
      ASSERT_LE(bytes.size(), static_cast<std::size_t>(kIntegerMax));
      std::uint32_t got = bytes[0];
      const std::uint8_t* p = bytes.data() + 1;
      if (got == (1u << bits) - 1) {
        ASSERT_EQ(read_integer_tail(p, bytes.data() + bytes.size(), got), IntegerStatus::kDone);
      }
      EXPECT_EQ(got, value);
      EXPECT_EQ(p, bytes.data() + bytes.size());
    }
  }
}

TEST(Decoder, ErrorsBySection) {
  struct Row {
    const char* section;
    const char* block;
    DecodeErrorKind kind;
    std::size_t offset;
  };
  const Row kRows[] = {
      {"2.3.3 index 0", "80", DecodeErrorKind::kBadIndex, 0},
      {"2.3.3 index 0 behind fields", "828680", DecodeErrorKind::kBadIndex, 2},
      {"2.3.3 index 62 of an empty table", "be", DecodeErrorKind::kBadIndex, 0},
      {"2.3.3 index past the end", "4001610162 be bf", DecodeErrorKind::kBadIndex, 6},
      {"2.3.3 index of 32 bits", "ff80ffffff0f", DecodeErrorKind::kBadIndex, 0},
      {"2.3.3 name index past the end", "7e 0161", DecodeErrorKind::kBadIndex, 0},
      {"2.3.3 name index past the end, not indexed", "0f2f 0161", DecodeErrorKind::kBadIndex, 0},
      {"2.3.3 name index past the end, never indexed", "82 1f2f 0161", DecodeErrorKind::kBadIndex, 1},
      {"5.1 33 bits", "ff81ffffff0f", DecodeErrorKind::kIntegerOverflow, 5},
      {"5.1 too many bytes", "ff8080808080 00", DecodeErrorKind::kIntegerOverflow, 6},
      {"5.1 endless", "ff ffffffffffffffffffff", DecodeErrorKind::kIntegerOverflow, 5},
      {"5.1 string length", "40 7fffffffffff 00", DecodeErrorKind::kIntegerOverflow, 6},
      {"5.1 size update", "3fffffffffff0f", DecodeErrorKind::kIntegerOverflow, 5},
      {"5.1 ends inside", "ff80", DecodeErrorKind::kTruncated, 2},
      {"5.2 string longer than the block", "40 05 6162", DecodeErrorKind::kTruncated, 4},
      {"5.2 string of 4 GiB", "40 7f80ffffff0f 61", DecodeErrorKind::kTruncated, 8},
      {"5.2 EOS", "40 84ffffffff 00", DecodeErrorKind::kBadHuffman, 2},
      {"5.2 padding of 8 bits", "41 82f8ff", DecodeErrorKind::kBadHuffman, 2},
      {"5.2 padding of zeros", "41 8100", DecodeErrorKind::kBadHuffman, 2},
      {"4.2 above the limit", "3fe21f", DecodeErrorKind::kTableSizeTooLarge, 0},
      {"4.2 second above the limit", "20 3fe21f", DecodeErrorKind::kTableSizeTooLarge, 1},
      {"4.2 behind a field", "82 20", DecodeErrorKind::kMisplacedUpdate, 1},
      {"4.2 between fields", "82 3fe11f 82", DecodeErrorKind::kMisplacedUpdate, 1},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.section);
    Decoder decoder(4096, 65536);
    http::FieldViews fields;
    const auto block = unhex(row.block);
    const auto result = decoder.decode(block, fields);
    ASSERT_FALSE(result.ok());
    EXPECT_STREQ(text_of(result.error().kind), text_of(row.kind));
    EXPECT_EQ(result.error().offset, row.offset);
  }
}

TEST(Decoder, Section4_2SizeUpdates) {
  http::FieldViews fields;
  Decoder decoder(4096, 65536);
  ASSERT_TRUE(decoder.decode(insert("a", "b") + insert("c", "d"), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 68u);
  // To 34: the older one is evicted. Then to 0 and back: all are.
  ASSERT_TRUE(decoder.decode(unhex("3f03 be"), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 34u);
  EXPECT_EQ(pairs_of(fields), (Pairs{{"c", "d"}}));
  ASSERT_TRUE(decoder.decode(unhex("20 3fe11f"), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 0u);
  ASSERT_TRUE(decoder.decode(insert("e", "f"), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 34u);
}

TEST(Decoder, Section4_2UpdateIsDueWhenTheLimitSinks) {
  http::FieldViews fields;
  for (const bool updated : {false, true}) {
    Decoder decoder(4096, 65536);
    decoder.acknowledge_table_size(100);
    decoder.acknowledge_table_size(200);
    const auto result = decoder.decode(unhex(updated ? "3f45 3fa901 82" : "82"), fields);
    EXPECT_EQ(result.ok(), updated);
    EXPECT_TRUE(updated || result.error().kind == DecodeErrorKind::kMisplacedUpdate);
  }
  // The first update must be the least size that was acknowledged.
  Decoder decoder(4096, 65536);
  decoder.acknowledge_table_size(100);
  decoder.acknowledge_table_size(200);
  const auto result = decoder.decode(unhex("3fa901 82"), fields);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, DecodeErrorKind::kTableSizeTooLarge);
}

TEST(Decoder, Section4_2LargerTableMustBeAskedFor) {
  http::FieldViews fields;
  const std::string large(5000, 'v');
  Decoder decoder(65536, 65536);
  ASSERT_TRUE(decoder.decode(insert("n", large), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 0u);
  ASSERT_TRUE(decoder.decode(integer(0x20, 5, 65536) + insert("n", large), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 5033u);
  // No update is due when the limit stays above what the peer uses.
  decoder.acknowledge_table_size(70000);
  ASSERT_TRUE(decoder.decode(unhex("be"), fields).ok());
}

TEST(Decoder, Section4_4EntryLargerThanTheTableEmptiesIt) {
  http::FieldViews fields;
  Decoder decoder(100, 65536);
  ASSERT_TRUE(decoder.decode(insert("a", "b"), fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 34u);
  const std::string large(100, 'v');
  // Its name refers to the entry that goes.
  const auto block = std::vector<std::uint8_t>{0x7e} + text(large);
  ASSERT_TRUE(decoder.decode(block, fields).ok());
  EXPECT_EQ(pairs_of(fields), (Pairs{{"a", large}}));
  EXPECT_EQ(fields[0].note, nullptr);
  EXPECT_EQ(decoder.table_bytes(), 0u);
}

TEST(Decoder, Section4_4NameOfTheEvictedEntry) {
  http::FieldViews fields;
  Decoder decoder(80, 65536);
  ASSERT_TRUE(decoder.decode(insert("long-name", "v"), fields).ok());
  // Inserting evicts the entry whose name is used, again and again.
  std::vector<std::uint8_t> block;
  Pairs expected;
  for (int i = 0; i < 100; ++i) {
    block = std::move(block) + std::vector<std::uint8_t>{0x7e} + text(std::to_string(i));
    expected.emplace_back("long-name", std::to_string(i));
  }
  ASSERT_TRUE(decoder.decode(block, fields).ok());
  EXPECT_EQ(pairs_of(fields), expected);
  EXPECT_EQ(decoder.table_bytes(), 43u);
}

TEST(Decoder, Section6_2_3NeverIndexedIsKept) {
  http::FieldViews fields;
  Decoder decoder(4096, 65536);
  ASSERT_TRUE(decoder.decode(unhex("82 10 0161 0162 00 0163 0164 1f08 0165 40 0163 0164"), fields).ok());
  ASSERT_EQ(fields.size(), 5u);
  EXPECT_EQ(fields[3].name, "authorization");
  const bool expected[] = {false, true, false, true, false};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(decoder.never_indexed(i), expected[i]) << i;
  EXPECT_EQ(decoder.table_bytes(), 34u);
  ASSERT_TRUE(decoder.decode(unhex("82 be"), fields).ok());
  EXPECT_FALSE(decoder.never_indexed(1));
}

TEST(Decoder, Rfc9113Section6_5_2ListLimit) {
  // Each of these takes 34: three are within 102.
  const auto three = insert("a", "1") + insert("b", "2") + insert("c", "3");
  http::FieldViews fields;
  {
    Decoder decoder(4096, 102);
    ASSERT_TRUE(decoder.decode(three, fields).ok());
  }
  Decoder decoder(4096, 101);
  const auto result = decoder.decode(three + unhex("10 0161 0162 82") + insert("d", "4"), fields);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, DecodeErrorKind::kListTooLarge);
  EXPECT_EQ(result.error().offset, 10u);
  EXPECT_EQ(pairs_of(fields), (Pairs{{"a", "1"}, {"b", "2"}}));
  // The table is in step.
  EXPECT_EQ(decoder.table_bytes(), 136u);
  ASSERT_TRUE(decoder.decode(unhex("be bf"), fields).ok());
  EXPECT_EQ(pairs_of(fields), (Pairs{{"d", "4"}, {"c", "3"}}));
}

TEST(Decoder, HpackBombsCostNothing) {
  // A table entry of 4,000 bytes, referred to 100,000 times.
  http::FieldViews fields;
  Decoder decoder(4096, 16384);
  auto bomb = insert("n", std::string(4000, 'v'));
  bomb.resize(bomb.size() + 100000, 0xbe);
  ASSERT_FALSE(decoder.decode(bomb, fields).ok());
  EXPECT_EQ(fields.size(), 4u);
  // The same by name, into the table: each insert copies the name and evicts the one before.
  std::vector<std::uint8_t> names;
  for (int i = 0; i < 100000; ++i) {
    names.push_back(0x7e);
    names.push_back(0);
  }
  names = insert(std::string(4000, 'n'), "") + names;
  ASSERT_FALSE(decoder.decode(names, fields).ok());
  EXPECT_EQ(decoder.table_bytes(), 4032u);
  ASSERT_EQ(fields.size(), 4u);
  for (const auto& field : fields) EXPECT_EQ(field.name, std::string(4000, 'n'));
  // Huffman strings above every limit are checked, not stored.
  const std::string large(100000, '0');
  auto result =
      decoder.decode(std::vector<std::uint8_t>{0x40} + huffman("n") + huffman(large) + insert("a", "b"), fields);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, DecodeErrorKind::kListTooLarge);
  EXPECT_EQ(decoder.table_bytes(), 34u);
  result = decoder.decode(std::vector<std::uint8_t>{0x00} + huffman(large) + huffman(large) + unhex("82be"), fields);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, DecodeErrorKind::kListTooLarge);
  EXPECT_TRUE(fields.empty());
}

TEST(Decoder, HuffmanStringsShareTheScratchBuffer) {
  http::FieldViews fields;
  Decoder decoder(64, 65536);
  // Small blocks first, so that the buffer must grow; then many strings, some of them inserted.
  for (const int count : {1, 3, 50, 2, 200}) {
    std::vector<std::uint8_t> block;
    Pairs expected;
    for (int i = 0; i < count; ++i) {
      const std::string name = "name-" + std::to_string(i);
      const std::string value(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
      const std::uint8_t first = i % 3 == 0 ? 0x40 : i % 3 == 1 ? 0x00 : 0x10;
      block = std::move(block) + std::vector<std::uint8_t>{first} + huffman(name) + huffman(value);
      expected.emplace_back(name, value);
    }
    ASSERT_TRUE(decoder.decode(block, fields).ok());
    EXPECT_EQ(pairs_of(fields), expected);
  }
}

TEST(Decoder, HuffmanStringsBeyondTheListStillReachTheTable) {
  http::FieldViews fields;
  Decoder decoder(4096, 100);
  std::vector<std::uint8_t> block;
  for (int i = 0; i < 300; ++i) {
    block = std::move(block) + std::vector<std::uint8_t>{0x40} + huffman("n") +
            huffman(std::string(100, 'a') + std::to_string(i));
  }
  const auto result = decoder.decode(block, fields);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, DecodeErrorKind::kListTooLarge);
  EXPECT_EQ(decoder.table_bytes(), 30u * 136);
  EXPECT_EQ(decoder.decode(unhex("be"), fields).error().kind, DecodeErrorKind::kListTooLarge);
}

TEST(Decoder, NotesStayWithTheirEntries) {
  http::FieldViews fields;
  Decoder decoder(4096, 1 << 20);
  ASSERT_TRUE(decoder.decode(insert(":path", "/a") + unhex("84 00 0161 0162"), fields).ok());
  ASSERT_NE(fields[0].note, nullptr);
  EXPECT_EQ(*fields[0].note, 0u);
  EXPECT_EQ(fields[1].note, nullptr);  // static
  EXPECT_EQ(fields[2].note, nullptr);  // in no table
  *fields[0].note = 42;
  ASSERT_TRUE(decoder.decode(unhex("be"), fields).ok());
  EXPECT_EQ(*fields[0].note, 42u);

  // The rings grow within one block, behind the entry's back; a note left afterwards is found too.
  std::vector<std::uint8_t> block = unhex("be") + insert("x", "y");
  for (int i = 0; i < 60; ++i) block = std::move(block) + insert("name-" + std::to_string(i), "value");
  ASSERT_TRUE(decoder.decode(block, fields).ok());
  EXPECT_EQ(*fields[0].note, 42u);
  *fields[0].note = 43;
  *fields[1].note = 44;
  ASSERT_TRUE(decoder.decode(integer(0x80, 7, 62 + 61) + integer(0x80, 7, 62 + 60), fields).ok());
  EXPECT_EQ(pairs_of(fields), (Pairs{{":path", "/a"}, {"x", "y"}}));
  EXPECT_EQ(*fields[0].note, 43u);
  EXPECT_EQ(*fields[1].note, 44u);
}

TEST(Decoder, NoteOfAnEvictedEntryGoesToNoOther) {
  http::FieldViews fields;
  Decoder decoder(100, 65536);
  std::vector<std::uint8_t> block;
  for (int i = 0; i < 40; ++i) block = std::move(block) + insert("n", std::to_string(i));
  ASSERT_TRUE(decoder.decode(block, fields).ok());
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(fields[i].value, std::to_string(i));
    *fields[i].note = i;
  }
  ASSERT_TRUE(decoder.decode(unhex("be bf") + insert("m", ""), fields).ok());
  EXPECT_EQ(*fields[0].note, 39u);
  EXPECT_EQ(*fields[1].note, 38u);
  EXPECT_EQ(*fields[2].note, 0u);
}

TEST(Decoder, EveryIndexOfAFullTable) {
  http::FieldViews fields;
  Decoder decoder(4096, 1 << 20);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(decoder.decode(insert("n", std::to_string(i)), fields).ok());
  const std::uint32_t count = 4096 / 36;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto block = integer(0x80, 7, 62 + i);
    ASSERT_TRUE(decoder.decode(block, fields).ok());
    ASSERT_EQ(pairs_of(fields), (Pairs{{"n", std::to_string(299 - i)}}));
  }
  EXPECT_FALSE(decoder.decode(integer(0x80, 7, 62 + count), fields).ok());
}

// Blocks that evict what they inserted, with texts of all small sizes, so that the ring of text is exactly full now
// and then before it grows.
TEST(Decoder, RingsFillToTheLastByte) {
  std::uint32_t state = 1;
  auto below = [&](std::uint32_t bound) { return (state = state * 1664525 + 1013904223) / 65536 % bound; };
  for (int round = 0; round < 800; ++round) {
    const std::uint32_t most = 1 + below(30);
    Decoder decoder(100 + below(600), 1 << 20);
    http::FieldViews fields;
    for (int b = 0; b < 2; ++b) {
      std::vector<std::uint8_t> block;
      Pairs expected;
      for (int i = 0; i < 60; ++i) {
        expected.emplace_back(std::string(1 + below(most), static_cast<char>('a' + i % 26)),
                              std::string(below(most), 'v'));
        block = std::move(block) + insert(expected.back().first, expected.back().second);
      }
      ASSERT_TRUE(decoder.decode(block, fields).ok());
      ASSERT_EQ(pairs_of(fields), expected);
    }
  }
}

TEST(Decoder, EntriesWithoutText) {
  http::FieldViews fields;
  Decoder decoder(4096, 1 << 20);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::uint8_t> block;
    for (int i = 0; i < 500; ++i) block = std::move(block) + insert("", "");
    ASSERT_TRUE(decoder.decode(block, fields).ok());
    EXPECT_EQ(fields.size(), 500u);
    EXPECT_EQ(decoder.table_bytes(), 4096u);
    EXPECT_TRUE(decoder.malformed());
  }
}

TEST(Decoder, Rfc9113Section8_2_1Malformed) {
  struct Row {
    std::string name;
    std::string value;
    bool malformed;
  };
  const Row kRows[] = {
      {"name", "value", false},
      {":status", "200", false},
      {":other", "x", false},
      {"a!#$%&'*+-.^_`|~0z", "", false},
      {"name", std::string("with \t inside, and \x01\x7f\xc3\xa4"), false},
      {"", "value", true},
      {":", "value", true},
      {"na:me", "value", true},
      {"::name", "value", true},
      {"Name", "value", true},
      {"namE", "value", true},
      {"na me", "value", true},
      {"name\x7f", "value", true},
      {"n\xc3\xa4me", "value", true},
      {std::string("na\0me", 5), "value", true},
      {"name", " value", true},
      {"name", "value ", true},
      {"name", "\tvalue", true},
      {"name", "value\t", true},
      {"name", " ", true},
      {"name", "val\nue", true},
      {"name", "val\rue", true},
      {"name", std::string("val\0ue", 6), true},
      {"name", std::string("long enough for words of 8 bytes\0 and more", 42), true},
      {"name", "long enough for words of 8 bytes, at the end\n", true},
      {"name", "\nlong enough for words of 8 bytes, at the beginning", true},
      {"name", "long enough for words of 8 bytes\t and more", false},
      {"content-type", "a\nb", true},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name + ": " + row.value);
    http::FieldViews fields;
    for (const bool coded : {false, true}) {
      Decoder decoder(4096, 65536);
      auto literal = [&](std::uint8_t first) {
        auto block = std::vector<std::uint8_t>{first};
        return coded ? block + huffman(row.name) + huffman(row.value) : block + text(row.name) + text(row.value);
      };
      ASSERT_TRUE(decoder.decode(literal(0x00), fields).ok());
      EXPECT_EQ(decoder.malformed(), row.malformed);
      ASSERT_TRUE(decoder.decode(literal(0x40), fields).ok());
      EXPECT_EQ(decoder.malformed(), row.malformed);
      ASSERT_TRUE(decoder.decode(unhex("82 be"), fields).ok());
      EXPECT_EQ(decoder.malformed(), row.malformed);
      // By name only.
      ASSERT_TRUE(decoder.decode(unhex("7e 0161"), fields).ok());
      EXPECT_EQ(decoder.malformed(), row.malformed && row.value == "value");
      ASSERT_TRUE(decoder.decode(unhex("82"), fields).ok());
      EXPECT_FALSE(decoder.malformed());
    }
  }
}

TEST(StaticTable, Rfc7541AppendixA) {
  EXPECT_EQ(kStaticTable[0].view.name, ":authority");
  EXPECT_EQ(kStaticTable[60].view.name, "www-authenticate");
  for (std::uint32_t i = 1; i <= kStaticEntries; ++i) {
    const auto& view = kStaticTable[i - 1].view;
    SCOPED_TRACE(view.name);
    EXPECT_EQ(view.token, http::token_of(view.name));
    EXPECT_EQ(kStaticTable[i - 1].size, view.name.size() + view.value.size() + 32);
    const std::uint32_t name_index = static_name_index(view.token, view.name);
    ASSERT_NE(name_index, 0u);
    EXPECT_LE(name_index, i);
    EXPECT_EQ(kStaticTable[name_index - 1].view.name, view.name);
    EXPECT_EQ(static_field_index(name_index, view.value), i);
    EXPECT_EQ(static_field_index(name_index, "other"), 0u);
  }
  for (const char* name : {"", ":protocol", ":x", "grpc-status", "grpc-x", "x", "cookies", "vib", "te"}) {
    EXPECT_EQ(static_name_index(http::token_of(name), name), 0u) << name;
  }
}

}  // namespace
}  // namespace godwit::http2::hpack
