#include "godwit/http2/hpack/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "godwit/http2/hpack/decoder.h"
#include "godwit/http2/hpack/encoder_table.h"

namespace godwit::http2::hpack {
namespace {

using http::Field;
using http::FieldToken;
using http::Indexing;
using http::PreparedFields;

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// An encoder and the decoder that follows it.
struct Pair {
  Encoder encoder;
  Decoder decoder{4096, 1 << 20};
  http::FieldViews fields;

  // Decodes and compares; returns the size of the block.
  std::size_t check(Bytes block, std::vector<Field> expected) {
    const auto result = decoder.decode(block, fields);
    EXPECT_TRUE(result.ok()) << text_of(result.error().kind) << " at " << result.error().offset;
    EXPECT_EQ(fields.size(), expected.size());
    for (std::size_t i = 0; i < fields.size() && i < expected.size(); ++i) {
      EXPECT_EQ(fields[i].name, expected[i].name);
      EXPECT_EQ(fields[i].value, expected[i].value);
      EXPECT_TRUE(expected[i].indexing != Indexing::kNever || decoder.never_indexed(i));
    }
    return block.size();
  }
  std::size_t send(std::vector<Field> list) { return check(encoder.encode(list), list); }
  std::size_t send_prepared(const PreparedFields& first, std::vector<Field> rest = {}) {
    std::vector<Field> all = first.fields();
    all.insert(all.end(), rest.begin(), rest.end());
    return check(encoder.encode(first, rest), all);
  }
};

TEST(Encoder, StaticFieldsAreOneByte) {
  Encoder encoder;
  const Field fields[] = {{":method", "POST"},
                          {":scheme", "http"},
                          {":path", "/"},
                          {":status", "404"},
                          {"accept-encoding", "gzip, deflate"},
                          {"cookie", ""}};
  EXPECT_EQ(hex(encoder.encode(fields)), "8386848d90a0");
}

TEST(Encoder, HuffmanOnlyForTheTableAndWhenShorter) {
  Encoder encoder;
  const Field coded[] = {{"x-a", "www.example.com"}};
  EXPECT_EQ(hex(encoder.encode(coded)),
            "0003782d61"
            "0f7777772e6578616d706c652e636f6d");
  EXPECT_EQ(hex(encoder.encode(coded)),
            "4003782d61"
            "8cf1e3c2e5f23a6ba0ab90f4ff");
  const Field plain[] = {{"x-a", "\xff\xfe"}};
  EXPECT_EQ(hex(encoder.encode(plain)),
            "0f2f02fffe");  // the name is in the table
}

TEST(Encoder, SecondSightEntersTheTable) {
  Pair pair;
  const std::vector<Field> list = {{"content-type", "application/grpc"}, {"grpc-status", "0"}};
  EXPECT_GT(pair.send(list), 10u);
  EXPECT_EQ(pair.decoder.table_bytes(), 0u);
  EXPECT_GT(pair.send(list), 10u);
  EXPECT_GT(pair.decoder.table_bytes(), 0u);
  EXPECT_EQ(pair.send(list), 2u);
  EXPECT_EQ(pair.send(list), 2u);
}

TEST(Encoder, PathEntersAtFirstSightUnlessLong) {
  Pair pair;
  const std::vector<Field> list = {{":path", "/helloworld.Greeter/SayHello"}};
  EXPECT_GT(pair.send(list), 10u);
  EXPECT_EQ(pair.send(list), 1u);
  Pair other;
  const std::string path(257, 'p');
  other.send({{":path", path}});
  EXPECT_EQ(other.decoder.table_bytes(), 0u);
  other.send({{":path", path}});
  EXPECT_EQ(other.send({{":path", path}}), 1u);
}

TEST(Encoder, NamesOfChangingValuesEnterOnce) {
  Pair pair;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 10; ++i) sizes.push_back(pair.send({{"x-request-identifier", std::to_string(1000 + i)}}));
  EXPECT_GT(sizes[0], 14u);
  for (int i = 2; i < 10; ++i) EXPECT_LE(sizes[i], 7u);
  EXPECT_EQ(pair.decoder.table_bytes(), 20u + 4 + 32);
}

TEST(Encoder, VolatileValuesNeverEnter) {
  for (const char* name : {"grpc-timeout", "grpc-message", "content-length"}) {
    Pair pair;
    for (int i = 0; i < 5; ++i) pair.send({{name, "100"}});
    const PreparedFields prepared(std::vector<Field>{{name, "100"}});
    for (int i = 0; i < 5; ++i) pair.send_prepared(prepared);
    EXPECT_EQ(pair.decoder.table_bytes(), 0u) << name;
  }
}

TEST(Encoder, Rfc7541Section6_2_3NeverIndexed) {
  Pair pair;
  for (int i = 0; i < 4; ++i) {
    const Field secret[] = {{"authorization", "x", Indexing::kNever}};
    const Bytes block = pair.encoder.encode(secret);
    EXPECT_EQ(hex(block), "1f080178");
    pair.check(block, {secret[0]});
  }
  const PreparedFields prepared({{"x-secret", "x", Indexing::kNever}, {":method", "GET", Indexing::kNever}});
  for (int i = 0; i < 4; ++i) EXPECT_GT(pair.send_prepared(prepared), 10u);
  for (int i = 0; i < 4; ++i) EXPECT_GT(pair.send({{"x-once", "value", Indexing::kOnce}}), 8u);
  EXPECT_EQ(pair.decoder.table_bytes(), 0u);
  // Automatic ones are indexed like others, and a later secret does not refer to them but by name.
  for (int i = 0; i < 2; ++i) pair.send({{"authorization", "token"}});
  EXPECT_EQ(pair.send({{"authorization", "token"}}), 1u);
  EXPECT_GT(pair.send({{"authorization", "token", Indexing::kNever}}), 5u);
}

TEST(Encoder, PreparedListsBecomeShort) {
  Pair pair;
  const PreparedFields headers({{FieldToken::kStatus, "200"},
                                {FieldToken::kContentType, "application/grpc"},
                                {FieldToken::kGrpcAcceptEncoding, "identity,deflate,gzip"}});
  const PreparedFields trailers({{FieldToken::kGrpcStatus, "0"}});
  pair.send_prepared(headers);
  pair.send_prepared(trailers);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pair.send_prepared(headers), 3u);
    EXPECT_EQ(pair.send_prepared(trailers), 1u);
    EXPECT_EQ(pair.send_prepared(headers, {{"grpc-message", "m"}}), 16u);
  }
  // An insert shifts the indices.
  pair.send({{":path", "/x"}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pair.send_prepared(headers), 3u);
    EXPECT_EQ(pair.send_prepared(trailers), 1u);
  }
  // More lists than are kept.
  std::vector<std::unique_ptr<PreparedFields>> many;
  for (int i = 0; i < 30; ++i) {
    many.push_back(std::make_unique<PreparedFields>(std::vector<Field>{{FieldToken::kUserAgent, "godwit"}}));
  }
  for (int round = 0; round < 3; ++round) {
    for (const auto& list : many) pair.send_prepared(*list);
  }
  pair.send_prepared(PreparedFields(std::vector<Field>{}));
  EXPECT_EQ(pair.send_prepared(PreparedFields(std::vector<Field>{})), 0u);
}

