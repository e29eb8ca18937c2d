#include "godwit/proto/message/map.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "godwit/base/random.h"
#include "godwit/proto/message/message.h"

namespace godwit::proto {
namespace {

TEST(MapField, BehavesAsAMapOfStrings) {
  SeededRandom random(11);
  for (int round = 0; round < 50; round++) {
    Arena arena;
    MapField field;
    MutableMap<std::string_view, std::int32_t> map(field, arena);
    std::map<std::string, std::int32_t> expected;
    const std::size_t keys = 1 + random.below(round < 25 ? 12 : 500);
    for (int step = 0; step < 3000; step++) {
      const std::string key = "key" + std::to_string(random.below(keys)) + std::string(random.below(2) * 20, 'x');
      if (random.below(3) == 0) {
        EXPECT_EQ(map.erase(key), expected.erase(key));
      } else {
        map[key] = step;
        expected[key] = step;
      }
    }
    ASSERT_EQ(map.size(), expected.size());
    const MapView<std::string_view, std::int32_t> view = map;
    std::map<std::string, std::int32_t> seen;
    for (auto [key, value] : view) seen.emplace(key, value);
    EXPECT_EQ(seen, expected);
    for (const auto& [key, value] : expected) EXPECT_EQ(view.at(key), value);
    EXPECT_FALSE(view.contains("nobody"));
  }
}

TEST(MapField, KeysOfAllNumbers) {
  Arena arena;
  MapField a, b, c;
  MutableMap<std::int32_t, std::string_view> signed_map(a, arena);
  MutableMap<std::uint64_t, bool> wide_map(b, arena);
  MutableMap<bool, double> bool_map(c, arena);
  for (std::int32_t i = -50; i < 50; i++) {
    signed_map[i] = std::to_string(i);
    wide_map[~std::uint64_t{0} - static_cast<std::uint64_t>(i + 50)] = i % 2 == 0;
  }
  bool_map[true] = 1.5;
  bool_map[false] = 2.5;
  bool_map[true] = 3.5;
  EXPECT_EQ(signed_map.size(), 100u);
  EXPECT_EQ(signed_map.find(-7)->second, "-7");
  EXPECT_TRUE(wide_map.find(~std::uint64_t{0})->second);
  EXPECT_EQ(bool_map.size(), 2u);
  EXPECT_EQ(bool_map[true], 3.5);
}

TEST(MapField, KeepsTheOrderOfInsertion) {
  Arena arena;
  MapField field;
  MutableMap<std::int64_t, std::int64_t> map(field, arena);
  for (std::int64_t i = 0; i < 1000; i++) map[i * 7919 % 1009] = i;
  std::int64_t next = 0;
  for (auto [key, value] : MapView<std::int64_t, std::int64_t>(map)) {
    EXPECT_EQ(value, next);
    EXPECT_EQ(key, next * 7919 % 1009);
    next++;
  }
}

// Keys that all fall into one slot of an index without a secret. With it, a hundred thousand take no quadratic time: the
// test would run into its time limit.
TEST(MapField, KeysWithEqualLowBitsStayFast) {
  Arena arena;
  MapField field;
  MutableMap<std::uint64_t, std::int32_t> map(field, arena);
  for (std::uint64_t i = 0; i < 100000; i++) map[i << 32] = 1;
  EXPECT_EQ(map.size(), 100000u);
  for (std::uint64_t i = 0; i < 100000; i++) ASSERT_TRUE(map.contains(i << 32));
}

}  // namespace
}  // namespace godwit::proto
