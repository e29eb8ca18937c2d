#include "godwit/http2/stream/send_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "godwit/base/assert.h"

namespace godwit::http2 {
namespace {

// Pieces whose memory an empty queue keeps, so that a stream that waits again and again allocates once.
constexpr std::size_t kKeptPieces = 16;

}  // namespace

void SendQueue::append(Bytes bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (tail_ == limit_) {
      open_ = BlockRef::allocate(size_ <= Block::kSmall ? Block::kSmall : Block::kLarge);
      tail_ = open_->data();
      limit_ = tail_ + open_->capacity();
    }
    const std::size_t n = std::min(bytes.size(), static_cast<std::size_t>(limit_ - tail_));
    std::memcpy(tail_, bytes.data(), n);
    if (!pieces_.empty() && head_ < pieces_.size() && pieces_.back().data + pieces_.back().size == tail_ &&
        pieces_.back().owner.get() == open_.get()) {
      pieces_.back().size += n;
    } else {
      pieces_.push_back({tail_, n, open_});
    }
    tail_ += n;
    bytes = bytes.subspan(n);
  }
}

void SendQueue::append(const Slice& slice) {
  if (slice.size() <= OutputQueue::kCopyBytes) return append(slice.bytes());
  size_ += slice.size();
  pieces_.push_back({slice.data(), slice.size(), slice.owner()});
}

void SendQueue::move_to(OutputQueue& out, std::size_t count) {
  GODWIT_DEBUG_ASSERT(count <= size_);
  size_ -= count;
  while (count > 0) {
    Piece& piece = pieces_[head_];
    const std::size_t n = std::min(count, piece.size);
    count -= n;
    if (n == piece.size) {
      out.append(Slice({piece.data, n}, std::move(piece.owner)));
      ++head_;
    } else {
      out.append(Slice({piece.data, n}, piece.owner));
      piece.data += n;
      piece.size -= n;
    }
  }
  if (size_ == 0) {
    clear();
  } else if (head_ > kKeptPieces && head_ > pieces_.size() / 2) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void SendQueue::clear() {
  if (pieces_.capacity() > kKeptPieces) {
    std::vector<Piece>().swap(pieces_);
  } else {
    pieces_.clear();
  }
  head_ = 0;
  size_ = 0;
  open_.reset();
  tail_ = limit_ = nullptr;
}

}  // namespace godwit::http2
