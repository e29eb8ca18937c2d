#include "godwit/base/arena.h"

#include <algorithm>

#include "godwit/base/assert.h"

namespace godwit {

// At the start of each chunk's own memory.
struct Arena::Chunk {
  Chunk* next;
  Block* block;
};
struct Arena::Kept {
  Kept* next;
  Block* block;
};

void* Arena::allocate_slow(std::size_t size, std::size_t alignment) {
  GODWIT_DEBUG_ASSERT((alignment & (alignment - 1)) == 0 && alignment <= 64);
  const std::size_t needed = sizeof(Chunk) + size + alignment;
  // Small arenas stay small; once one has outgrown a few small chunks it takes large ones, then doubles.
  std::size_t wanted = allocated_ < 2 * Block::kSmall ? Block::kSmall : Block::kLarge;
  if (allocated_ > 4 * Block::kLarge) wanted = std::min<std::size_t>(allocated_ / 2, std::size_t{1} << 20);
  Block* block = Block::allocate(std::max(needed, wanted));
  auto* chunk = ::new (block->data()) Chunk{chunks_, block};
  chunks_ = chunk;
  allocated_ += block->capacity();
  std::uint8_t* begin = align(block->data() + sizeof(Chunk), alignment);
  std::uint8_t* end = block->data() + block->capacity();
  // Go on in whichever chunk has more room left, so that one huge allocation does not waste the current chunk.
  if (end - (begin + size) > limit_ - next_) {
    next_ = begin + size;
    limit_ = end;
  }
  return begin;
}

void Arena::keep(BlockRef block) {
  if (!block) return;
  if (kept_ && kept_->block == block.get()) return;  // the common case: several strings of one receive buffer
  block->retain();
  kept_ = create<Kept>(Kept{kept_, block.get()});
}

void Arena::release_all() {
  for (Kept* k = kept_; k;) {
    Kept* next = k->next;
    k->block->release();
    k = next;
  }
  kept_ = nullptr;
  for (Chunk* c = chunks_; c;) {
    Chunk* next = c->next;
    c->block->release();
    c = next;
  }
  chunks_ = nullptr;
  allocated_ = 0;
}

}  // namespace godwit
