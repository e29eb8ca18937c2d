#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "godwit/http2/stream/stream.h"

namespace godwit::http2 {

// The streams of a connection that are not closed, by id. Open addressing with linear probing; ids follow each other,
// so nearly every look-up hits at once. Holds no memory before the first stream.
//
// Ids that follow each other fill slots that follow each other: nothing may walk to the next empty slot. So who is
// farther from its own slot goes first ("Robin Hood"), and every walk ends at one that stands nearer to its own.
class StreamTable {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  Stream* find(StreamId id) const {
    if (size_ == 0) return nullptr;
    std::size_t i = slot_of(id);
    for (std::size_t distance = 0;; ++distance) {
      Stream* stream = slots_[i];
      if (!stream || stream->id_ == id) return stream;
      if (distance_at(i) < distance) return nullptr;
      i = (i + 1) & mask_;
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
  // How far the stream in slot i is from its own slot.
  std::size_t distance_at(std::size_t i) const { return (i - slot_of(slots_[i]->id_)) & mask_; }
  void place(Stream* stream) {
    std::size_t i = slot_of(stream->id_);
    for (std::size_t distance = 0; slots_[i]; ++distance) {
      if (const std::size_t other = distance_at(i); other < distance) {
        std::swap(stream, slots_[i]);
        distance = other;
      }
      i = (i + 1) & mask_;
    }
    slots_[i] = stream;
  }
  void grow();

  std::unique_ptr<Stream*[]> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace godwit::http2
