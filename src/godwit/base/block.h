#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "godwit/base/bytes.h"

namespace godwit {

// A reference-counted piece of memory. Receive buffers, send buffers and long received strings are parts of blocks.
// Counting is atomic, so blocks and slices may be released on any thread. The standard sizes are recycled through a
// small cache of each thread: in steady state taking and giving back a block allocates nothing.
class Block {
 public:
  // The two recycled sizes: usable bytes, chosen so that header and data fill whole pages.
  static constexpr std::size_t kSmall = 4096 - 16;
  static constexpr std::size_t kLarge = 65536 - 16;

  // A block with one reference and room for at least `capacity` bytes. Never null: aborts when memory is exhausted.
  static Block* allocate(std::size_t capacity);

  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this) + kHeader; }
  std::size_t capacity() const { return capacity_; }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.load(std::memory_order_acquire) == 1 || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      recycle();
    }
  }
  // True when the caller's reference is the only one: then the bytes may be overwritten.
  bool unique() const { return references_.load(std::memory_order_acquire) == 1; }

 private:
  static constexpr std::size_t kHeader = 16;
  explicit Block(std::size_t capacity) : capacity_(capacity) {}
  void recycle();

  std::atomic<std::uint32_t> references_{1};
  std::size_t capacity_;
};

// Owns one reference of a Block (or nothing).
class BlockRef {
 public:
  BlockRef() = default;
  // Takes over the caller's reference.
  static BlockRef adopt(Block* block) { return BlockRef(block); }
  static BlockRef allocate(std::size_t capacity) { return BlockRef(Block::allocate(capacity)); }
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_) block_->retain();
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_) block_->release();
  }

  Block* get() const { return block_; }
  Block* operator->() const { return block_; }
  explicit operator bool() const { return block_ != nullptr; }
  void reset() {
    if (block_) std::exchange(block_, nullptr)->release();
  }

 private:
  explicit BlockRef(Block* block) : block_(block) {}
  Block* block_ = nullptr;
};

// A read-only view into a block that keeps the block alive. A slice without a block views memory that lives for ever
// (string literals, tables). Copying counts a reference, moving does not.
class Slice {
 public:
  Slice() = default;
  Slice(Bytes bytes, BlockRef owner) : bytes_(bytes), owner_(std::move(owner)) {}
  static Slice from_static(Bytes bytes) { return Slice(bytes, {}); }
  static Slice copy_of(Bytes bytes) {
    if (bytes.empty()) return {};
    BlockRef block = BlockRef::allocate(bytes.size());
    std::memcpy(block->data(), bytes.data(), bytes.size());
    return Slice({block->data(), bytes.size()}, block);
  }
  // All of them in one block.
  static Slice join(std::span<const Slice> pieces);

  Bytes bytes() const { return bytes_; }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  const BlockRef& owner() const { return owner_; }
  // The part [offset, offset + count) of this slice, sharing the block. The range must lie inside.
  Slice part(std::size_t offset, std::size_t count) const { return Slice(bytes_.subspan(offset, count), owner_); }
  void remove_prefix(std::size_t count) { bytes_ = bytes_.subspan(count); }

 private:
  Bytes bytes_;
  BlockRef owner_;
};

// One run of bytes in several pieces.
using Slices = std::span<const Slice>;

inline std::size_t total_size(Slices slices) {
  std::size_t size = 0;
  for (const Slice& slice : slices) size += slice.size();
  return size;
}

}  // namespace godwit
