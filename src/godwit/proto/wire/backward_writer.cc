#include "godwit/proto/wire/backward_writer.h"

#include <algorithm>

#include "godwit/base/assert.h"

namespace godwit::proto {

const std::uint8_t* BackwardWriter::limit() const { return reinterpret_cast<const std::uint8_t*>(top_ - finished_); }

void BackwardWriter::grow(std::size_t count) {
  GODWIT_DEBUG_ASSERT(count <= Block::kLarge);
  const Bytes done(position_, limit());
  if (counting_) {
    finished_ += done.size();
    position_ += done.size();
    top_ = reinterpret_cast<std::uintptr_t>(position_) + finished_;
    GODWIT_ASSERT(static_cast<std::size_t>(position_ - begin_) >= count);
    return;
  }
  if (!done.empty()) pieces_.push_back({std::move(block_), done});
  finished_ += done.size();
  block_ = BlockRef::allocate(std::max(count, finished_ == 0 ? Block::kSmall : Block::kLarge));
  begin_ = block_->data();
  position_ = begin_ + block_->capacity();
  top_ = reinterpret_cast<std::uintptr_t>(position_) + finished_;
}

void BackwardWriter::write(Bytes bytes) {
  const std::uint8_t* end = bytes.data() + bytes.size();
  std::size_t left = bytes.size();
  while (left > 0) {
    if (position_ == begin_) grow(1);
    const std::size_t part = std::min(left, static_cast<std::size_t>(position_ - begin_));
    position_ -= part;
    end -= part;
    std::memcpy(position_, end, part);
    left -= part;
  }
}

template <typename F>
void BackwardWriter::for_each_piece(F f) const {
  GODWIT_DEBUG_ASSERT(!counting_);
  if (position_ != limit()) f(block_, front());
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) f(piece->owner, piece->bytes);
}

void BackwardWriter::append_to(std::string& out) const {
  if (is_contiguous()) {
    out.append(reinterpret_cast<const char*>(position_), front().size());
    return;
  }
  out.reserve(out.size() + size());
  for_each_piece([&](const BlockRef&, Bytes bytes) { out.append(as_text(bytes)); });
}

void BackwardWriter::append_to(std::vector<std::uint8_t>& out) const {
  out.reserve(out.size() + size());
  for_each_piece([&](const BlockRef&, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
}

void BackwardWriter::append_to(OutputQueue& out) const {
  for_each_piece([&](const BlockRef& owner, Bytes bytes) {
    if (owner) {
      out.append(Slice(bytes, owner));
    } else {
      out.append(bytes);
    }
  });
}

Slice BackwardWriter::to_slice() const {
  if (size() == 0) return {};
  if (is_contiguous()) return block_ ? Slice(front(), block_) : Slice::copy_of(front());
  BlockRef block = BlockRef::allocate(size());
  std::uint8_t* to = block->data();
  for_each_piece([&](const BlockRef&, Bytes bytes) {
    std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
  });
  return Slice(Bytes(block->data(), size()), block);
}

}  // namespace godwit::proto
