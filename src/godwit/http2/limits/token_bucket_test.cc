#include "godwit/http2/limits/token_bucket.h"

#include <gtest/gtest.h>

namespace godwit::http2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TokenBucket, RunsOutAndComesBackWithTime) {
  TimePoint now{};
  TokenBucket bucket(10, 5, now);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.spend(1, now)) << i;
  EXPECT_FALSE(bucket.spend(1, now));
  EXPECT_FALSE(bucket.spend(1, now + milliseconds(200)));  // one came back, two are owed
  EXPECT_TRUE(bucket.spend(1, now + seconds(1)));
}

TEST(TokenBucket, NeverHoldsMoreThanTheBurst) {
  TimePoint now{};
  TokenBucket bucket(10, 5, now);
  bucket.credit(100);
  now += seconds(100);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.spend(1, now));
  // Time is counted from the beginning when the points run out for the first time.
  EXPECT_TRUE(bucket.spend(1, now));
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(bucket.spend(1, now)) << i;
  EXPECT_FALSE(bucket.spend(1, now));
}

TEST(TokenBucket, CreditPaysForSpending) {
  TimePoint now{};
  TokenBucket bucket(10, 0, now);
  for (int i = 0; i < 1000; ++i) {
    bucket.credit(1);
    ASSERT_TRUE(bucket.spend(1, now));
  }
}

}  // namespace
}  // namespace godwit::http2
