#include "godwit/rpc/metadata.h"

#include <gtest/gtest.h>

namespace godwit {
namespace {

TEST(Metadata, KeepsOrderAndRepeatedKeys) {
  Metadata m = {{"b", "1"}, {"a", "2"}, {"b", "3"}};
  EXPECT_EQ(m.size(), 3u);
  EXPECT_EQ(m.find("b"), "1");
  EXPECT_EQ(m.count("b"), 2u);
  EXPECT_FALSE(m.find("c"));
  const Metadata copy = m;
  m.clear();
  EXPECT_EQ(copy[2].value, "3");
}

TEST(CustomMetadata, WhatMayNotBeSentIsRefusedByName) {
  struct Case {
    std::string_view key, value, text;
  } const cases[] = {{"", "v", "must not be empty"},   {"a b", "v", "only letters"},     {":path", "v", "only letters"},
                     {"grpc-x", "v", "protocol"},       {"content-type", "v", "protocol"}, {"k", "\xc3\xa9", "-bin"},
                     {"k", " v", "space"},              {"k\n", "v", "only letters"}};
  for (const Case& c : cases) {
    Metadata m;
    EXPECT_FALSE(m.add(c.key, c.value)) << c.key;
    EXPECT_NE(m.problem().find(c.text), std::string::npos) << m.problem();
    EXPECT_TRUE(m.empty());
  }
  Metadata m;
  EXPECT_TRUE(m.add("X-Upper", "v"));
  EXPECT_EQ(m.find("x-upper"), "v");
  EXPECT_TRUE(m.add("raw-bin", std::string_view("\0\xff", 2)));
}

TEST(CustomMetadata, BinaryValuesPaddedOrNotAndJoined) {
  Arena arena;
  const std::string_view bytes("\0\1\xff\xfe", 4);
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    const std::string_view wire = encode_binary_value(bytes.substr(0, n), arena);
    Metadata m;
    ASSERT_TRUE(m.add_received("k-bin", wire));
    EXPECT_EQ(m.find("k-bin"), bytes.substr(0, n));
    std::string padded(wire);
    while (padded.size() % 4) padded += '=';
    Metadata p;
    ASSERT_TRUE(p.add_received("k-bin", padded));
    EXPECT_EQ(p.find("k-bin"), bytes.substr(0, n));
  }
  Metadata joined;
  ASSERT_TRUE(joined.add_received("k-bin", "AAE, /w==,"));
  ASSERT_EQ(joined.size(), 3u);
  EXPECT_EQ(joined[1].value, "\xff");
  EXPECT_EQ(joined[2].value, "");
  Metadata bad;
  EXPECT_FALSE(bad.add_received("k-bin", "A*"));
  EXPECT_FALSE(bad.add_received("k-bin", "AAE,A"));
  EXPECT_TRUE(bad.empty());
}

}  // namespace
}  // namespace godwit