TEST(Encoder, Rfc7541Section4_2SizeUpdates) {
  Pair pair;
  const std::vector<Field> list = {{":path", "/x"}};
  const PreparedFields prepared({{FieldToken::kContentType, "application/grpc"}});
  pair.send(list);
  pair.send_prepared(prepared);
  pair.send_prepared(prepared);
  // Larger than our own limit: nothing changes.
  pair.encoder.set_peer_table_size(65536);
  EXPECT_EQ(pair.send(list), 1u);
  // Smaller: one update. The peer's decoder insists on it.
  pair.encoder.set_peer_table_size(100);
  pair.decoder.acknowledge_table_size(100);
  pair.send_prepared(prepared);
  EXPECT_LE(pair.decoder.table_bytes(), 100u);
  // Twice between two blocks: both sizes.
  pair.encoder.set_peer_table_size(0);
  pair.decoder.acknowledge_table_size(0);
  pair.encoder.set_peer_table_size(4096);
  pair.decoder.acknowledge_table_size(4096);
  const Bytes block = pair.encoder.encode(std::vector<Field>{{":method", "GET"}});
  EXPECT_EQ(hex(block), "203fe11f82");
  pair.check(block, {{":method", "GET"}});
  EXPECT_EQ(pair.decoder.table_bytes(), 0u);
  // Without a table nothing enters.
  pair.encoder.set_peer_table_size(0);
  pair.decoder.acknowledge_table_size(0);
  for (int i = 0; i < 4; ++i) {
    pair.send_prepared(prepared);
    pair.send(list);
  }
  EXPECT_EQ(pair.decoder.table_bytes(), 0u);
}

TEST(Encoder, LargeFieldsStayOut) {
  Pair pair;
  const std::string value(2100, 'v');
  for (int i = 0; i < 3; ++i) pair.send({{"x-large", value}});
  EXPECT_EQ(pair.decoder.table_bytes(), 0u);
  const PreparedFields prepared(std::vector<Field>{{"x-large", value}});
  for (int i = 0; i < 3; ++i) pair.send_prepared(prepared);
  EXPECT_EQ(pair.decoder.table_bytes(), 0u);
}

TEST(EncoderTable, RecentEntriesAreFoundThroughGrowthAndEviction) {
  EncoderTable table;
  const EncoderName name(FieldToken::kPath, ":path");
  auto value = [](int i) { return "/package.Service/Method" + std::to_string(i) + std::string(i % 37, 'x'); };
  auto hash = [&](int i) { return hash_of(value(i), name.hash); };
  int found = 0;
  int sought = 0;
  for (int i = 0; i < 3000; ++i) {
    table.insert(name, value(i), hash(i));
    for (int k = 0; k < 30 && k <= i; ++k) {
      const std::uint32_t index = table.find(name, value(i - k), hash(i - k));
      ++sought;
      found += index != 0;
      if (index != 0) {
        ASSERT_EQ(index, kStaticEntries + 1 + k);
      }
    }
    ASSERT_EQ(table.find(name, value(i), hash(i)), kStaticEntries + 1);
    ASSERT_EQ(table.find_name(name), kStaticEntries + 1);
    ASSERT_EQ(table.find(name, value(i + 1), hash(i + 1)), 0u);
  }
  // A few are lost to hashes that fall together.
  EXPECT_GT(found, sought * 98 / 100);
}

TEST(EncoderTable, CollidingHashesAreBounded) {
  // All entries have the same hash: a look-up finds some of them, never a wrong one.
  EncoderTable table;
  std::vector<std::string> values;
  for (int i = 0; i < 100; ++i) values.push_back(std::to_string(i));
  const EncoderName name(FieldToken::kOther, "n");
  for (const auto& value : values) table.insert(name, value, 7);
  int found = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t index = table.find(name, values[i], 7);
    if (index == 0) continue;
    ++found;
    EXPECT_EQ(index, kStaticEntries + values.size() - i);
  }
  EXPECT_GE(found, 1);
  EXPECT_NE(table.find(name, values.back(), 7), 0u);
  EXPECT_NE(table.find_name(name), 0u);
}

}  // namespace
}  // namespace godwit::http2::hpack
