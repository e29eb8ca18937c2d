// Encoder and decoder against each other and against a simple model, with random input from fixed seeds.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "godwit/base/random.h"
#include "godwit/http2/hpack/decoder.h"
#include "godwit/http2/hpack/encoder.h"
#include "godwit/http2/hpack/huffman.h"
#include "godwit/http2/hpack/integer.h"
#include "godwit/http2/hpack/static_table.h"

namespace godwit::http2::hpack {
namespace {

using http::Field;
using http::Indexing;

std::string random_text(Random& random, std::size_t most) {
  std::string text(random.below(most + 1), '\0');
  const bool plain = random.chance(0.8);
  for (char& c : text) c = static_cast<char>(plain ? 'a' + random.below(26) : random.below(256));
  return text;
}

// The dynamic table as RFC 7541 tells it, without a thought of speed; it writes blocks and knows what they mean.
class Model {
 public:
  using Entry = std::pair<std::string, std::string>;

  explicit Model(Random& random) : random_(random) {}

  std::vector<std::uint8_t> block;
  std::vector<Entry> fields;

  void begin() {
    block.clear();
    fields.clear();
  }
  void update(std::uint32_t size) {
    number(0x20, 5, size);
    max_ = size;
    evict(size);
  }
  void add_all_entries() {
    for (std::uint32_t i = 0; i < table_.size(); ++i) {
      number(0x80, 7, kStaticEntries + 1 + i);
      fields.push_back(table_[i]);
    }
  }
  void add_random_field() {
    const std::uint32_t known = kStaticEntries + static_cast<std::uint32_t>(table_.size());
    if (random_.chance(0.4)) {
      const std::uint32_t index = 1 + static_cast<std::uint32_t>(random_.below(known));
      number(0x80, 7, index);
      fields.push_back(at(index));
      return;
    }
    Entry field;
    const bool indexed_name = random_.chance(0.6);
    const std::uint32_t name = indexed_name ? 1 + static_cast<std::uint32_t>(random_.below(known)) : 0;
    const bool incremental = random_.chance(0.6);
    if (incremental) {
      number(0x40, 6, name);
    } else {
      number(random_.chance(0.5) ? 0x10 : 0x00, 4, name);
    }
    if (name != 0) {
      field.first = at(name).first;
    } else {
      field.first = random_text(random_, random_.chance(0.05) ? 300 : 20);
      string(field.first);
    }
    field.second = random_text(random_, random_.chance(0.05) ? 600 : 30);
    string(field.second);
    fields.push_back(field);
    if (!incremental) return;
    const std::size_t size = size_of(field);
    evict(size > max_ ? 0 : max_ - size);
    if (size <= max_) {
      table_.push_front(field);
      size_ += size;
    }
  }
  std::size_t size() const { return size_; }

 private:
  static std::size_t size_of(const Entry& entry) { return entry.first.size() + entry.second.size() + 32; }
  Entry at(std::uint32_t index) const {
    if (index > kStaticEntries) return table_[index - kStaticEntries - 1];
    const auto& view = kStaticTable[index - 1].view;
    return {std::string(view.name), std::string(view.value)};
  }
  void evict(std::size_t size) {
    while (size_ > size) {
      size_ -= size_of(table_.back());
      table_.pop_back();
    }
  }
  void number(std::uint8_t first, int bits, std::uint32_t value) {
    std::uint8_t bytes[kIntegerMax];
    block.insert(block.end(), bytes, put_integer(bytes, first, bits, value));
  }
  void string(const std::string& text) {
    if (random_.chance(0.5)) {
      number(0, 7, static_cast<std::uint32_t>(text.size()));
      block.insert(block.end(), text.begin(), text.end());
      return;
    }
    const std::size_t size = huffman_size(text);
    number(0x80, 7, static_cast<std::uint32_t>(size));
    block.resize(block.size() + size);
    huffman_encode(text, block.data() + block.size() - size);
  }

