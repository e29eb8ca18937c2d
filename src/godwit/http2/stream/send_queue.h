#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/base/output_queue.h"

namespace godwit::http2 {

// DATA of one stream that waits. Small pieces are copied together, large slices are linked. Empty, it holds no block.
class SendQueue {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void append(Bytes bytes);
  void append(const Slice& slice);
  // Moves the first `count` bytes (count <= size()) to the tail of `out`.
  void move_to(OutputQueue& out, std::size_t count);
  void clear();

 private:
  struct Piece {
    const std::uint8_t* data;
    std::size_t size;
    BlockRef owner;
  };

  std::vector<Piece> pieces_;  // the first `head_` of them are used up
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  BlockRef open_;  // the block that append(Bytes) fills; its filled part is among pieces_
  std::uint8_t* tail_ = nullptr;
  std::uint8_t* limit_ = nullptr;
};

}  // namespace godwit::http2
