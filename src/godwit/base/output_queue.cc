#include "godwit/base/output_queue.h"

#include <algorithm>
#include <cstring>

#include "godwit/base/assert.h"

namespace godwit {

void OutputQueue::seal() {
  if (tail_ != head_) {
    sealed_.push_back({head_, static_cast<std::size_t>(tail_ - head_), open_});
    head_ = tail_;
  }
}

void OutputQueue::grow(std::size_t count) {
  GODWIT_DEBUG_ASSERT(count <= Block::kLarge);
  if (open_ && head_ == tail_ && sealed_.empty() && open_->unique() && open_->capacity() >= count) {
    head_ = tail_ = open_->data();  // everything was sent: start over in the same block
    return;
  }
  seal();
  // The first block is small: most connections send little at a time. A busy one gets large blocks.
  const std::size_t capacity = (size_ == 0 && count <= Block::kSmall) ? Block::kSmall : Block::kLarge;
  open_ = BlockRef::allocate(capacity);
  head_ = tail_ = open_->data();
  limit_ = head_ + open_->capacity();
}

void OutputQueue::append(Bytes bytes) {
  while (!bytes.empty()) {
    if (room() == 0) grow(std::min(bytes.size(), Block::kLarge));
    const std::size_t n = std::min(bytes.size(), room());
    std::memcpy(tail_, bytes.data(), n);
    commit(n);
    bytes = bytes.subspan(n);
  }
}

void OutputQueue::append(Slice slice) {
  if (slice.size() <= kCopyBytes) return append(slice.bytes());
  seal();
  size_ += slice.size();
  sealed_.push_back({slice.data(), slice.size(), slice.owner()});
}

std::size_t OutputQueue::gather(std::span<iovec> out) const {
  std::size_t n = 0;
  for (const Segment& s : sealed_) {
    if (n == out.size()) return n;
    out[n++] = {const_cast<std::uint8_t*>(s.data), s.size};
  }
  if (n < out.size() && tail_ != head_) out[n++] = {head_, static_cast<std::size_t>(tail_ - head_)};
  return n;
}

void OutputQueue::consume(std::size_t count) {
  GODWIT_DEBUG_ASSERT(count <= size_);
  size_ -= count;
  consumed_ += count;
  if (size_ == 0) return clear();
  while (count > 0 && !sealed_.empty()) {
    Segment& s = sealed_.front();
    const std::size_t n = std::min(count, s.size);
    s.data += n;
    s.size -= n;
    count -= n;
    if (s.size == 0) sealed_.pop_front();
  }
  head_ += count;
}

void OutputQueue::cut(std::size_t size) {
  GODWIT_DEBUG_ASSERT(size <= size_);
  if (size == 0) return clear();
  std::size_t count = size_ - size;
  size_ = size;
  const std::size_t open = std::min(count, static_cast<std::size_t>(tail_ - head_));
  tail_ -= open;
  count -= open;
  while (count > 0) {
    Segment& s = sealed_.back();
    const std::size_t n = std::min(count, s.size);
    s.size -= n;
    count -= n;
    if (s.size == 0) sealed_.pop_back();
  }
}

void OutputQueue::clear() {
  sealed_.clear();
  open_.reset();
  head_ = tail_ = limit_ = nullptr;
  size_ = 0;
}

}  // namespace godwit
