#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "event_queue.h"
#include "godwit/async/executor.h"
#include "godwit/async/futex.h"
#include "godwit/base/time.h"

namespace godwit::python {

// Where threads sleep until an object has changed: a condition variable of four bytes, which costs nothing while nobody
// sleeps. The object has a mutex that guards what is waited for.
//
// Waiting: under the mutex, look; if it is not there, `word = listen()`; unlock; sleep(word); look again.
// Changing: under the mutex, change and `strike()`; if that is true, ring() after unlocking.
class Bell {
 public:
  std::uint32_t listen() { return word_.fetch_or(1, std::memory_order_relaxed) | 1; }
  bool strike() {
    const std::uint32_t word = word_.load(std::memory_order_relaxed);
    if (!(word & 1)) return false;
    word_.store((word + 2) & ~std::uint32_t{1}, std::memory_order_relaxed);
    return true;
  }
  void ring() { futex_wake_all(word_); }
  FutexWait sleep(std::uint32_t word, Duration timeout) const { return futex_wait(word_, word, timeout); }

 private:
  std::atomic<std::uint32_t> word_{0};  // bit 0: somebody listens; above it, how often it was struck
};

// Rings the bells of one turn at its end, when what the threads come back with has been sent: a thread that wakes up
// earlier takes the processor from the loop. For the loop's thread.
class WakeBatch final : private Work {
 public:
  explicit WakeBatch(Executor& executor) : executor_(executor) {}
  // `owner` keeps the bell alive.
  void ring(Ref<Shared> owner, Bell& bell) {
    if (bells_.empty()) executor_.at_turn_end(*this);
    bells_.push_back({std::move(owner), &bell});
  }

 private:
  struct Entry {
    Ref<Shared> owner;
    Bell* bell;
  };
  void run() override {
    for (Entry& entry : bells_) entry.bell->ring();
    bells_.clear();
  }
  Executor& executor_;
  std::vector<Entry> bells_;
};

}  // namespace godwit::python
