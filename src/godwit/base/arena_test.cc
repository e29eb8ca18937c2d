#include "godwit/base/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "godwit/base/random.h"

namespace godwit {
namespace {

TEST(Arena, AlignsAndKeepsApart) {
  for (const bool with_initial : {false, true}) {
    std::uint8_t initial[300];
    Arena arena = with_initial ? Arena(MutableBytes(initial)) : Arena();
    SeededRandom random(5);
    struct Piece {
      std::uint8_t* begin;
      std::size_t size;
      std::uint8_t fill;
    };
    std::vector<Piece> pieces;
    for (int i = 0; i < 2000; ++i) {
      const std::size_t alignment = std::size_t{1} << random.below(7);
      const std::size_t size = random.chance(0.01) ? random.below(300'000) : random.below(200);
      auto* p = static_cast<std::uint8_t*>(arena.allocate(size, alignment));
      ASSERT_NE(p, nullptr);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % alignment, 0u);
      const auto fill = static_cast<std::uint8_t>(i);
      std::memset(p, fill, size);
      pieces.push_back({p, size, fill});
    }
    for (const Piece& piece : pieces) {
      for (std::size_t i = 0; i < piece.size; ++i) ASSERT_EQ(piece.begin[i], piece.fill);
    }
  }
}

TEST(Arena, UsesTheInitialMemoryFirstAndAgainAfterReset) {
  alignas(64) std::uint8_t initial[256];
  Arena arena{MutableBytes(initial)};
  for (int round = 0; round < 3; ++round) {
    void* p = arena.allocate(200);
    EXPECT_EQ(p, initial);
    EXPECT_EQ(arena.allocated(), 0u);
    void* q = arena.allocate(200);
    EXPECT_TRUE(q < initial || q >= initial + sizeof initial);
    EXPECT_GT(arena.allocated(), 0u);
    arena.reset();
    EXPECT_EQ(arena.allocated(), 0u);
  }
}

TEST(Arena, ExtendsTheNewestPieceOnly) {
  std::uint8_t initial[256];
  Arena arena{MutableBytes(initial)};
  auto* a = static_cast<std::uint8_t*>(arena.allocate(10, 1));
  EXPECT_TRUE(arena.try_extend(a, 10, 50));
  auto* b = static_cast<std::uint8_t*>(arena.allocate(1, 1));
  EXPECT_EQ(b, a + 50);
  EXPECT_FALSE(arena.try_extend(a, 50, 60));
  volatile std::size_t too_much = 10'000;  // g++ 12 sees through a constant and warns of the branch not taken
  EXPECT_FALSE(arena.try_extend(b, 1, too_much));
}

TEST(Arena, KeepsBlocksAliveUntilReset) {
  BlockRef block = BlockRef::allocate(100);
  Arena arena;
  arena.keep(block);
  arena.keep(block);
  arena.keep({});
  EXPECT_FALSE(block->unique());
  arena.reset();
  EXPECT_TRUE(block->unique());
  {
    Arena other;
    other.keep(block);
  }
  EXPECT_TRUE(block->unique());
}

TEST(Arena, CopiesTextAndMakesObjects) {
  Arena arena;
  std::string text = "some text";
  const std::string_view copy = arena.copy(text);
  text[0] = 'X';
  EXPECT_EQ(copy, "some text");
  EXPECT_EQ(arena.copy(""), "");
  struct Point {
    int x, y;
  };
  EXPECT_EQ(arena.create<Point>(Point{1, 2})->y, 2);
}

}  // namespace
}  // namespace godwit
