#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// Text that differs from call to call, the same in every run, and costs next to nothing (xorshift64).
class RandomText {
 public:
  // Fills the whole of `text` and returns it.
  std::string_view fill(std::string& text) {
    return fill(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_", 6);
  }
  std::string_view fill_hex(std::string& text) { return fill(text, "0123456789abcdef", 4); }

 private:
  std::string_view fill(std::string& text, const char* alphabet, unsigned bits) {
    std::uint64_t word = 0;
    unsigned left = 0;
    for (char& c : text) {
      if (left < bits) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        word = state_;
        left = 64;
      }
      c = alphabet[word & ((1U << bits) - 1)];
      word >>= bits;
      left -= bits;
    }
    return text;
  }

  std::uint64_t state_ = 0x9e3779b97f4a7c15;
};

}  // namespace bench