  Random& random_;
  std::deque<Entry> table_;
  std::size_t size_ = 0;
  std::size_t max_ = 4096;
};

TEST(Decoder, DoesWhatTheModelDoes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    Model model(random);
    // Some decoders have a small limit: they lose fields, never the table.
    const std::uint32_t limit = seed % 3 == 0 ? 500 : 1 << 20;
    Decoder decoder(4096, limit);
    http::FieldViews fields;
    for (int round = 0; round < 150; ++round) {
      model.begin();
      if (random.chance(0.1)) model.update(static_cast<std::uint32_t>(random.below(4097)));
      if (random.chance(0.05)) model.update(static_cast<std::uint32_t>(random.below(200)));
      const std::uint64_t count = random.chance(0.1) ? random.below(100) : random.below(12);
      for (std::uint64_t i = 0; i < count; ++i) model.add_random_field();
      if (random.chance(0.5)) model.add_all_entries();
      const auto result = decoder.decode(model.block, fields);
      std::size_t list = 0;
      std::size_t expected = 0;
      for (const auto& [name, value] : model.fields) {
        list += name.size() + value.size() + 32;
        if (list > limit) break;
        ++expected;
      }
      ASSERT_EQ(result.ok(), list <= limit);
      if (!result.ok()) {
        ASSERT_EQ(result.error().kind, DecodeErrorKind::kListTooLarge);
      }
      ASSERT_EQ(fields.size(), expected);
      for (std::size_t i = 0; i < expected; ++i) {
        ASSERT_EQ(fields[i].name, model.fields[i].first);
        ASSERT_EQ(fields[i].value, model.fields[i].second);
        ASSERT_EQ(fields[i].token, http::token_of(fields[i].name));
      }
      ASSERT_EQ(decoder.table_bytes(), model.size());
      // Notes: all distinct per entry, and kept by it. The note of an entry says what its text is.
      for (const auto& field : fields) {
        if (field.note == nullptr) continue;
        const std::uintptr_t text =
            std::hash<std::string_view>()(field.name) ^ std::hash<std::string_view>()(field.value) * 3;
        if (*field.note == 0) *field.note = text | 1;
        ASSERT_EQ(*field.note, text | 1);
      }
    }
  }
}

TEST(Encoder, RandomListsComeBackWithTableSizeChanges) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    // Few names and values, so that they repeat.
    std::vector<std::string> names = {":path",        ":status",       "content-type", "grpc-status",
                                      "grpc-timeout", "authorization", "cookie",       "te"};
    std::vector<std::string> values = {"", "0", "200", "application/grpc", "/a.B/C", "POST"};
    for (int i = 0; i < 12; ++i) names.push_back("x-" + random_text(random, 20));
    for (int i = 0; i < 40; ++i) values.push_back(random_text(random, random.chance(0.1) ? 2500 : 60));
    auto random_field = [&] {
      const double kind = random.unit();
      return Field(names[random.below(names.size())], values[random.below(values.size())],
                   kind < 0.8   ? Indexing::kAutomatic
                   : kind < 0.9 ? Indexing::kNever
                                : Indexing::kOnce);
    };
    std::vector<std::unique_ptr<http::PreparedFields>> prepared;
    for (int i = 0; i < 10; ++i) {
      std::vector<Field> list;
      for (std::uint64_t n = random.below(5); n != 0; --n) list.push_back(random_field());
      prepared.push_back(std::make_unique<http::PreparedFields>(list));
    }
    Encoder encoder;
    Decoder decoder(4096, 1 << 20);
    http::FieldViews fields;
    for (int round = 0; round < 300; ++round) {
      while (random.chance(0.05)) {
        const auto size = static_cast<std::uint32_t>(random.chance(0.3) ? 4096 : random.below(6000));
        encoder.set_peer_table_size(size);
        decoder.acknowledge_table_size(size);
      }
      std::vector<Field> expected;
      std::vector<Field> rest;
      for (std::uint64_t n = random.below(6); n != 0; --n) rest.push_back(random_field());
      Bytes block;
      if (random.chance(0.5)) {
        const auto& first = *prepared[random.below(prepared.size())];
        if (random.chance(0.5)) rest.clear();
        block = encoder.encode(first, rest);
        expected = first.fields();
      } else {
        block = encoder.encode(rest);
      }
      expected.insert(expected.end(), rest.begin(), rest.end());
      const auto result = decoder.decode(block, fields);
      ASSERT_TRUE(result.ok()) << text_of(result.error().kind);
      ASSERT_EQ(fields.size(), expected.size());
      for (std::size_t i = 0; i < fields.size(); ++i) {
        ASSERT_EQ(fields[i].name, expected[i].name);
        ASSERT_EQ(fields[i].value, expected[i].value);
        ASSERT_EQ(decoder.never_indexed(i), expected[i].indexing == Indexing::kNever) << i;
      }
    }
  }
}

// Moving takes the tables along.
TEST(Decoder, MovesWithItsTable) {
  Encoder encoder;
  Decoder decoder(4096, 65536);
  http::FieldViews fields;
  const std::vector<Field> list = {{":path", "/a"}};
  ASSERT_TRUE(decoder.decode(encoder.encode(list), fields).ok());
  *fields[0].note = 5;
  Decoder moved(std::move(decoder));
  Encoder moved_encoder(std::move(encoder));
  const Bytes block = moved_encoder.encode(list);
  EXPECT_EQ(block.size(), 1u);
  ASSERT_TRUE(moved.decode(block, fields).ok());
  EXPECT_EQ(fields[0].value, "/a");
  EXPECT_EQ(*fields[0].note, 5u);
}

// Work grows with the bytes that come in, whatever they are: 16 times the input takes about 16 times as long. Quadratic
// work would take 256 times as long; the bound lies far from both.
TEST(Decoder, WorstCasesAreLinear) {
  auto seconds = [](std::size_t inserts) {
    std::vector<std::uint8_t> block = {0x40, 0x7f, 0xe1, 0x0e};  // a name of 2,000 bytes
    block.resize(block.size() + 2000, 'n');
    block.push_back(0);
    for (std::size_t i = 0; i < inserts; ++i) {
      block.push_back(0x7e);
      block.push_back(0);
    }
    double best = 1e9;
    for (int round = 0; round < 3; ++round) {
      Decoder decoder(4096, 65536);
      http::FieldViews fields;
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_FALSE(decoder.decode(block, fields).ok());
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return best;
  };
  const double small = seconds(20000);
  EXPECT_LT(seconds(320000), small * 80);
}

}  // namespace
}  // namespace godwit::http2::hpack
