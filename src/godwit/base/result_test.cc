#include "godwit/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "godwit/base/error.h"
#include "godwit/base/random.h"
#include "godwit/base/time.h"

namespace godwit {
namespace {

Result<std::unique_ptr<int>, Error> parse(bool good) {
  if (!good) return Failure(Error("it is bad", 5));
  return std::make_unique<int>(7);
}
Result<void, std::string> check(bool good) {
  if (!good) return Failure("converted");  // const char* becomes the error's type
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  auto good = parse(true);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(**good, 7);
  const std::unique_ptr<int> taken = *std::move(good);
  EXPECT_EQ(*taken, 7);
  auto bad = parse(false);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "it is bad");
  EXPECT_EQ(std::move(bad).error().os_error, 5);
  EXPECT_EQ((Result<int, Error>(Failure(Error("x")))).value_or(3), 3);
}

TEST(Result, OfVoid) {
  EXPECT_TRUE(check(true).ok());
  EXPECT_EQ(check(false).error(), "converted");
}

TEST(ResultDeathTest, TheWrongQuestionAsserts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)parse(false).value(), "assertion failed");
  EXPECT_DEATH((void)parse(true).error(), "assertion failed");
  EXPECT_DEATH((void)check(true).error(), "assertion failed");
}

TEST(Error, FromErrno) {
  const Error error = error_from_errno("bind 127.0.0.1:80", EACCES);
  EXPECT_EQ(error.message, "bind 127.0.0.1:80: Permission denied");
  EXPECT_EQ(error.os_error, EACCES);
}

TEST(Random, IsTheSameEverywhereForASeed) {
  SeededRandom a(1), b(1), c(2);
  const std::uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
  EXPECT_EQ(a.next(), b.next());
}

TEST(Random, StaysInItsBounds) {
  SeededRandom random(9);
  int seen[10] = {};
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t n = random.below(10);
    ASSERT_LT(n, 10u);
    ++seen[n];
    const double unit = random.unit();
    ASSERT_GE(unit, 0);
    ASSERT_LT(unit, 1);
    sum += unit;
  }
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 600);
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
  EXPECT_EQ(random.below(1), 0u);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(random.chance(0));
    ASSERT_TRUE(random.chance(1));
  }
}

TEST(Time, AddingSaturates) {
  constexpr TimePoint now{Duration(1000)};
  EXPECT_EQ(add_saturating(now, Duration(5)), TimePoint(Duration(1005)));
  EXPECT_EQ(add_saturating(now, Duration(-5)), TimePoint(Duration(995)));
  EXPECT_EQ(add_saturating(now, Duration::max()), kNever);
  EXPECT_EQ(add_saturating(kNever, Duration(1)), kNever);
  const TimePoint before = system_clock().now();
  EXPECT_LE(before, system_clock().now());
}

}  // namespace
}  // namespace godwit
