#pragma once

#include <cstdint>

#include "godwit/base/time.h"

namespace godwit {

class TimerWheel;

// Something that happens at a time. Owned by its user, linked into the wheel of one loop while it is scheduled: then it
// must not move, and destroying it takes it out. Only for the loop's thread.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() { cancel(); }

  bool scheduled() const { return wheel_ != nullptr; }
  TimePoint deadline() const { return deadline_; }  // meaningful while scheduled
  // Takes the timer out; on_timer() will not be called. No effect when it is not scheduled.
  void cancel();

 protected:
  // Called once for each schedule(), never before its time and at most one tick late. The timer is no longer scheduled
  // then and may be scheduled again or destroyed from inside.
  virtual void on_timer() = 0;

 private:
  friend class TimerWheel;
  TimerWheel* wheel_ = nullptr;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  TimePoint deadline_{};
  std::uint16_t slot_ = 0;  // which of the wheel's lists holds it
};

}  // namespace godwit
