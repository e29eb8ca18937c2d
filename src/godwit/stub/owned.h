#pragma once

#include <cstddef>
#include <utility>

#include "godwit/base/arena.h"

namespace godwit {

// An arena with some memory of its own, recycled through a small cache of each thread: what one received message lives in.
class MessageArena {
 public:
  // Never null.
  static MessageArena* take();
  void give_back();
  Arena& arena() { return arena_; }

 private:
  MessageArena() : arena_(MutableBytes(memory_, sizeof memory_)) {}
  friend class MessageArenaCache;
  static constexpr std::size_t kMemory = 960;

  MessageArena* next_ = nullptr;
  Arena arena_;
  alignas(std::max_align_t) std::uint8_t memory_[kMemory];
};

// A message together with the memory it lives in. Moves, does not copy; may be handed to another thread.
template <typename T>
class Owned {
 public:
  Owned() = default;
  // `message` lies in the arena, which now belongs to this object.
  Owned(T* message, MessageArena* arena) : message_(message), arena_(arena) {}
  Owned(Owned&& other) noexcept
      : message_(std::exchange(other.message_, nullptr)), arena_(std::exchange(other.arena_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(message_, other.message_);
    std::swap(arena_, other.arena_);
    return *this;
  }
  ~Owned() {
    if (arena_) arena_->give_back();
  }

  explicit operator bool() const { return message_ != nullptr; }
  T& operator*() const { return *message_; }
  T* operator->() const { return message_; }
  T* get() const { return message_; }

 private:
  T* message_ = nullptr;
  MessageArena* arena_ = nullptr;
};

}  // namespace godwit
