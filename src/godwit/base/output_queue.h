#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"

namespace godwit {

// Bytes on their way out, in order: small pieces are written in place at the tail, large ones are linked without a
// copy. An empty queue holds no block. Not thread-safe.
class OutputQueue {
 public:
  OutputQueue() = default;
  // Leaves the other queue empty.
  OutputQueue(OutputQueue&& other) noexcept
      : sealed_(std::exchange(other.sealed_, {})),
        open_(std::move(other.open_)),
        head_(std::exchange(other.head_, nullptr)),
        tail_(std::exchange(other.tail_, nullptr)),
        limit_(std::exchange(other.limit_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        consumed_(std::exchange(other.consumed_, 0)) {}
  OutputQueue& operator=(OutputQueue&& other) noexcept {
    if (this == &other) return *this;
    sealed_ = std::exchange(other.sealed_, {});
    open_ = std::move(other.open_);
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    limit_ = std::exchange(other.limit_, nullptr);
    size_ = std::exchange(other.size_, 0);
    consumed_ = std::exchange(other.consumed_, 0);
    return *this;
  }

  // At least `count` writable bytes in one piece at the tail (count <= Block::kLarge). Valid until the next call that
  // is not const. What commit() does not take is lost.
  std::uint8_t* reserve(std::size_t count) {
    if (static_cast<std::size_t>(limit_ - tail_) < count) grow(count);
    return tail_;
  }
  // Writable bytes at the tail right now; may be 0.
  std::size_t room() const { return static_cast<std::size_t>(limit_ - tail_); }
  // Appends the first `count` bytes written at reserve()'s pointer.
  void commit(std::size_t count) {
    tail_ += count;
    size_ += count;
  }
  // Copies.
  void append(Bytes bytes);
  // Links a large slice; copies one of up to kCopyBytes.
  void append(Slice slice);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Bytes that consume() has dropped since the queue began.
  std::uint64_t consumed() const { return consumed_; }
  // Where the next byte will stand: it has left the queue when consumed() is larger. Falls only in clear() and cut().
  std::uint64_t position() const { return consumed_ + size_; }

  // Fills `out` with the first pieces, in order; returns how many were filled. Valid until the next non-const call.
  std::size_t gather(std::span<iovec> out) const;
  // Drops the first `count` bytes (count <= size()); gives blocks back as soon as they are empty.
  void consume(std::size_t count);
  // Drops everything behind the first `size` bytes (size <= size()).
  void cut(std::size_t size);
  void clear();

  // Slices up to this size are cheaper to copy than to link (one more iovec and one more reference).
  static constexpr std::size_t kCopyBytes = 1024;

 private:
  struct Segment {
    const std::uint8_t* data;
    std::size_t size;
    BlockRef owner;
  };
  void grow(std::size_t count);
  void seal();

  std::deque<Segment> sealed_;     // before the open block, oldest first
  BlockRef open_;                  // where reserve() writes
  std::uint8_t* head_ = nullptr;   // first unsent byte of the open block
  std::uint8_t* tail_ = nullptr;   // first free byte of the open block
  std::uint8_t* limit_ = nullptr;  // end of the open block
  std::size_t size_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace godwit
