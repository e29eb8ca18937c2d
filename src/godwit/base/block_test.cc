#include "godwit/base/block.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace godwit {
namespace {

TEST(Block, CapacityIsAtLeastWhatWasAskedFor) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, Block::kSmall, Block::kSmall + 1, Block::kLarge,
                                 Block::kLarge + 1, std::size_t{1'000'000}}) {
    BlockRef block = BlockRef::allocate(size);
    EXPECT_GE(block->capacity(), size);
    std::memset(block->data(), 0xaa, block->capacity());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->data()) % alignof(std::max_align_t), 0u);
  }
  EXPECT_EQ(BlockRef::allocate(1)->capacity(), Block::kSmall);
  EXPECT_EQ(BlockRef::allocate(Block::kSmall + 1)->capacity(), Block::kLarge);
}

TEST(Block, CountsItsReferences) {
  BlockRef a = BlockRef::allocate(10);
  EXPECT_TRUE(a->unique());
  BlockRef b = a;
  EXPECT_FALSE(a->unique());
  BlockRef c = std::move(b);
  EXPECT_FALSE(b);
  EXPECT_EQ(a.get(), c.get());
  c.reset();
  EXPECT_TRUE(a->unique());
  BlockRef& same = a;
  a = same;
  EXPECT_TRUE(a->unique());
}

TEST(Block, StandardSizesAreUsedAgain) {
  for (const std::size_t size : {Block::kSmall, Block::kLarge}) {
    Block* const first = BlockRef::allocate(size).get();  // given back at once
    BlockRef second = BlockRef::allocate(size);
    EXPECT_EQ(second.get(), first);
  }
}

TEST(Block, MayBeReleasedOnAnotherThread) {
  std::vector<BlockRef> blocks;
  for (int i = 0; i < 200; ++i) blocks.push_back(BlockRef::allocate(i % 2 ? Block::kSmall : Block::kLarge));
  std::vector<BlockRef> copies = blocks;
  std::thread other([mine = std::move(copies)]() mutable { mine.clear(); });
  blocks.clear();
  other.join();
}

TEST(Slice, SharesItsBlock) {
  Slice slice = Slice::copy_of(as_bytes("hello world"));
  EXPECT_TRUE(slice.owner()->unique());
  Slice part = slice.part(6, 5);
  EXPECT_EQ(as_text(part.bytes()), "world");
  EXPECT_FALSE(slice.owner()->unique());
  EXPECT_EQ(part.data(), slice.data() + 6);
  slice = Slice();
  EXPECT_TRUE(part.owner()->unique());
  part.remove_prefix(2);
  EXPECT_EQ(as_text(part.bytes()), "rld");
  EXPECT_EQ(as_text(part.part(3, 0).bytes()), "");
}

TEST(Slice, OfStaticBytesHasNoBlock) {
  const Slice slice = Slice::from_static(as_bytes("static"));
  EXPECT_FALSE(slice.owner());
  EXPECT_EQ(slice.part(1, 2).size(), 2u);
  EXPECT_TRUE(Slice::copy_of({}).empty());
}

TEST(Bytes, BigEndian) {
  std::uint8_t memory[9] = {};
  std::uint8_t* p = memory + 1;  // no alignment is needed
  store_be16(p, 0x0102);
  EXPECT_EQ(load_be16(p), 0x0102);
  store_be24(p, 0xfedcba);
  EXPECT_EQ(load_be24(p), 0xfedcbau);
  EXPECT_EQ(p[0], 0xfe);
  store_be32(p, 0xfedcba98);
  EXPECT_EQ(load_be32(p), 0xfedcba98u);
  EXPECT_EQ(p[3], 0x98);
  store_be64(p, 0xfedcba9876543210);
  EXPECT_EQ(load_be64(p), 0xfedcba9876543210u);
  EXPECT_EQ(p[7], 0x10);
}

}  // namespace
}  // namespace godwit
