#include "godwit/rpc/message_assembler.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace godwit::rpc {

void MessageAssembler::add(const Slice& bytes) {
  if (bytes.empty()) return;
  buffered_ += bytes.size();
  if (pending_.empty()) {
    pending_ = bytes;
  } else {
    more_.push_back(bytes);
  }
}

void MessageAssembler::drop_front(std::size_t count) {
  buffered_ -= count;
  if (count < pending_.size()) return pending_.remove_prefix(count);
  if (next_more_ < more_.size()) {
    pending_ = std::move(more_[next_more_++]);
    if (next_more_ == more_.size()) {
      more_.clear();
      next_more_ = 0;
    }
  } else {
    pending_ = Slice();
  }
}

bool MessageAssembler::take_prefix() {
  while (prefix_size_ < kPrefixBytes) {
    if (pending_.empty()) return false;
    const std::size_t n = std::min(kPrefixBytes - prefix_size_, pending_.size());
    std::memcpy(prefix_ + prefix_size_, pending_.data(), n);
    prefix_size_ += n;
    drop_front(n);
  }
  return true;
}

MessageAssembler::Outcome MessageAssembler::next(Message& message, std::size_t limit) {
  if (!has_length_) {
    if (!take_prefix()) return Outcome::kNeedMore;
    if (prefix_[0] > 1) return Outcome::kBadFlags;
    length_ = load_be32(prefix_ + 1);
    if (length_ > limit) return Outcome::kTooLarge;
    has_length_ = true;
  }
  if (!assembly_ && pending_.size() >= length_) {
    message.bytes = pending_.part(0, length_);
    if (length_ > 0) drop_front(length_);
  } else {
    // The memory of a long message is touched, and so exists, only as far as its bytes have arrived.
    if (!assembly_) assembly_ = BlockRef::allocate(length_);
    while (assembled_ < length_) {
      if (pending_.empty()) return Outcome::kNeedMore;
      const std::size_t n = std::min(length_ - assembled_, pending_.size());
      std::memcpy(assembly_->data() + assembled_, pending_.data(), n);
      assembled_ += n;
      drop_front(n);
    }
    const Bytes whole{assembly_->data(), length_};
    message.bytes = Slice(whole, std::exchange(assembly_, {}));
    assembled_ = 0;
  }
  message.compressed = prefix_[0] == 1;
  prefix_size_ = 0;
  has_length_ = false;
  return Outcome::kMessage;
}

void MessageAssembler::reset() {
  pending_ = Slice();
  more_.clear();
  next_more_ = 0;
  assembly_.reset();
  assembled_ = prefix_size_ = length_ = buffered_ = 0;
  has_length_ = false;
}

}  // namespace godwit::rpc
