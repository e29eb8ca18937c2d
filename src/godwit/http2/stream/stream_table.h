#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "godwit/http2/stream/stream.h"

namespace godwit::http2 {

// The streams of a connection that are not closed, by id. Open addressing with linear probing; ids follow each other,
// so nearly every look-up hits at once. Holds no memory before the first stream.
class StreamTable {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  Stream* find(StreamId id) const {
    if (size_ == 0) return nullptr;
    for (std::size_t i = slot_of(id);; i = (i + 1) & mask_) {
      Stream* stream = slots_[i];
      if (!stream || stream->id_ == id) return stream;
    }
  }
  // No stream with this id may be there.
  void insert(Stream* stream) {
    if (!slots_ || size_ * 2 > mask_) grow();
    place(stream);
    ++size_;
  }
  // The stream must be there.
  void erase(StreamId id);

  // Calls f(Stream&) for each; f must not change the table.
  template <typename F>
  void for_each(F f) const {
    if (size_ == 0) return;
    for (std::size_t i = 0; i <= mask_; ++i) {
      if (slots_[i]) f(*slots_[i]);
    }
  }

 private:
  static constexpr std::size_t kFirstCapacity = 8;

  // Ids of one side are all odd or all even.
  std::size_t slot_of(StreamId id) const { return (id >> 1) & mask_; }
  void place(Stream* stream) {
    std::size_t i = slot_of(stream->id_);
    while (slots_[i]) i = (i + 1) & mask_;
    slots_[i] = stream;
  }
  void grow();

  std::unique_ptr<Stream*[]> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace godwit::http2
