#include "godwit/base/block.h"

#include <cstdlib>
#include <new>

#include "godwit/base/assert.h"

namespace godwit {
namespace {

// Blocks that wait for reuse, at most kKept of each size and thread. More are given back to the allocator, so a burst
// does not pin memory.
class BlockCache {
 public:
  static constexpr int kKeptSmall = 64;
  static constexpr int kKeptLarge = 16;

  ~BlockCache() {
    while (small_count_ > 0) std::free(small_[--small_count_]);
    while (large_count_ > 0) std::free(large_[--large_count_]);
    alive_ = false;
  }
  void* take(std::size_t capacity) {
    if (capacity == Block::kSmall && small_count_ > 0) return small_[--small_count_];
    if (capacity == Block::kLarge && large_count_ > 0) return large_[--large_count_];
    return nullptr;
  }
  bool keep(void* memory, std::size_t capacity) {
    if (!alive_) return false;
    if (capacity == Block::kSmall && small_count_ < kKeptSmall) return small_[small_count_++] = memory, true;
    if (capacity == Block::kLarge && large_count_ < kKeptLarge) return large_[large_count_++] = memory, true;
    return false;
  }

 private:
  void* small_[kKeptSmall];
  void* large_[kKeptLarge];
  int small_count_ = 0;
  int large_count_ = 0;
  bool alive_ = true;  // false after the thread's end, when late destructors still release blocks
};

thread_local BlockCache cache;

}  // namespace

Block* Block::allocate(std::size_t capacity) {
  static_assert(sizeof(Block) <= kHeader);
  if (capacity <= kSmall) {
    capacity = kSmall;
  } else if (capacity <= kLarge) {
    capacity = kLarge;
  }
  void* memory = cache.take(capacity);
  if (!memory) {
    memory = std::malloc(kHeader + capacity);
    GODWIT_ASSERT(memory && "out of memory for a buffer");
  }
  return ::new (memory) Block(capacity);
}

void Block::recycle() {
  const std::size_t capacity = capacity_;
  this->~Block();
  if (!cache.keep(this, capacity)) std::free(this);
}

Slice Slice::join(Slices pieces) {
  if (pieces.empty()) return {};
  if (pieces.size() == 1) return pieces.front();
  BlockRef block = BlockRef::allocate(total_size(pieces));
  std::uint8_t* to = block->data();
  for (const Slice& piece : pieces) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  const Bytes whole{block->data(), static_cast<std::size_t>(to - block->data())};
  return Slice(whole, std::move(block));
}

}  // namespace godwit
