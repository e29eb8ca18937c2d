#include "godwit/testing/trace.h"

#include <cstdio>

namespace godwit::testing {

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
  for (const char c : text) {
    seed ^= static_cast<std::uint8_t>(c);
    seed *= 0x100000001b3;
  }
  return seed;
}

void Trace::add(TimePoint now, std::string_view subject, std::string_view text) {
  const std::int64_t nanos = (now - start_).count();
  char time[32];
  const int length = std::snprintf(time, sizeof time, "%lld.%09lld ", static_cast<long long>(nanos / 1'000'000'000),
                                   static_cast<long long>(nanos % 1'000'000'000));
  line_.assign(time, static_cast<std::size_t>(length));
  line_.append(subject).append(": ").append(text).push_back('\n');
  hash_ = stable_hash(line_, hash_);
  ++lines_;
  if (keep_text_) text_ += line_;
  if (echo_) std::fputs(line_.c_str(), stderr);
}

std::string_view Trace::tail(std::size_t count) const {
  std::size_t begin = text_.size();
  while (begin > 0) {
    if (text_[begin - 1] == '\n' && begin != text_.size() && --count == 0) break;
    --begin;
  }
  return std::string_view(text_).substr(begin);
}

}  // namespace godwit::testing
