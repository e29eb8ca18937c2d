#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/time.h"

namespace godwit::testing {

// What the simulated network can do to its users.
enum class FaultKind : std::uint8_t {
  kDialRefused,        // connection refused although somebody listens
  kDialTimeout,        // no answer to the dial: it fails at its deadline
  kCloseAfterConnect,  // connected; before any byte arrives anywhere both sides see the end of the stream
  kReset,              // both sides see a reset at one moment; what was on its way is lost
  kEnd,                // one direction ends: its receiver sees the end after that byte, the rest is swallowed
  kStall,              // one direction carries nothing for `duration`
  kStallForever,       // one direction carries nothing any more
  kCorrupt,            // one byte arrives with its lowest bit flipped (plaintext: a hostile middle; TLS must notice)
  kPartialRead,        // a read gave less than had arrived
  kPartialWrite,       // a write took less than there was room for
  kLookupFailure,      // the name is not found although it exists
  kLookupDelay,        // the answer comes `duration` later
};
inline constexpr std::size_t kFaultKinds = 12;
std::string_view text_of(FaultKind kind);

enum class Direction : std::uint8_t { kToServer, kToClient };
std::string_view text_of(Direction direction);

// One fault that is certain. Faults of a connection happen at the byte or at the time, whichever is given (the byte
// when both are): once the direction has carried `at_byte` bytes, or `after` its dial began. Neither: at once.
struct Fault {
  static constexpr int kEveryConnection = -1;

  FaultKind kind = FaultKind::kReset;
  int connection = 0;  // counted from 0 in the order of dials (of look-ups for kLookup…); or kEveryConnection
  Direction direction = Direction::kToServer;  // whose bytes count, and which direction kEnd, kStall… and kCorrupt hit
  std::optional<std::uint64_t> at_byte = {};
  std::optional<Duration> after = {};
  Duration duration{0};  // of kStall and kLookupDelay
};

// Faults by chance. Probabilities are per dial, look-up, connection, direction of a connection, or single read or
// write, as the comments say. All zero: a clean network.
struct FaultRates {
  double dial_refused = 0;         // per dial
  double dial_timeout = 0;         // per dial
  double close_after_connect = 0;  // per connection
  double reset = 0;                // per connection
  double end = 0;                  // per direction
  double stall = 0;                // per direction
  double stall_forever = 0;        // per direction
  double corrupt = 0;              // per direction
  double partial_read = 0;         // per read
  double partial_write = 0;        // per write
  double lookup_failure = 0;       // per look-up
  double lookup_delay = 0;         // per look-up
  // Where they happen: at a byte below this limit, small numbers as likely as large ones (the logarithm is uniform), or
  // with equal chance at a time below the other limit.
  std::uint64_t at_byte_max = 64 * 1024;
  Duration after_max = std::chrono::seconds(5);
  // Stalls and late look-ups last from a millisecond up to this, the logarithm uniform.
  Duration duration_max = std::chrono::seconds(30);

  // Every kind but kCorrupt with the same chance, partial reads and writes with four times that.
  static FaultRates all(double chance);
};

// How often each kind took place.
struct FaultCounts {
  std::array<std::uint64_t, kFaultKinds> counts = {};
  std::uint64_t& operator[](FaultKind kind) { return counts[static_cast<std::size_t>(kind)]; }
  std::uint64_t operator[](FaultKind kind) const { return counts[static_cast<std::size_t>(kind)]; }
  FaultCounts& operator+=(const FaultCounts& other);
  std::uint64_t total() const;
  // "reset=3 stall=1": kinds that occurred, in the enum's order; "none".
  std::string text() const;
};

}  // namespace godwit::testing
