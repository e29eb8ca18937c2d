#pragma once

#include <algorithm>
#include <cstdint>

#include "godwit/base/time.h"
#include "godwit/http2/limits/limits.h"

namespace godwit::http2 {

// Decides how large receive windows should be. A probe is a PING sent while DATA comes in: the bytes that arrive until
// it is acknowledged are what one round trip carries (the bandwidth-delay product). A peer that the window holds back
// has half a window on its way when the probe leaves (the other half was just announced), and acknowledges before it
// sends more: when most of that half arrives, the window is doubled.
class WindowTuner {
 public:
  WindowTuner(std::uint32_t size, std::uint32_t max_size) : size_(size), max_size_(max_size) {}

  // True when a probe should be sent now; the caller asks only when a window was half used up, so little traffic is
  // never probed.
  bool wants_probe(TimePoint now) const { return !probing_ && size_ < max_size_ && now >= next_probe_; }
  void probe_sent() {
    probing_ = true;
    sample_ = 0;
  }
  void received(std::uint32_t bytes) { sample_ += bytes; }
  // The probe came back. The size that the windows should have from now on: never smaller than before.
  std::uint32_t probe_acknowledged(TimePoint now) {
    if (!probing_) return size_;
    probing_ = false;
    if (sample_ >= size_ / 3) {
      size_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{size_} * 2, max_size_));
      pause_ = limits::kProbePauseMin;
      next_probe_ = now;
    } else {
      next_probe_ = add_saturating(now, pause_);
      pause_ = std::min(pause_ * 2, limits::kProbePauseMax);
    }
    return size_;
  }

  std::uint32_t size() const { return size_; }

 private:
  std::uint32_t size_;
  std::uint32_t max_size_;
  bool probing_ = false;
  std::uint64_t sample_ = 0;
  TimePoint next_probe_ = TimePoint::min();
  Duration pause_ = limits::kProbePauseMin;
};

}  // namespace godwit::http2
