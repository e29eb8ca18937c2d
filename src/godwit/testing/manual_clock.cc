#include "godwit/testing/manual_clock.h"

#include "godwit/base/assert.h"

namespace godwit::testing {

void ManualClock::advance_to(TimePoint time) {
  GODWIT_ASSERT(time >= now_);
  now_ = time;
}

}  // namespace godwit::testing
