#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "godwit/http/field.h"

namespace godwit::http2::hpack {

// The dynamic table of a decoder (RFC 7541 section 2.3.2): a ring of entries and a ring of bytes for their text, both
// allocated at the first insert, doubled when they are too small, and then reused. Text never moves within a ring, so
// that entries hold ready views. What is evicted stays readable until begin_block().
//
// A moved-from table may only be destroyed or assigned to.
class DecoderTable {
 public:
  struct alignas(64) Entry {
    http::FieldView view;  // view.note points to `note`
    std::uintptr_t note = 0;
    std::uint32_t size = 0;  // as section 4.1 counts it
    std::uint8_t flags = 0;  // the caller's
  };

  explicit DecoderTable(std::uint32_t max_size) : max_size_(max_size) {}

  // How many entries there are.
  std::uint32_t count() const { return head_ - live_; }
  // The entry with this index, from 0 for the newest to count() - 1.
  const Entry& at(std::uint32_t index) const { return entries_[(head_ - 1 - index) & mask_]; }
  // The same for a loop that inserts and evicts nothing.
  struct View {
    const Entry* entries;
    std::uint32_t mask;
    std::uint32_t newest;
    std::uint32_t count;
    const Entry& at(std::uint32_t index) const { return entries[(newest - index) & mask]; }
  };
  View view() const { return {entries_.get(), mask_, head_ - 1, count()}; }
  // The size of all entries, as section 4.1 counts it, and its bound.
  std::uint32_t size() const { return size_; }
  std::uint32_t max_size() const { return max_size_; }

  // Evicts what is above the new bound.
  void set_max_size(std::uint32_t max_size);

  // Evicts all entries.
  void clear() { evict_to(0); }

  // Forgets what was evicted.
  void begin_block() {
    kept_ = live_;
    keeping_ = true;
    if (!retired_.empty()) [[unlikely]]
      retired_.clear();
  }

  // Inserts an entry, copying name (which may belong to an entry, evicted or not) and value. nullptr when it is larger
  // than the table, which is then empty. When the rings are replaced, the notes of `out` are made to point to where the
  // entries are now. With `keep` false, entries that this call or later ones of the block evict are not kept readable
  // (nobody refers to them); those evicted before are.
  const Entry* insert(std::string_view name, std::string_view value, http::FieldToken token, std::uint8_t flags,
                      http::FieldViews& out, bool keep);

 private:
  struct Rings {
    std::unique_ptr<Entry[]> entries;
    std::unique_ptr<char[]> text;
  };

  void evict_to(std::uint32_t size);
  // Finds room for `size` bytes of text that do not wrap around; false when there is none.
  bool place(std::uint32_t size);
  // Moves the live entries to new rings, which get twice the room where asked for.
  void move_to_new_rings(bool more_slots, bool more_text, http::FieldViews& out);
  // Makes sure that there are a slot and `size` bytes of text at text_head_.
  void make_room(std::uint32_t size, http::FieldViews& out);

  // Entries are counted from the first insert on (modulo 2^32); the slot is the number & mask_.
  // kept_ <= live_ <= head_: those before live_ are evicted, but can be read.
  std::unique_ptr<Entry[]> entries_;
  std::uint32_t slots_ = 0;  // a power of 2
  std::uint32_t mask_ = 0;   // slots_ - 1
  std::uint32_t head_ = 0;
  std::uint32_t live_ = 0;
  std::uint32_t kept_ = 0;

  std::uint32_t size_ = 0;
  std::uint32_t max_size_;

  std::unique_ptr<char[]> text_;
  std::uint32_t text_size_ = 0;
  std::uint32_t text_head_ = 0;  // where the next text goes

  bool keeping_ = true;
  std::vector<Rings> retired_;  // that fields of this block may point to
};

}  // namespace godwit::http2::hpack
