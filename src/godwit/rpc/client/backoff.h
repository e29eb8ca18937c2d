#pragma once

#include "godwit/base/random.h"
#include "godwit/base/time.h"

namespace godwit {

// The pauses between attempts (connection-backoff.md).
struct BackoffOptions {
  Duration initial = std::chrono::seconds(1);
  double multiplier = 1.6;
  Duration max = std::chrono::seconds(120);  // before jitter
  double jitter = 0.2;                       // a pause is spread uniformly over [1 - jitter, 1 + jitter] of itself
};

class Backoff {
 public:
  explicit Backoff(const BackoffOptions& options) : options_(options), base_(options.initial) {}

  // The pause from the begin of one attempt to the begin of the next. Grows with each call.
  Duration next(Random& random);
  // After a success: the next pause is the first one again.
  void reset() { base_ = options_.initial; }

 private:
  BackoffOptions options_;
  Duration base_;
};

}  // namespace godwit
