#include "godwit/proto/wire/backward_writer.h"

#include <algorithm>

#include "godwit/base/assert.h"

namespace godwit::proto {

struct BackwardWriter::Blocks {
  struct Piece {
    BlockRef owner;  // null when it is the caller's memory
    Bytes bytes;
  };
  BlockRef current;             // where the writer writes
  std::vector<Piece> finished;  // the last part of the output first
};

void BackwardWriter::release_blocks() { delete blocks_; }
bool BackwardWriter::has_one_piece() const { return blocks_->finished.empty(); }

void BackwardWriter::grow(std::size_t count) {
  GODWIT_DEBUG_ASSERT(count <= Block::kLarge);
  const Bytes done(position_, limit());
  finished_ += done.size();
  if (counting_) {
    position_ += done.size();
    GODWIT_ASSERT(static_cast<std::size_t>(position_ - begin_) >= count);
  } else {
    if (!blocks_) blocks_ = new Blocks;
    if (!done.empty()) blocks_->finished.push_back({std::move(blocks_->current), done});
    blocks_->current = BlockRef::allocate(std::max(count, finished_ == 0 ? Block::kSmall : Block::kLarge));
    begin_ = blocks_->current->data();
    position_ = begin_ + blocks_->current->capacity();
  }
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
  if (position_ != limit()) f(blocks_ ? blocks_->current : BlockRef(), front());
  if (!blocks_) return;
  for (auto piece = blocks_->finished.rbegin(); piece != blocks_->finished.rend(); ++piece)
    f(piece->owner, piece->bytes);
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

void BackwardWriter::copy_to(std::uint8_t* to) const {
  // The last part first: it alone may lie in the caller's memory.
  to += size();
  if (blocks_) {
    for (const Blocks::Piece& piece : blocks_->finished) {
      to -= piece.bytes.size();
      std::memmove(to, piece.bytes.data(), piece.bytes.size());
    }
  }
  const Bytes first = front();
  if (!first.empty()) std::memmove(to - first.size(), first.data(), first.size());
}

Slice BackwardWriter::to_slice() const {
  if (size() == 0) return {};
  if (is_contiguous()) return blocks_ ? Slice(front(), blocks_->current) : Slice::copy_of(front());
  BlockRef block = BlockRef::allocate(size());
  copy_to(block->data());
  return Slice(Bytes(block->data(), size()), block);
}

std::vector<Slice> BackwardWriter::to_slices() const {
  std::vector<Slice> slices;
  slices.reserve(1 + (blocks_ ? blocks_->finished.size() : 0));
  for_each_piece([&](const BlockRef& owner, Bytes bytes) {
    slices.push_back(owner ? Slice(bytes, owner) : Slice::copy_of(bytes));
  });
  return slices;
}

}  // namespace godwit::proto
