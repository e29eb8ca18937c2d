#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace godwit::net {

// How often this process and its ancestors came into being by a fork() that was announced (net/fork.h).
inline std::atomic<std::uint32_t> fork_count{0};

// Owns a file descriptor. All that net opens is owned by one of these, so that the child of a fork can close what its
// parent had open, and nothing else (net/fork.h). In the child, descriptors of the parent are -1 and never closed
// again: their numbers may mean something else by then.
class OwnedDescriptor {
 public:
  OwnedDescriptor() = default;
  explicit OwnedDescriptor(int descriptor);
  OwnedDescriptor(OwnedDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), fork_count_(other.fork_count_) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(fork_count_, other.fork_count_);
    return *this;
  }
  ~OwnedDescriptor() {
    if (descriptor_ >= 0) close();
  }

  bool valid() const { return get() >= 0; }
  int get() const {
#ifdef __clang_analyzer__
    return descriptor_;  // for it a fork could come between valid() and this
#else
    return fork_count_ == fork_count.load(std::memory_order_relaxed) ? descriptor_ : -1;
#endif
  }
  // Gives it away: to another of these, or to somebody who closes it.
  int release();

 private:
  void close();

  int descriptor_ = -1;
  std::uint32_t fork_count_ = fork_count.load(std::memory_order_relaxed);
};

// In the child of a fork: closes every descriptor that the parent's net had open, without a word to the peers, and
// counts the fork.
void close_descriptors_of_parent();

}  // namespace godwit::net
