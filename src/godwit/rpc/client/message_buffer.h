#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"

namespace godwit::rpc {

// The bytes of a call's messages that may have to be sent again, in order. Small pieces are gathered in blocks, slices
// are referred to. An empty buffer holds no block; its own memory is kept for the next call.
class MessageBuffer {
 public:
  // Pieces up to this size are copied even when they come as slices, and sent from here as bytes.
  static constexpr std::size_t kCopyBytes = 512;

  MessageBuffer() = default;
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;

  // Copies.
  void append(Bytes bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (room_ == 0) open_block(bytes.size());
      const std::size_t n = bytes.size() < room_ ? bytes.size() : room_;
      Piece& tail = pieces_.back();
      std::memcpy(const_cast<std::uint8_t*>(tail.data) + tail.size, bytes.data(), n);
      tail.size += n;
      room_ -= n;
      bytes = bytes.subspan(n);
    }
  }
  void append(const Slice& slice) {
    if (slice.size() <= kCopyBytes) return append(slice.bytes());
    size_ += slice.size();
    room_ = 0;  // a later small piece begins a block of its own
    pieces_.push_back({slice.data(), slice.size(), slice.owner()});
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() {
    if (pieces_.empty()) return;
    pieces_.clear();
    size_ = room_ = 0;
  }

  std::size_t pieces() const { return pieces_.size(); }
  // Only of pieces of more than kCopyBytes: smaller ones may lie in this object.
  Slice piece(std::size_t i) const { return Slice({pieces_[i].data, pieces_[i].size}, pieces_[i].owner); }
  // A piece without counting a reference.
  Bytes bytes(std::size_t i) const { return {pieces_[i].data, pieces_[i].size}; }

 private:
  struct Piece {
    const std::uint8_t* data;
    std::size_t size;
    BlockRef owner;
  };
  void open_block(std::size_t wanted) {
    if (pieces_.empty() && wanted <= kCopyBytes) {
      room_ = kCopyBytes;
      pieces_.push_back({first_, 0, BlockRef()});
      return;
    }
    BlockRef block = BlockRef::allocate(wanted > Block::kSmall ? wanted : Block::kSmall);
    room_ = block->capacity();
    const std::uint8_t* data = block->data();
    pieces_.push_back({data, 0, std::move(block)});
  }

  std::vector<Piece> pieces_;
  std::size_t size_ = 0;
  std::size_t room_ = 0;            // behind the last piece, in its block
  std::uint8_t first_[kCopyBytes];  // the first piece of most calls
};

}  // namespace godwit::rpc
