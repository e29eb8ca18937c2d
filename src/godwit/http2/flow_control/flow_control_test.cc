#include <gtest/gtest.h>

#include "godwit/http2/flow_control/receive_window.h"
#include "godwit/http2/flow_control/send_window.h"
#include "godwit/http2/flow_control/window_tuner.h"

namespace godwit::http2 {
namespace {

using std::chrono::milliseconds;

TEST(SendWindow, Section6_9_1_StaysBelow2To31) {
  SendWindow window(65535);
  EXPECT_TRUE(window.add(kWindowMax - 65535));
  EXPECT_EQ(window.available(), kWindowMax);
  EXPECT_FALSE(window.add(1));
  EXPECT_EQ(window.available(), kWindowMax);  // unchanged
  window.take(10);
  EXPECT_TRUE(window.add(10));
}

TEST(SendWindow, Section6_9_2_GoesBelowZeroAndComesBack) {
  SendWindow window(65535);
  window.take(60'000);
  EXPECT_TRUE(window.add(std::int64_t{16'384} - 65'535));
  EXPECT_EQ(window.available(), 5'535 - 49'151);
  EXPECT_FALSE(window.is_open());
  EXPECT_TRUE(window.add(43'616));
  EXPECT_EQ(window.available(), 0);
  EXPECT_FALSE(window.is_open());
  EXPECT_TRUE(window.add(1));
  EXPECT_TRUE(window.is_open());
}

TEST(ReceiveWindow, AnnouncesHalfOfIt) {
  ReceiveWindow window(1000);
  EXPECT_TRUE(window.take(600));
  window.give_back(499);
  EXPECT_FALSE(window.is_due());
  window.give_back(1);
  EXPECT_TRUE(window.is_due());
  EXPECT_EQ(window.announce(), 500u);
  EXPECT_EQ(window.available(), 900);
  EXPECT_FALSE(window.is_due());
  EXPECT_TRUE(window.take(900));
  EXPECT_FALSE(window.take(1));
}

TEST(ReceiveWindow, AWindowOfOneByteIsDueAfterOneByte) {
  ReceiveWindow window(1);
  EXPECT_FALSE(window.is_due());
  EXPECT_TRUE(window.take(1));
  window.give_back(1);
  EXPECT_TRUE(window.is_due());
}

TEST(ReceiveWindow, RaiseGivesTheDifference) {
  ReceiveWindow window(1000);
  EXPECT_TRUE(window.take(1000));
  window.raise(3000);
  EXPECT_EQ(window.available(), 2000);
  EXPECT_EQ(window.size(), 3000u);
}

TEST(WindowTuner, DoublesWhileTheWindowIsTheLimit) {
  TimePoint now{};
  WindowTuner tuner(64'000, 200'000);
  ASSERT_TRUE(tuner.wants_probe(now));
  tuner.probe_sent();
  EXPECT_FALSE(tuner.wants_probe(now));  // one at a time
  tuner.received(30'000);
  EXPECT_EQ(tuner.probe_acknowledged(now), 128'000u);
  ASSERT_TRUE(tuner.wants_probe(now));
  tuner.probe_sent();
  tuner.received(64'000);
  EXPECT_EQ(tuner.probe_acknowledged(now), 200'000u);
  EXPECT_FALSE(tuner.wants_probe(now));  // as large as it may be
}

TEST(WindowTuner, PausesLongerWhenTheWindowIsLargeEnough) {
  TimePoint now{};
  WindowTuner tuner(64'000, 1 << 20);
  Duration pause = limits::kProbePauseMin;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(tuner.wants_probe(now));
    tuner.probe_sent();
    tuner.received(10'000);
    EXPECT_EQ(tuner.probe_acknowledged(now), 64'000u);
    EXPECT_FALSE(tuner.wants_probe(now + pause - milliseconds(1)));
    now += pause;
    pause = std::min(pause * 2, limits::kProbePauseMax);
  }
}

TEST(WindowTuner, ALateAcknowledgementChangesNothing) {
  WindowTuner tuner(64'000, 1 << 20);
  tuner.received(1 << 20);
  EXPECT_EQ(tuner.probe_acknowledged(TimePoint{}), 64'000u);
}

}  // namespace
}  // namespace godwit::http2
