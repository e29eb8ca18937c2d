#pragma once

#include <cstdint>

namespace godwit::http2 {

// RFC 9113 section 5.1. Push is refused on both sides, so the two reserved states do not exist here, and an idle stream
// has no object.
//
//                    HEADERS sent or received
//          (idle) ─────────────────────────────► kOpen
//                               end sent ┌────────┴────────┐ end received
//                                        ▼                 ▼
//                                kHalfClosedLocal   kHalfClosedRemote
//                            end received └────────┬────────┘ end sent
//                                                  ▼
//          RST_STREAM either way, from all: ──► kClosed
enum class StreamState : std::uint8_t {
  kIdle,
  kOpen,              // both sides may send
  kHalfClosedLocal,   // we sent END_STREAM
  kHalfClosedRemote,  // the peer sent END_STREAM
  kClosed,
};

enum class StreamEvent : std::uint8_t {
  kSendHeaders,     // the first HEADERS, without END_STREAM
  kReceiveHeaders,  // the same from the peer
  kSendEnd,         // a frame with END_STREAM went out
  kReceiveEnd,      // a frame with END_STREAM came in
  kSendReset,
  kReceiveReset,
};
inline constexpr int kStreamStateCount = 5;
inline constexpr int kStreamEventCount = 6;

namespace internal {
inline constexpr std::uint8_t kIllegal = 0xff;
}

// The transition table: the state that follows, or internal::kIllegal. The engine never asks for an illegal one: it
// answers the peer's frames with the error of section 5.1 before, and ignores or asserts on commands.
inline constexpr std::uint8_t kStreamTransitions[kStreamStateCount][kStreamEventCount] = {
    // kSendHeaders, kReceiveHeaders, kSendEnd, kReceiveEnd, kSendReset, kReceiveReset
    /* kIdle             */ {1, 1, internal::kIllegal, internal::kIllegal, internal::kIllegal, internal::kIllegal},
    /* kOpen             */ {1, 1, 2, 3, 4, 4},
    /* kHalfClosedLocal  */ {internal::kIllegal, 2, internal::kIllegal, 4, 4, 4},
    /* kHalfClosedRemote */ {3, internal::kIllegal, 4, internal::kIllegal, 4, 4},
    /* kClosed           */ {internal::kIllegal, internal::kIllegal, internal::kIllegal, internal::kIllegal, 4, 4},
};

constexpr bool is_legal(StreamState state, StreamEvent event) {
  return kStreamTransitions[static_cast<int>(state)][static_cast<int>(event)] != internal::kIllegal;
}
// The event must be legal in this state.
constexpr StreamState next_state(StreamState state, StreamEvent event) {
  return static_cast<StreamState>(kStreamTransitions[static_cast<int>(state)][static_cast<int>(event)]);
}

}  // namespace godwit::http2
