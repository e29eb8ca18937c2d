#include "godwit/testing/simulation.h"

#include <gtest/gtest.h>

#include <vector>

namespace godwit::testing {
namespace {

using namespace std::chrono_literals;

struct Recorder final : Work {
  Recorder(std::vector<std::string>& l, std::string n) : list(l), name(std::move(n)) {}
  void run() override { list.push_back(name); }
  std::vector<std::string>& list;
  std::string name;
};

struct TestTimer final : Timer {
  explicit TestTimer(std::function<void()> a) : action(std::move(a)) {}
  void on_timer() override { action(); }
  std::function<void()> action;
};

TEST(Simulation, TurnRunsInputThenPostsThenTimersThenItsEnd) {
  Simulation simulation(7);
  SimExecutor& executor = simulation.executor();
  std::vector<std::string> list;
  Recorder post(list, "post"), end(list, "end"), again(list, "again");
  TestTimer timer([&] { list.push_back("timer"); });
  executor.timers().schedule(timer, simulation.now());
  executor.at_turn_end(end);
  executor.post(post);
  executor.input([&] {
    list.push_back("input");
    executor.post(again);  // a later turn
  });
  EXPECT_EQ(simulation.run_until_idle(), RunEnd::kIdle);
  // The timer's tick may be the one after.
  std::erase(list, "timer");
  EXPECT_EQ(list, (std::vector<std::string>{"input", "post", "end", "again"}));
}

TEST(Simulation, WithdrawnWorkDoesNotRun) {
  Simulation simulation;
  SimExecutor& executor = simulation.executor();
  std::vector<std::string> list;
  Recorder a(list, "a"), b(list, "b"), c(list, "c");
  for (Recorder* r : {&a, &b, &c}) executor.at_turn_end(*r);
  executor.withdraw(b);
  executor.withdraw(c);
  executor.at_turn_end(c);
  simulation.run_until_idle();
  EXPECT_EQ(list, (std::vector<std::string>{"a", "c"}));
}

TEST(Simulation, VirtualTimeMovesFromTimerToTimer) {
  Simulation simulation;
  SimExecutor& executor = simulation.executor();
  const TimePoint start = simulation.now();
  std::vector<Duration> fired;
  TestTimer late([&] { fired.push_back(simulation.now() - start); });
  TestTimer early([&] { fired.push_back(simulation.now() - start); });
  executor.timers().schedule(late, start + 1h);
  executor.timers().schedule(early, start + 5ms);
  EXPECT_EQ(simulation.run_for(1s), RunEnd::kTime);
  EXPECT_EQ(simulation.now() - start, 1s);
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_GE(fired[0], 5ms);
  EXPECT_LE(fired[0], 5ms + TimerWheel::kTick);
  EXPECT_EQ(simulation.run_until([&] { return fired.size() == 2; }), RunEnd::kDone);
  EXPECT_GE(fired[1], 1h);
  EXPECT_LE(fired[1], 1h + TimerWheel::kTick);
  EXPECT_EQ(simulation.clock().wall_nanos() - ManualClock::kDefaultWallNanos, fired[1].count());
}

TEST(Simulation, FrozenHostCatchesUpLater) {
  Simulation simulation;
  SimExecutor& a = simulation.executor("a");
  SimExecutor& b = simulation.executor("b");
  std::vector<std::string> list;
  Recorder work_a(list, "a"), work_b(list, "b");
  a.post(work_a);
  a.freeze_until(simulation.now() + 1s);
  b.post(work_b);
  simulation.run_for(999ms);
  EXPECT_EQ(list, (std::vector<std::string>{"b"}));
  simulation.run_for(2ms);
  EXPECT_EQ(list, (std::vector<std::string>{"b", "a"}));
}

TEST(Simulation, EventLimitEndsARunThatNeverRests) {
  Simulation simulation(SimulationOptions{.events_max = 1000});
  std::function<void()> again = [&] { simulation.at(simulation.now(), again); };
  again();
  EXPECT_EQ(simulation.run_until_idle(), RunEnd::kEventLimit);
}

TEST(Simulation, PartsHaveSeedsOfTheirOwn) {
  Simulation one(1), other(2);
  EXPECT_NE(one.seed_for("a"), one.seed_for("b"));
  EXPECT_NE(one.seed_for("a"), other.seed_for("a"));
  EXPECT_EQ(one.seed_for("a"), Simulation(1).seed_for("a"));
  EXPECT_NE(one.executor("a").random().next(), one.executor("b").random().next());
}

TEST(Trace, TailAndHash) {
  Trace trace(TimePoint{});
  trace.add(TimePoint(Duration(1'500'000'000)), "a", "first");
  trace.add(TimePoint(Duration(2'000'000'001)), "b", "second");
  EXPECT_EQ(trace.text(), "1.500000000 a: first\n2.000000001 b: second\n");
  EXPECT_EQ(trace.tail(1), "2.000000001 b: second\n");
  EXPECT_EQ(trace.tail(9), trace.text());
  Trace quiet(TimePoint{}, false);
  quiet.add(TimePoint(Duration(1'500'000'000)), "a", "first");
  EXPECT_NE(quiet.hash(), trace.hash());
  quiet.add(TimePoint(Duration(2'000'000'001)), "b", "second");
  EXPECT_EQ(quiet.hash(), trace.hash());
  EXPECT_EQ(quiet.text(), "");
}

}  // namespace
}  // namespace godwit::testing
