#pragma once

#include <cstddef>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"

namespace godwit::net {

// The buffer into which all streams of one loop read. A block is used from its beginning as long as nobody keeps a
// slice of it; behind kept slices reading goes on in the rest, and when little is left, in another block.
class ReadBuffer {
 public:
  // Where to read to now: never empty.
  MutableBytes prepare() {
    const bool kept = block_ && !block_->unique();
    const bool full = kept && block_->capacity() - used_ < kEnough;
    if (!block_ || full) block_ = BlockRef::allocate(Block::kLarge);
    if (!kept || full) used_ = 0;
    return {block_->data() + used_, block_->capacity() - used_};
  }
  // The first `count` bytes of what prepare() gave. While the slice lives they are not written to.
  Slice commit(std::size_t count) {
    std::uint8_t* begin = block_->data() + used_;
    used_ = (used_ + count + 63) & ~std::size_t{63};
    if (used_ > block_->capacity()) used_ = block_->capacity();
    return Slice({begin, count}, block_);
  }

 private:
  static constexpr std::size_t kEnough = 16 * 1024;
  BlockRef block_;
  std::size_t used_ = 0;
};

}  // namespace godwit::net
