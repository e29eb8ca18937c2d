#include "godwit/http2/stream/stream_state.h"

#include <gtest/gtest.h>

namespace godwit::http2 {
namespace {

constexpr auto kIllegal = static_cast<StreamState>(0xff);
constexpr auto kOpen = StreamState::kOpen;
constexpr auto kLocal = StreamState::kHalfClosedLocal;
constexpr auto kRemote = StreamState::kHalfClosedRemote;
constexpr auto kClosed = StreamState::kClosed;

// RFC 9113 section 5.1, figure 2, written down a second time: every state with every event.
TEST(StreamState, Rfc9113Section5_1) {
  struct Row {
    StreamState state;
    StreamState after[kStreamEventCount];  // in the order of StreamEvent
  };
  const Row rows[] = {
      {StreamState::kIdle, {kOpen, kOpen, kIllegal, kIllegal, kIllegal, kIllegal}},
      {kOpen, {kOpen, kOpen, kLocal, kRemote, kClosed, kClosed}},
      {kLocal, {kIllegal, kLocal, kIllegal, kClosed, kClosed, kClosed}},
      {kRemote, {kRemote, kIllegal, kClosed, kIllegal, kClosed, kClosed}},
      {kClosed, {kIllegal, kIllegal, kIllegal, kIllegal, kClosed, kClosed}},
  };
  for (const Row& row : rows) {
    for (int event = 0; event < kStreamEventCount; ++event) {
      const auto e = static_cast<StreamEvent>(event);
      SCOPED_TRACE("state " + std::to_string(static_cast<int>(row.state)) + ", event " + std::to_string(event));
      ASSERT_EQ(is_legal(row.state, e), row.after[event] != kIllegal);
      if (is_legal(row.state, e)) {
        EXPECT_EQ(next_state(row.state, e), row.after[event]);
      }
    }
  }
}

}  // namespace
}  // namespace godwit::http2
