#include "godwit/async/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "godwit/base/random.h"

namespace godwit {
namespace {

class TestTimer final : public Timer {
 public:
  std::function<void()> action;
  int fired = 0;

 private:
  void on_timer() override {
    ++fired;
    if (action) action();
  }
};

constexpr Duration kTick = TimerWheel::kTick;
TimePoint at(std::int64_t nanos) { return TimePoint(Duration(nanos)); }

TEST(TimerWheel, FiresNotEarlyAndAtMostOneTickLate) {
  const std::int64_t tick = kTick.count();
  for (const std::int64_t start : {std::int64_t{0}, std::int64_t{1}, 5 * tick, 1000 * tick + 17, -7 * tick - 3,
                                   std::int64_t{1} << 50, (std::int64_t{1} << 62) + 12345}) {
    for (const std::int64_t after : {std::int64_t{1}, tick - 1, tick, tick + 1, 63 * tick, 64 * tick, 65 * tick,
                                     4095 * tick, 4096 * tick, 64 * 4096 * tick + 5, std::int64_t{1} << 55}) {
      SCOPED_TRACE(testing::Message() << "start " << start << " after " << after);
      TimerWheel wheel(at(start));
      TestTimer timer;
      const std::int64_t deadline = start + after;
      wheel.schedule(timer, at(deadline));
      EXPECT_EQ(timer.deadline(), at(deadline));
      EXPECT_EQ(wheel.advance(at(deadline - 1)), 0u);
      EXPECT_LE(wheel.next(), at(deadline + tick));
      EXPECT_EQ(wheel.advance(at(deadline + tick)), 1u);
      EXPECT_EQ(timer.fired, 1);
      EXPECT_FALSE(timer.scheduled());
      EXPECT_EQ(wheel.next(), kNever);
    }
  }
}

TEST(TimerWheel, NextLeadsToTheTimerInFewSteps) {
  TimerWheel wheel(at(12345));
  TestTimer timer;
  const TimePoint deadline = at(12345 + 3'600'000'000'000);
  wheel.schedule(timer, deadline);
  int steps = 0;
  while (timer.fired == 0) {
    ASSERT_LT(++steps, 10);
    wheel.advance(wheel.next());
  }
}

TEST(TimerWheel, PastDeadlinesFireAtTheNextAdvance) {
  TimerWheel wheel(at(1'000'000'000));
  TestTimer past, now;
  wheel.schedule(past, at(0));
  wheel.schedule(now, at(1'000'000'000 / kTick.count() * kTick.count()));
  EXPECT_LE(wheel.next(), at(1'000'000'000));
  EXPECT_EQ(wheel.advance(at(1'000'000'000)), 2u);
}

TEST(TimerWheel, KNeverOnlyTakesOut) {
  TimerWheel wheel(at(0));
  TestTimer timer;
  wheel.schedule(timer, kNever);
  EXPECT_FALSE(timer.scheduled());
  wheel.schedule(timer, at(5));
  wheel.schedule(timer, kNever);
  EXPECT_FALSE(timer.scheduled());
  EXPECT_EQ(wheel.size(), 0u);
  wheel.schedule(timer, kNever - Duration(1));
  EXPECT_TRUE(timer.scheduled());
  EXPECT_EQ(wheel.advance(at(1'000'000'000'000)), 0u);
}

TEST(TimerWheel, TimersOfOneTickFireInTheOrderOfScheduling) {
  const std::int64_t tick = kTick.count();
  TimerWheel wheel(at(0));
  std::vector<int> order;
  TestTimer timers[6];
  for (int i = 0; i < 6; ++i) timers[i].action = [&order, i] { order.push_back(i); };
  const TimePoint time = at(5000 * tick);
  wheel.schedule(timers[0], time);  // two levels up
  wheel.schedule(timers[1], time);
  wheel.advance(at(4097 * tick));
  wheel.schedule(timers[2], time);  // one level up
  wheel.advance(at(4999 * tick));
  wheel.schedule(timers[3], time);  // at once in its slot
  wheel.schedule(timers[4], time - Duration(1));  // rounded up to the same tick
  wheel.schedule(timers[5], at(4999 * tick));     // has passed: before
  wheel.advance(time);
  EXPECT_EQ(order, (std::vector<int>{5, 0, 1, 2, 3, 4}));
}

TEST(TimerWheel, TimersMayScheduleCancelAndDestroyInside) {
  TimerWheel wheel(at(0));
  TestTimer first, second, again;
  auto third = std::make_unique<TestTimer>();
  first.action = [&] {
    second.cancel();
    third.reset();
    wheel.schedule(again, at(0));                   // for the next advance()
    if (first.fired == 1) wheel.schedule(first, at(0));
  };
  wheel.schedule(first, at(10));
  wheel.schedule(second, at(10));
  wheel.schedule(*third, at(10));
  EXPECT_EQ(wheel.advance(at(kTick.count())), 1u);
  EXPECT_EQ(second.fired, 0);
  EXPECT_EQ(again.fired, 0);
  EXPECT_EQ(wheel.size(), 2u);
  EXPECT_EQ(wheel.advance(at(kTick.count())), 2u);
  EXPECT_EQ(first.fired, 2);
  EXPECT_EQ(again.fired, 1);
  EXPECT_EQ(wheel.size(), 1u);  // `again`, scheduled once more by the second call of `first`
}

TEST(TimerWheel, DestructionTakesTimersOut) {
  TestTimer timer;
  {
    TimerWheel wheel(at(0));
    wheel.schedule(timer, at(1'000'000));
  }
  EXPECT_FALSE(timer.scheduled());
  {
    TimerWheel wheel(at(0));
    { TestTimer gone; wheel.schedule(gone, at(1'000'000)); }
    EXPECT_EQ(wheel.size(), 0u);
    EXPECT_EQ(wheel.next(), kNever);
  }
}

// The same as the wheel in the plainest way: a list of (tick, order of scheduling).
TEST(TimerWheel, AgreesWithANaiveModel) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    TimePoint now = at(static_cast<std::int64_t>(random.next() >> 3));
    TimerWheel wheel(now);
    struct Entry {
      std::int64_t tick;
      std::uint64_t order;
      int timer;
    };
    std::vector<Entry> model;
    std::vector<int> fired;
    constexpr int kTimers = 200;
    std::vector<std::unique_ptr<TestTimer>> timers;
    for (int i = 0; i < kTimers; ++i) {
      timers.push_back(std::make_unique<TestTimer>());
      timers[i]->action = [&fired, i] { fired.push_back(i); };
    }
    std::uint64_t order = 0;
    auto floor_tick = [](TimePoint t) { return t.time_since_epoch().count() >> 18; };
    auto ceil_tick = [](TimePoint t) { return (t.time_since_epoch().count() + ((1 << 18) - 1)) >> 18; };
    for (int step = 0; step < 3000; ++step) {
      const int i = static_cast<int>(random.below(kTimers));
      const std::uint64_t what = random.below(10);
      if (what < 6) {
        const Duration away(static_cast<std::int64_t>(random.next() >> (20 + random.below(40))));
        const TimePoint deadline = random.chance(0.05) ? now - away : now + away;
        std::erase_if(model, [&](const Entry& e) { return e.timer == i; });
        wheel.schedule(*timers[i], deadline);
        // What has passed already fires before everything else.
        const std::int64_t tick = std::max(ceil_tick(deadline), floor_tick(now));
        model.push_back({tick, order++, i});
      } else if (what < 7) {
        timers[i]->cancel();
        std::erase_if(model, [&](const Entry& e) { return e.timer == i; });
      } else {
        now += Duration(static_cast<std::int64_t>(random.next() >> (20 + random.below(44))));
        if (random.chance(0.3) && wheel.next() != kNever && wheel.next() > now) now = wheel.next();
        std::sort(model.begin(), model.end(), [](const Entry& a, const Entry& b) {
          return a.tick != b.tick ? a.tick < b.tick : a.order < b.order;
        });
        std::vector<int> expected;
        while (!model.empty() && model.front().tick <= floor_tick(now)) {
          expected.push_back(model.front().timer);
          model.erase(model.begin());
        }
        fired.clear();
        EXPECT_EQ(wheel.advance(now), expected.size());
        ASSERT_EQ(fired, expected) << "seed " << seed << " step " << step;
        if (!model.empty()) {
          ASSERT_LE(floor_tick(wheel.next()), model.front().tick);
          ASSERT_GT(wheel.next(), now);
        }
      }
      ASSERT_EQ(wheel.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace godwit
