#pragma once

#include <cstdint>

#include "godwit/http2/frame/frame.h"

namespace godwit::http2 {

// What the peer may still send us, of one stream or of the connection (RFC 9113 section 6.9). Bytes given back are
// announced together, when they are half of the window.
class ReceiveWindow {
 public:
  explicit ReceiveWindow(std::uint32_t size) : available_(size), size_(size) {}

  // A frame of this many bytes came. False: it was more than the window allows.
  bool take(std::uint32_t bytes) {
    available_ -= bytes;
    return available_ >= 0;
  }
  // The user is done with this many bytes.
  void give_back(std::uint32_t bytes) { returned_ += bytes; }
  // True when announce() should be called.
  bool is_due() const { return returned_ >= (size_ + 1) / 2; }
  // The increment for a WINDOW_UPDATE, which the caller must send: all that was given back. May be 0.
  std::uint32_t announce() {
    const std::uint32_t increment = returned_;
    available_ += increment;
    returned_ = 0;
    return increment;
  }
  // Makes the window larger (size >= this->size()). The caller tells the peer about the difference, by WINDOW_UPDATE or
  // by SETTINGS_INITIAL_WINDOW_SIZE.
  void raise(std::uint32_t size) {
    available_ += size - size_;
    size_ = size;
  }

  // Makes the window smaller (size <= this->size()), after the peer has acknowledged that. May leave less than nothing.
  void lower(std::uint32_t size) {
    available_ -= size_ - size;
    size_ = size;
  }

  std::int64_t available() const { return available_; }
  std::uint32_t size() const { return size_; }

 private:
  std::int64_t available_;
  std::uint32_t size_;
  std::uint32_t returned_ = 0;
};

}  // namespace godwit::http2
