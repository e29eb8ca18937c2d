#pragma once

#include <cstddef>
#include <cstdint>

#include "godwit/async/timer.h"
#include "godwit/base/time.h"

namespace godwit {

// A hierarchical timer wheel: scheduling and cancelling cost O(1) and allocate nothing. Time is an argument, so that a
// simulation turns the same wheel. Ticks are kTick long; a timer fires in the first advance() whose `now` has reached
// its deadline rounded up to a tick: never early, at most one tick late. Timers of one tick fire in the order of their
// deadlines' scheduling, so equal programs give equal orders.
class TimerWheel {
 public:
  static constexpr Duration kTick{std::int64_t{1} << 18};  // about 0.26 ms

  explicit TimerWheel(TimePoint now);
  ~TimerWheel();  // takes out what is still scheduled, without calling it
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Schedules, or moves, `timer`. A deadline that has passed fires at the next advance(). kNever only takes it out.
  void schedule(Timer& timer, TimePoint deadline);
  // When advance() should be called next: never later than the earliest timer's tick, perhaps earlier (a cascade of the
  // wheel); kNever when nothing is scheduled.
  TimePoint next() const;
  // Fires everything that is due. Timers scheduled from inside for a time <= now fire in the next advance().
  // Returns how many fired.
  std::size_t advance(TimePoint now);
  std::size_t size() const { return size_; }

 private:
  friend class Timer;
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;
  static constexpr int kLevels = 8;  // 64^8 ticks are 2,000 years

  struct List {
    Timer* first = nullptr;
    Timer* last = nullptr;
  };
  // Numbers of the two lists beside the slots (level * kSlots + slot).
  static constexpr int kDue = kLevels * kSlots;
  static constexpr int kFiring = kDue + 1;

  List& list_of(int number);
  void append(Timer& timer, int number);
  void remove(Timer& timer);
  void place(Timer& timer);
  bool find_next(int& level, int& slot, std::uint64_t& start) const;

  // Ticks since the epoch, shifted so that they are never negative.
  std::uint64_t tick_;  // the last tick that was fired
  std::size_t size_ = 0;
  std::uint64_t occupied_[kLevels] = {};
  List slots_[kLevels][kSlots];
  List due_;     // for a time that had passed when they were scheduled
  List firing_;  // while advance() runs
};

}  // namespace godwit
