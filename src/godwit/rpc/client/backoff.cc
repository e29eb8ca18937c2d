#include "godwit/rpc/client/backoff.h"

#include <algorithm>

namespace godwit {

Duration Backoff::next(Random& random) {
  const auto base = static_cast<double>(std::min(base_, options_.max).count());
  base_ = Duration(
      static_cast<Duration::rep>(std::min(base * options_.multiplier, static_cast<double>(options_.max.count()))));
  const double spread = options_.jitter * (2 * random.unit() - 1);
  return Duration(static_cast<Duration::rep>(std::max(0.0, base * (1 + spread))));
}

}  // namespace godwit
