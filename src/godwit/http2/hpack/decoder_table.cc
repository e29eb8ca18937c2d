#include "godwit/http2/hpack/decoder_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "godwit/http2/hpack/static_table.h"

namespace godwit::http2::hpack {
namespace {

constexpr std::uint32_t kFirstSlots = 8;
constexpr std::uint32_t kFirstText = 512;

std::uint32_t text_size_of(const DecoderTable::Entry& entry) {
  // At least a byte, so that no two entries begin at the same place.
  return std::max<std::uint32_t>(entry.size - kEntryOverhead, 1);
}

}  // namespace

void DecoderTable::evict_to(std::uint32_t size) {
  while (size_ > size) size_ -= entries_[live_++ & mask_].size;
  if (!keeping_) kept_ = live_;
}

void DecoderTable::set_max_size(std::uint32_t max_size) {
  max_size_ = max_size;
  evict_to(max_size);
}

bool DecoderTable::place(std::uint32_t size) {
  if (kept_ == head_) {
    text_head_ = 0;
    return size <= text_size_;
  }
  const auto tail = static_cast<std::uint32_t>(entries_[kept_ & mask_].view.name.data() - text_.get());
  if (text_head_ <= tail) return tail - text_head_ >= size;  // wrapped; equal means full
  if (text_size_ - text_head_ >= size) return true;
  if (tail < size) return false;
  text_head_ = 0;
  return true;
}

void DecoderTable::move_to_new_rings(bool more_slots, bool more_text, http::FieldViews& out) {
  const std::uint32_t used = count();
  const std::uint32_t old_slots = slots_;
  Rings old{std::move(entries_), std::move(text_)};
  const std::uint32_t old_mask = mask_;
  slots_ = std::max(more_slots ? slots_ * 2 : slots_, kFirstSlots);
  mask_ = slots_ - 1;
  entries_ = std::make_unique<Entry[]>(slots_);
  text_size_ = std::max(more_text ? text_size_ * 2 : text_size_, kFirstText);
  text_ = std::make_unique_for_overwrite<char[]>(text_size_);
  text_head_ = 0;
  for (std::uint32_t i = live_; i != head_; ++i) {
    const Entry& from = old.entries[i & old_mask];
    Entry& to = entries_[i & mask_];
    to = from;
    char* at = text_.get() + text_head_;
    const std::size_t name = from.view.name.size();
    const std::size_t value = from.view.value.size();
    std::memcpy(at, from.view.name.data(), name + value);
    to.view.name = {at, name};
    to.view.value = {at + name, value};
    to.view.note = &to.note;
    text_head_ += text_size_of(to);
  }
  kept_ = live_;
  if (keeping_ && used != 0) {
    const auto first = reinterpret_cast<std::uintptr_t>(old.entries.get());
    for (http::FieldView& field : out) {
      const std::uintptr_t distance = reinterpret_cast<std::uintptr_t>(field.note) - first;
      if (field.note == nullptr || distance >= old_slots * sizeof(Entry)) continue;
      const auto slot = static_cast<std::uint32_t>(distance / sizeof(Entry));
      const std::uint32_t age = (slot - live_) & old_mask;  // from the oldest live entry
      if (age < used) field.note = &entries_[(live_ + age) & mask_].note;
    }
  }
  if (old.entries) retired_.push_back(std::move(old));
}

void DecoderTable::make_room(std::uint32_t size, http::FieldViews& out) {
  bool more_slots = head_ - kept_ == slots_;
  // Live and kept entries together are bounded by the sizes of the table and of the list, and so are the rings.
  while (more_slots || !place(size)) {
    move_to_new_rings(more_slots, !more_slots, out);
    more_slots = head_ - kept_ == slots_;
  }
}

const DecoderTable::Entry* DecoderTable::insert(std::string_view name, std::string_view value, http::FieldToken token,
                                                std::uint8_t flags, http::FieldViews& out, bool keep) {
  const std::uint64_t size = std::uint64_t{name.size()} + value.size() + kEntryOverhead;
  if (size > max_size_) {
    evict_to(0);
    return nullptr;
  }
  const std::uint32_t text = std::max(static_cast<std::uint32_t>(size) - kEntryOverhead, 1u);
  if (!keep && keeping_) [[unlikely]] {
    // What the block's fields point to stays in the old rings, their notes too: in the new ones a slot may pass from
    // one entry to another within this block.
    keeping_ = false;
    if (head_ != kept_) move_to_new_rings(false, false, out);
  }
  evict_to(max_size_ - static_cast<std::uint32_t>(size));
  make_room(text, out);

  Entry& entry = entries_[head_++ & mask_];
  char* at = text_.get() + text_head_;
  text_head_ += text;
  // The name may lie in an entry that was just evicted and not kept, hence memmove; empty views may be null.
  if (!name.empty()) std::memmove(at, name.data(), name.size());
  if (!value.empty()) std::memcpy(at + name.size(), value.data(), value.size());
  entry.view.name = {at, name.size()};
  entry.view.value = {at + name.size(), value.size()};
  entry.view.token = token;
  entry.view.note = &entry.note;
  entry.note = 0;
  entry.size = static_cast<std::uint32_t>(size);
  entry.flags = flags;
  size_ += entry.size;
  return &entry;
}

}  // namespace godwit::http2::hpack
