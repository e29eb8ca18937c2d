#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/bytes.h"
#include "godwit/base/time.h"

namespace godwit::testing {

// FNV-1a, 64 bits: the same on every machine. `seed` continues an earlier hash.
inline constexpr std::uint64_t kHashStart = 0xcbf29ce484222325;
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = kHashStart);

// What happened in a simulation, one line per event: "TIME SUBJECT: TEXT", TIME in seconds since the start with nine
// digits. Equal programs with equal seeds give equal text and so equal hashes.
class Trace {
 public:
  explicit Trace(TimePoint start, bool keep_text = true) : start_(start), keep_text_(keep_text) {}

  void add(TimePoint now, std::string_view subject, std::string_view text);
  // Of all lines so far, kept or not.
  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  // Empty when the text is not kept.
  const std::string& text() const { return text_; }
  // The last `count` lines of text(), for failure messages.
  std::string_view tail(std::size_t count) const;
  // Each line is also written to standard error as it comes: for debugging one seed.
  void set_echo(bool echo) { echo_ = echo; }

 private:
  TimePoint start_;
  bool keep_text_;
  bool echo_ = false;
  std::uint64_t hash_ = kHashStart;
  std::uint64_t lines_ = 0;
  std::string text_;
  std::string line_;
};

}  // namespace godwit::testing
