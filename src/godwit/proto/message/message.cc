#include "godwit/proto/message/message.h"

#include <algorithm>
#include <cstdlib>

#include "godwit/proto/message/access.h"

namespace godwit::proto {
namespace {

// An arena that a message owns, with its first memory directly behind it: one allocation for a small message.
struct OwnedArena {
  explicit OwnedArena(std::size_t bytes) : arena(MutableBytes(reinterpret_cast<std::uint8_t*>(this + 1), bytes)) {}
  Arena arena;
};
constexpr std::size_t kFirstBytes = 256 - sizeof(OwnedArena);
constexpr std::size_t kMostFirstBytes = 32768;

}  // namespace

Arena& Message::make_arena(std::size_t expected) {
  const std::size_t bytes = std::clamp(expected, kFirstBytes, kMostFirstBytes);
  auto* owned = ::new (::operator new(sizeof(OwnedArena) + bytes)) OwnedArena(bytes);
  memory_ = reinterpret_cast<std::uintptr_t>(&owned->arena) | kOwned;
  return owned->arena;
}

void Message::destroy_arena() {
  auto* owned = reinterpret_cast<OwnedArena*>(memory_ & ~kOwned);
  owned->~OwnedArena();
  ::operator delete(owned);
  memory_ = 0;
}

Message* Message::create(const MessageTable& table, Arena& arena) { return new_message(table, arena); }

void Message::Clear() {
  if (memory_ & kOwned) reinterpret_cast<Arena*>(memory_ & ~kOwned)->reset();
  const std::uintptr_t memory = memory_;
  copy_object(this, table_->default_object, table_->object_size);
  memory_ = memory;
}

void Message::MoveFrom(Message& other) noexcept {
  if (this == &other) return;
  // Nothing to take, or memory that cannot change hands: copy.
  if (GetArena() || !(other.memory_ & kOwned)) {
    CopyFrom(other);
    return;
  }
  if (memory_ & kOwned) destroy_arena();
  copy_object(this, &other, table_->object_size);
  const MessageTable* table = table_;
  copy_object(&other, table->default_object, table->object_size);
}

void Message::SwapWith(Message& other) noexcept {
  GODWIT_ASSERT(table_ == other.table_);
  if (this == &other) return;
  if (GetArena() == other.GetArena()) {  // the same arena, or none: what they hold may change places
    auto* a = reinterpret_cast<Alias<std::uint64_t>*>(this);
    auto* b = reinterpret_cast<Alias<std::uint64_t>*>(&other);
    for (std::size_t i = 0; i < table_->object_size / 8; i++) std::swap(a[i], b[i]);
    return;
  }
  Arena arena;
  Message* copy = create(*table_, arena);
  copy->MergeFrom(*this);
  CopyFrom(other);
  other.CopyFrom(*copy);
}

void Message::CopyFrom(const Message& other) {
  if (this == &other) return;
  if ((memory_ & ~kOwned) != 0 && (memory_ & ~kOwned) == (other.memory_ & ~kOwned) && (memory_ & kOwned)) {
    // The other one lies in this message's own memory, which Clear() gives back.
    Arena arena;
    Message* copy = create(*table_, arena);
    copy->MergeFrom(other);
    Clear();
    MergeFrom(*copy);
    return;
  }
  Clear();
  MergeFrom(other);
}

std::uint8_t* extend_unknown(UnknownFields*& unknown, std::size_t count, Arena& arena) {
  const std::size_t size = unknown ? unknown->size : 0;
  const std::size_t capacity = unknown ? unknown->capacity : 0;
  if (size + count > kMaxMessageBytes) return nullptr;
  if (size + count > capacity) {
    const std::size_t wanted = std::max({size + count, capacity * 2, std::size_t{48}});
    if (!unknown || !arena.try_extend(unknown, sizeof(UnknownFields) + capacity, sizeof(UnknownFields) + wanted)) {
      auto* to = static_cast<UnknownFields*>(arena.allocate(sizeof(UnknownFields) + wanted, 8));
      to->size = static_cast<std::uint32_t>(size);
      if (unknown) std::memcpy(to->data(), unknown->data(), size);
      unknown = to;
    }
    unknown->capacity = static_cast<std::uint32_t>(wanted);
  }
  std::uint8_t* to = unknown->data() + size;
  unknown->size = static_cast<std::uint32_t>(size + count);
  return to;
}

void Message::AppendUnknownFieldBytes(Bytes bytes) {
  if (bytes.empty()) return;
  std::uint8_t* to = extend_unknown(unknown_, bytes.size(), arena());
  GODWIT_ASSERT(to && "unknown fields of at most 2 GiB");
  std::memcpy(to, bytes.data(), bytes.size());
}

}  // namespace godwit::proto
