#include "godwit/http2/stream/stream_table.h"

#include <utility>

#include "godwit/base/assert.h"

namespace godwit::http2 {

void StreamTable::grow() {
  const std::size_t old_capacity = slots_ ? mask_ + 1 : 0;
  const std::size_t capacity = old_capacity ? old_capacity * 2 : kFirstCapacity;
  std::unique_ptr<Stream*[]> old = std::exchange(slots_, std::make_unique<Stream*[]>(capacity));
  mask_ = capacity - 1;
  for (std::size_t i = 0; i < old_capacity; ++i) {
    if (old[i]) place(old[i]);
  }
}

void StreamTable::erase(StreamId id) {
  GODWIT_DEBUG_ASSERT(size_ > 0);
  std::size_t hole = slot_of(id);
  while (slots_[hole]->id_ != id) hole = (hole + 1) & mask_;
  // Close the gap: who stands behind it moves up, until one that has its own slot.
  for (std::size_t i = (hole + 1) & mask_; slots_[i] && distance_at(i) > 0; i = (i + 1) & mask_) {
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = nullptr;
  --size_;
}

}  // namespace godwit::http2
