#pragma once

#include <chrono>
#include <cstdint>

namespace godwit {

// Durations are nanoseconds (about ±292 years). Engines never read a clock: they take a TimePoint.
using Duration = std::chrono::nanoseconds;

// The time line of one Clock. Points of different clocks (real and virtual) must not be mixed; one process or one
// simulation uses one clock. The epoch is arbitrary: only differences mean something.
struct MonotonicTimeline {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicTimeline, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicTimeline::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

// now + d, saturating at kNever instead of overflowing. Negative durations are allowed.
constexpr TimePoint add_saturating(TimePoint now, Duration d) {
  if (d > Duration::zero() && now.time_since_epoch() > Duration::max() - d) return kNever;
  return now + d;
}

// A source of time. The real one reads CLOCK_MONOTONIC; simulated ones are moved by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  // Nanoseconds since 1970-01-01 UTC; may jump. Only for showing and for wire formats that need it.
  virtual std::int64_t wall_nanos() const = 0;
};

// The process's real clock. Thread-safe; lives for ever.
const Clock& system_clock();

}  // namespace godwit
