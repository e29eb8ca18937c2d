#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/base/output_queue.h"

namespace godwit::proto {

// Bytes written from the last to the first, so that a length can be put in front of what it measures without knowing it
// before. Whoever frames a message (the 5 bytes of gRPC, the 9 of HTTP/2) writes the prefix after it.
//
// The first bytes go to the end of memory that the caller lends; what has no room there goes to blocks, each filled
// from its end, so that nothing is ever moved. Not thread-safe.
class BackwardWriter {
 public:
  // `memory` must live as long as the writer; it may be empty.
  explicit BackwardWriter(MutableBytes memory)
      : position_(memory.data() + memory.size()),
        begin_(memory.data()),
        top_(reinterpret_cast<std::uintptr_t>(position_)) {}
  BackwardWriter(const BackwardWriter&) = delete;
  BackwardWriter& operator=(const BackwardWriter&) = delete;
  ~BackwardWriter() {
    if (blocks_) release_blocks();
  }

  // A writer that only counts: `scratch`, at least 4096 bytes, is written again and again.
  struct Counting {};
  BackwardWriter(MutableBytes scratch, Counting) : BackwardWriter(scratch) { counting_ = true; }

  // All bytes written so far.
  std::size_t size() const { return top_ - reinterpret_cast<std::uintptr_t>(position_); }
  // Puts bytes in front of what is there.
  void write(Bytes bytes);
  void write_byte(std::uint8_t byte) {
    if (position_ == begin_) grow(1);
    *--position_ = byte;
  }

  // Where to write next: the caller may write below position(), down to begin(), and then says where it came to.
  std::uint8_t* position() const { return position_; }
  std::uint8_t* begin() const { return begin_; }
  void set_position(std::uint8_t* position) { position_ = position; }
  // position() - begin() becomes at least `count` (at most 4096): goes on in a new block.
  void grow(std::size_t count);
  // position() and size() belong together as size() == top() - position(); changes in grow().
  std::uintptr_t top() const { return top_; }

  // The result. None of these may be called on a counting writer.
  // The whole, when it lies in one piece (always as long as it fits the caller's memory).
  bool is_contiguous() const { return !blocks_ || has_one_piece(); }
  // The front piece; the whole if is_contiguous().
  Bytes front() const { return Bytes(position_, limit() - position_); }
  void append_to(std::string& out) const;
  void append_to(std::vector<std::uint8_t>& out) const;
  // Small results are copied, blocks of large ones linked.
  void append_to(OutputQueue& out) const;
  // To `to`, which has room for size() bytes and may be, or overlap, the caller's memory.
  void copy_to(std::uint8_t* to) const;
  // One block that holds all of it.
  Slice to_slice() const;
  // The whole in pieces, first to last: blocks are shared, what lies in the caller's memory is copied.
  std::vector<Slice> to_slices() const;

 private:
  struct Blocks;
  const std::uint8_t* limit() const { return reinterpret_cast<const std::uint8_t*>(top_ - finished_); }
  bool has_one_piece() const;
  void release_blocks();
  template <typename F>
  void for_each_piece(F f) const;

  std::uint8_t* position_;
  std::uint8_t* begin_;
  std::uintptr_t top_;        // address of the current memory's end, plus finished_
  std::size_t finished_ = 0;  // bytes in memory that is full, or given up by a counting writer
  Blocks* blocks_ = nullptr;  // what did not fit the caller's memory
  bool counting_ = false;
};

}  // namespace godwit::proto
