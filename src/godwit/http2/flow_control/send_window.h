#pragma once

#include <cstdint>

#include "godwit/http2/frame/frame.h"

namespace godwit::http2 {

// What we may still send, of one stream or of the connection (RFC 9113 section 6.9). Below zero after the peer made its
// initial window smaller (section 6.9.2): then nothing may be sent until updates brought it above zero.
class SendWindow {
 public:
  explicit SendWindow(std::uint32_t size) : available_(static_cast<std::int32_t>(size)) {}

  std::int32_t available() const { return available_; }
  bool is_open() const { return available_ > 0; }
  // bytes <= available().
  void take(std::uint32_t bytes) { available_ -= static_cast<std::int32_t>(bytes); }
  // A WINDOW_UPDATE, or the difference of two initial windows. False: the window would leave its range (section 6.9.1),
  // and nothing changed.
  bool add(std::int64_t bytes) {
    const std::int64_t sum = available_ + bytes;
    if (sum > kWindowMax || sum < -kWindowMax) return false;
    available_ = static_cast<std::int32_t>(sum);
    return true;
  }

 private:
  std::int32_t available_;
};

}  // namespace godwit::http2
