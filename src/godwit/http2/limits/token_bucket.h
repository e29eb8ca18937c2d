#pragma once

#include <algorithm>
#include <cstdint>

#include "godwit/base/time.h"

namespace godwit::http2 {

// Points that are spent by what a peer does and come back with time and with useful work. Time is looked at only when
// the points ran out, so the usual case is one subtraction.
class TokenBucket {
 public:
  TokenBucket(std::int32_t burst, std::int32_t per_second, TimePoint now)
      : points_(burst), burst_(burst), per_second_(per_second), refilled_(now) {}

  // False when the peer has spent more than it had.
  bool spend(std::int32_t points, TimePoint now) {
    points_ -= points;
    return points_ >= 0 || refill(now);
  }
  void credit(std::int32_t points) { points_ = std::min(points_ + points, burst_); }

 private:
  bool refill(TimePoint now) {
    const double seconds = std::chrono::duration<double>(now - refilled_).count();
    const double earned = std::min<double>(seconds * per_second_, burst_);
    if (earned >= 1) {  // keep fractions for the next time
      refilled_ = now;
      credit(static_cast<std::int32_t>(earned));
    }
    return points_ >= 0;
  }

  std::int32_t points_;
  std::int32_t burst_;
  std::int32_t per_second_;
  TimePoint refilled_;
};

}  // namespace godwit::http2
