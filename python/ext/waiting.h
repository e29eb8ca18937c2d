#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "event_queue.h"
#include "godwit/async/executor.h"
#include "godwit/async/futex.h"
#include "godwit/base/time.h"

namespace godwit::python {

// Where a thread sleeps: a bit of a word that it shares with 31 others. So the threads whose answers came in one turn
// of the loop are woken by one call to the kernel, and take the processor from the loop once and not one by one. A
// thread keeps its seat as long as it lives; beyond some thousand threads seats are shared, which costs needless
// awakenings.
class Seat {
 public:
  static constexpr std::uint32_t kPerWord = 32;
  static constexpr std::uint32_t kWords = 128;
  // The number of this thread's.
  static std::uint32_t mine();
  static std::uint32_t word_of(std::uint32_t seat) {
    return words_[seat / kPerWord].value.load(std::memory_order_acquire);
  }
  // Sleeps unless somebody in the same word was woken since word_of() gave `word`.
  static FutexWait sleep(std::uint32_t seat, std::uint32_t word, Duration timeout);
  // Wakes those of the seats 32 * index + i whose bit i is set.
  static void wake(std::uint32_t index, std::uint32_t bits);

 private:
  struct alignas(64) Word {
    std::atomic<std::uint32_t> value{0};
  };
  static Word words_[kWords];
};

// Who waits for an object to change: a condition variable that costs nothing while nobody waits. The object has a mutex
// that guards what is waited for.
//
// Waiting: under the mutex, look; if it is not there, `ticket = listen()`; unlock; sleep(ticket); look again.
// Changing: under the mutex, change and `ring = strike()`; after unlocking, ring it, or give it to a WakeBatch.
//
// The first who waits is woken at its seat, others that wait at the same time at a word of the object itself.
class Bell {
 public:
  struct Ticket {
    bool seated;
    std::uint32_t seat;
    std::uint32_t word;
  };
  struct Ring {
    std::uint32_t seat_plus_1 = 0;
    bool own = false;
    explicit operator bool() const { return seat_plus_1 != 0 || own; }
  };
  Ticket listen();
  Ring strike() {
    Ring ring{seat_plus_1_, false};
    seat_plus_1_ = 0;
    const std::uint32_t word = word_.load(std::memory_order_relaxed);
    if (word & 1) {
      word_.store((word + 2) & ~std::uint32_t{1}, std::memory_order_relaxed);
      ring.own = true;
    }
    return ring;
  }
  FutexWait sleep(const Ticket& ticket, Duration timeout) const {
    return ticket.seated ? Seat::sleep(ticket.seat, ticket.word, timeout) : futex_wait(word_, ticket.word, timeout);
  }
  void ring(Ring ring) {
    if (ring.seat_plus_1 != 0) {
      const std::uint32_t seat = ring.seat_plus_1 - 1;
      Seat::wake(seat / Seat::kPerWord, std::uint32_t{1} << seat % Seat::kPerWord);
    }
    if (ring.own) futex_wake_all(word_);
  }

 private:
  friend class WakeBatch;
  std::uint32_t seat_plus_1_ = 0;       // guarded by the object's mutex
  std::atomic<std::uint32_t> word_{0};  // bit 0: somebody listens; above it, how often it was struck
};

// Rings the bells of one turn at its end: a thread that wakes up earlier takes the processor from the loop before what
// it waits for has been sent. For the loop's thread.
class WakeBatch final : private Work {
 public:
  explicit WakeBatch(Executor& executor) : executor_(executor) {}
  // `owner` keeps the bell alive.
  void ring(Shared& owner, Bell& bell, Bell::Ring ring);

 private:
  struct Entry {
    Ref<Shared> owner;
    Bell* bell;
  };
  void run() override;

  Executor& executor_;
  bool waiting_ = false;  // for the end of the turn
  std::uint32_t bits_[Seat::kWords] = {};
  std::vector<std::uint32_t> words_;  // whose bits are not 0
  std::vector<Entry> others_;
};

}  // namespace godwit::python
