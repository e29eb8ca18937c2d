#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "godwit/base/block.h"

namespace godwit {

// Memory that is given back all at once: one per call, or one per message of a stream. Objects in it are not
// destroyed; only trivially destructible types may be made with create(). Not thread-safe, but may move between
// threads. Chunks come from the blocks' cache, so that a pooled or short-lived arena allocates nothing in steady state.
class Arena {
 public:
  Arena() = default;
  // Uses `memory` first; the caller keeps it alive as long as the arena. Nothing else is allocated until it is full.
  explicit Arena(MutableBytes memory)
      : next_(memory.data()), limit_(memory.data() + memory.size()), initial_(memory) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { release_all(); }

  // Uninitialised memory of at least `size` bytes, aligned to `alignment` (a power of two, at most 64). Never null.
  void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
    std::uint8_t* p = align(next_, alignment);
    if (static_cast<std::size_t>(limit_ - next_) < size + static_cast<std::size_t>(p - next_)) {
      return allocate_slow(size, alignment);
    }
    next_ = p + size;
    return p;
  }

  // Makes `used` bytes at `memory` grow to `wanted` without moving, if they are the newest allocation and room is left.
  bool try_extend(void* memory, std::size_t used, std::size_t wanted) {
    auto* p = static_cast<std::uint8_t*>(memory);
    if (p + used != next_ || static_cast<std::size_t>(limit_ - p) < wanted) return false;
    next_ = p + wanted;
    return true;
  }

  template <typename T, typename... Args>
  T* create(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena does not run destructors");
    return ::new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* p = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(p, text.data(), text.size());
    return {p, text.size()};
  }

  // Keeps a block alive as long as what lies in the arena may point into it.
  void keep(BlockRef block);

  // Gives everything back but the initial memory, which is used again. Everything made before is invalid.
  void reset() {
    release_all();
    next_ = initial_.data();
    limit_ = initial_.data() + initial_.size();
  }

  // Bytes taken from the allocator so far, without the initial memory and without blocks kept for others.
  std::size_t allocated() const { return allocated_; }

 private:
  struct Chunk;
  struct Kept;
  static std::uint8_t* align(std::uint8_t* p, std::size_t alignment) {
    return reinterpret_cast<std::uint8_t*>((reinterpret_cast<std::uintptr_t>(p) + alignment - 1) & ~(alignment - 1));
  }
  void* allocate_slow(std::size_t size, std::size_t alignment);
  void release_all();

  std::uint8_t* next_ = nullptr;
  std::uint8_t* limit_ = nullptr;
  MutableBytes initial_;
  Chunk* chunks_ = nullptr;
  Kept* kept_ = nullptr;
  std::size_t allocated_ = 0;
};

}  // namespace godwit
