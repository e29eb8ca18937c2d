#include "godwit/testing/fault.h"

namespace godwit::testing {

std::string_view text_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kDialRefused:
      return "dial_refused";
    case FaultKind::kDialTimeout:
      return "dial_timeout";
    case FaultKind::kCloseAfterConnect:
      return "close_after_connect";
    case FaultKind::kReset:
      return "reset";
    case FaultKind::kEnd:
      return "end";
    case FaultKind::kStall:
      return "stall";
    case FaultKind::kStallForever:
      return "stall_forever";
    case FaultKind::kCorrupt:
      return "corrupt";
    case FaultKind::kPartialRead:
      return "partial_read";
    case FaultKind::kPartialWrite:
      return "partial_write";
    case FaultKind::kLookupFailure:
      return "lookup_failure";
    case FaultKind::kLookupDelay:
      return "lookup_delay";
  }
  return "?";
}

std::string_view text_of(Direction direction) { return direction == Direction::kToServer ? "to_server" : "to_client"; }

FaultRates FaultRates::all(double chance) {
  FaultRates rates;
  rates.dial_refused = rates.dial_timeout = rates.close_after_connect = rates.reset = chance;
  rates.end = rates.stall = rates.stall_forever = chance;
  rates.partial_read = rates.partial_write = 4 * chance;
  rates.lookup_failure = rates.lookup_delay = chance;
  return rates;
}

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) counts[i] += other.counts[i];
  return *this;
}

std::uint64_t FaultCounts::total() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

std::string FaultCounts::text() const {
  std::string result;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (counts[i] == 0) continue;
    if (!result.empty()) result += ' ';
    result.append(text_of(static_cast<FaultKind>(i))).append("=").append(std::to_string(counts[i]));
  }
  return result.empty() ? "none" : result;
}

}  // namespace godwit::testing
