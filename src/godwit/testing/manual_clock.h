#pragma once

#include <cstdint>

#include "godwit/base/time.h"

namespace godwit::testing {

// A clock that stands still until it is moved. The wall time moves along with it.
class ManualClock final : public Clock {
 public:
  // 2026-01-01 00:00:00 UTC, a round number that no test depends on by accident.
  static constexpr std::int64_t kDefaultWallNanos = 1'767'225'600'000'000'000;
  // Not the epoch, so that a TimePoint{} left by mistake is visibly in the past.
  static constexpr TimePoint kDefaultStart{Duration(1'000'000'000'000)};

  explicit ManualClock(TimePoint start = kDefaultStart, std::int64_t wall_nanos = kDefaultWallNanos)
      : now_(start), wall_offset_(wall_nanos - start.time_since_epoch().count()) {}

  TimePoint now() const override { return now_; }
  std::int64_t wall_nanos() const override { return now_.time_since_epoch().count() + wall_offset_; }

  void advance(Duration by) { now_ += by; }
  // Moving backwards is a mistake of the caller and asserts.
  void advance_to(TimePoint time);
  // Lets the wall clock jump; now() stays.
  void set_wall_nanos(std::int64_t wall_nanos) { wall_offset_ = wall_nanos - now_.time_since_epoch().count(); }

 private:
  TimePoint now_;
  std::int64_t wall_offset_;
};

}  // namespace godwit::testing
