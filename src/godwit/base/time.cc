#include "godwit/base/time.h"

#include <ctime>

namespace godwit {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Duration(read_clock(CLOCK_MONOTONIC))); }
  std::int64_t wall_nanos() const override { return read_clock(CLOCK_REALTIME); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace godwit
