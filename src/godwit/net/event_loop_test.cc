#include "godwit/net/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "godwit/async/sleep.h"
#include "godwit/async/sync_wait.h"
#include "godwit/async/worker_pool.h"
#include "godwit/net/loop_group.h"
#include "godwit/net/reactor.h"

namespace godwit::net {
namespace {

using namespace std::chrono_literals;

class Call final : public Work {
 public:
  Call() = default;
  explicit Call(std::function<void()> f) : function(std::move(f)) {}
  void run() override { function(); }
  std::function<void()> function;
};
class CallAt final : public Timer {
 public:
  std::function<void()> function;

 private:
  void on_timer() override { function(); }
};

std::unique_ptr<EventLoop> make_loop(EventLoop::Options options = {}) {
  auto loop = EventLoop::create(options);
  EXPECT_TRUE(loop.ok());
  return std::move(loop).value();
}

TEST(EventLoop, StopBeforeRunEndsTheFirstTurn) {
  auto loop = make_loop();
  bool ran = false;
  Call call([&] { ran = true; });
  loop->post(call);
  loop->stop();
  loop->run();
  EXPECT_TRUE(ran);
  EXPECT_EQ(loop->turns(), 1u);
}

TEST(EventLoop, TurnEndComesAfterPostsAndTimersAndWhatItMakesReadyGoesToTheNextTurn) {
  auto loop = make_loop();
  std::vector<std::string> order;
  auto note = [&](const char* what) { order.push_back(what + std::to_string(loop->turns())); };
  Call first, posted_inside, end, end_again, withdrawn, stop;
  CallAt timer;
  withdrawn.function = [] { FAIL(); };
  stop.function = [&] { note("stop"), loop->stop(); };
  end_again.function = [&] { note("end-again"), loop->post(stop); };
  end.function = [&] { note("end"), loop->at_turn_end(end_again); };
  posted_inside.function = [&] { note("posted-inside"); };
  timer.function = [&] { note("timer"); };
  first.function = [&] {
    note("first");
    loop->at_turn_end(end);
    loop->at_turn_end(withdrawn);
    loop->withdraw(withdrawn);
    loop->timers().schedule(timer, loop->now() - 1s);
    loop->post(posted_inside);
  };
  loop->post(first);
  loop->run();
  EXPECT_EQ(order, (std::vector<std::string>{"first1", "timer1", "end1", "posted-inside2", "end-again2", "stop3"}));
}

TEST(EventLoop, WorkMayBeWithdrawnWhileTheTurnsEndRuns) {
  auto loop = make_loop();
  int ran = 0;
  Call a, b, c;
  a.function = [&] { ++ran, loop->withdraw(b); };
  b.function = [] { FAIL(); };
  c.function = [&] { ++ran, loop->stop(); };
  loop->at_turn_end(a);
  loop->at_turn_end(b);
  loop->at_turn_end(c);
  loop->run();
  EXPECT_EQ(ran, 2);
}

TEST(EventLoop, TimersFireInOrderAndNotEarly) {
  auto loop = make_loop();
  const TimePoint begin = loop->now();
  std::vector<int> order;
  CallAt timers[4];
  const Duration after[4] = {6ms, 2ms, 4ms, 9ms};
  for (int i = 0; i < 4; ++i) {
    timers[i].function = [&, i] {
      EXPECT_GE(loop->now(), begin + after[i]);
      EXPECT_GE(system_clock().now(), begin + after[i]);
      order.push_back(i);
      if (i == 3) loop->stop();
    };
    loop->timers().schedule(timers[i], begin + after[i]);
  }
  loop->run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 0, 3}));
  EXPECT_LT(loop->turns(), 30u);  // it sleeps in between
}

TEST(EventLoop, PostsFromManyThreadsKeepTheirOrderAndNoneIsLost) {
  for (const Duration busy_poll : {Duration(0), Duration(50'000)}) {
    auto loop = make_loop({.busy_poll = busy_poll});
    constexpr int kThreads = 4, kPosts = 5000;
    std::vector<std::unique_ptr<Call>> calls[kThreads];
    std::vector<int> seen[kThreads];
    int total = 0;
    for (int t = 0; t < kThreads; ++t) {
      for (int i = 0; i < kPosts; ++i) {
        calls[t].push_back(std::make_unique<Call>([&, t, i] {
          EXPECT_TRUE(loop->on_loop());
          seen[t].push_back(i);
          if (++total == kThreads * kPosts) loop->stop();
        }));
      }
    }
    std::thread runner([&] { loop->run(); });
    std::vector<std::thread> posters;
    for (int t = 0; t < kThreads; ++t) {
      posters.emplace_back([&, t] {
        EXPECT_FALSE(loop->on_loop());
        for (auto& call : calls[t]) loop->post(*call);
      });
    }
    for (auto& poster : posters) poster.join();
    runner.join();
    for (int t = 0; t < kThreads; ++t) {
      ASSERT_EQ(seen[t].size(), static_cast<std::size_t>(kPosts));
      for (int i = 0; i < kPosts; ++i) ASSERT_EQ(seen[t][i], i);
    }
  }
}

TEST(EventLoop, EveryPostWakesASleepingLoop) {
  auto loop = make_loop();
  std::thread runner([&] { loop->run(); });
  std::atomic<int> count = 0;
  Call call([&] {
    ++count;
    count.notify_one();
  });
  for (int i = 0; i < 2000; ++i) {
    loop->post(call);
    count.wait(i);
  }
  loop->stop();
  runner.join();
  EXPECT_EQ(count, 2000);
}

TEST(EventLoop, DestructionRunsWhatWasPosted) {
  int freed = 0;
  class SelfOwned final : public Work {
   public:
    explicit SelfOwned(int& freed) : freed_(freed) {}
    void run() override {
      ++freed_;
      delete this;
    }
    int& freed_;
  };
  {
    auto loop = make_loop();
    loop->post(*new SelfOwned(freed));
    std::thread([&] { loop->post(*new SelfOwned(freed)); }).join();
  }
  EXPECT_EQ(freed, 2);
}

Task<int> on_the_loop(Executor& loop) {
  EXPECT_TRUE(loop.on_loop());
  const bool slept = co_await sleep_for(loop, 1ms);
  EXPECT_TRUE(slept);
  EXPECT_TRUE(loop.on_loop());
  co_return 42;
}
Task<void> fails(Executor& loop) {
  co_await sleep_for(loop, 1us);
  throw std::runtime_error("from the loop");
}
Task<std::string> cancelled_sleep(Executor& loop) {
  CancellationSource source;
  CallAt timer;
  timer.function = [&] { source.cancel(); };
  loop.timers().schedule(timer, loop.now() + 1ms);
  const bool slept = co_await sleep_for(loop, 1h, source.token());
  const bool again = co_await sleep_for(loop, 1h, source.token());
  co_return std::string(slept ? "slept" : "cancelled") + (again ? " slept" : " cancelled");
}

TEST(SyncWait, RunsTheTaskOnTheLoop) {
  auto loop = make_loop();
  std::thread runner([&] { loop->run(); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(sync_wait(*loop, on_the_loop(*loop)), 42);
  EXPECT_THROW(sync_wait(*loop, fails(*loop)), std::runtime_error);
  EXPECT_EQ(sync_wait(*loop, cancelled_sleep(*loop)), "cancelled cancelled");
  loop->stop();
  runner.join();
}

Task<int> blocking_work(Executor& loop, WorkerPool& pool) {
  int sum = 0;
  for (int i = 0; i < 50; ++i) {
    auto add = [&loop, i]() -> int {
      EXPECT_FALSE(loop.on_loop());
      return i;
    };
    Result<int, Error> value = co_await pool.run(loop, add);
    EXPECT_TRUE(loop.on_loop());
    EXPECT_TRUE(value.ok());
    sum += value.ok() ? *value : 0;
  }
  auto nothing = [] {};
  Result<void, Error> none = co_await pool.run(loop, nothing);
  EXPECT_TRUE(none.ok());
  auto throwing = []() -> int { throw std::runtime_error("in the pool"); };
  bool caught = false;
  try {
    Result<int, Error> value = co_await pool.run(loop, throwing);
    EXPECT_FALSE(value.ok());
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  co_return sum;
}
Task<std::string> declined_work(Executor& loop, WorkerPool& pool) {
  auto nothing = [] {};
  Result<void, Error> result = co_await pool.run(loop, nothing);
  co_return result.ok() ? "ran" : result.error().message;
}

TEST(WorkerPoolOnALoop, RunGoesThereAndComesBack) {
  auto loop = make_loop();
  std::thread runner([&] { loop->run(); });
  WorkerPool pool({.threads = 2});
  EXPECT_EQ(sync_wait(*loop, blocking_work(*loop, pool)), 1225);
  pool.stop();
  EXPECT_EQ(sync_wait(*loop, declined_work(*loop, pool)), "worker pool 'godwit-worker' has stopped");
  loop->stop();
  runner.join();
}

TEST(WorkerPoolOnALoop, ACoroutineDestroyedMeanwhileIsNotResumed) {
  auto loop = make_loop();
  WorkerPool pool({.threads = 1});
  std::atomic<bool> begun = false, go = false;
  bool resumed = false;
  auto body = [&]() -> Task<void> {
    auto work = [&] {
      begun = true;
      begun.notify_one();
      go.wait(false);
    };
    (void)co_await pool.run(*loop, work);
    resumed = true;
  };
  auto never = [&]() -> Task<void> {
    auto work = [] { ADD_FAILURE() << "the coroutine was gone before its turn"; };
    (void)co_await pool.run(*loop, work);
  };
  {
    Task<void> task = body();
    Task<void> second = never();
    EXPECT_FALSE(task.start([](void*) {}, nullptr));
    EXPECT_FALSE(second.start([](void*) {}, nullptr));
    begun.wait(false);
  }
  go = true;
  go.notify_one();
  pool.stop();
  loop.reset();  // frees what came back
  EXPECT_FALSE(resumed);
}

// A thread in run(), and the loop asleep there, as far as one can tell.
class PostAndTurn : public ::testing::Test {
 protected:
  PostAndTurn() : loop_(make_loop()), runner_([this] { loop_->run(); }) {}
  ~PostAndTurn() override {
    loop_->stop();
    if (runner_.joinable()) runner_.join();
  }
  // Again and again, until it was done on this thread.
  void turn_here(const std::function<void()>& function) {
    const std::thread::id here = std::this_thread::get_id();
    do {
      ran_ = false;
      calls_.push_back(std::make_unique<Call>([&] {
        EXPECT_TRUE(loop_->on_loop());
        ran_on_ = std::this_thread::get_id();
        if (ran_on_ == here) function();
        ran_ = true;
        ran_.notify_one();
      }));
      loop_->post_and_turn(*calls_.back());
      ran_.wait(false);
      EXPECT_FALSE(loop_->on_loop());
    } while (ran_on_ != here);
  }

  std::vector<std::unique_ptr<Call>> calls_;  // until the loop is gone: it may still be inside of them
  std::atomic<bool> ran_ = false;
  std::thread::id ran_on_;
  std::unique_ptr<EventLoop> loop_;
  std::thread runner_;
};

TEST_F(PostAndTurn, RunsWholeTurnsOnTheCallersThreadWhenTheLoopSleeps) {
  const std::thread::id here = std::this_thread::get_id();
  int posted_on_here = 0, ends = 0;
  std::atomic<int> done = 0;
  Call posted([&] { posted_on_here += std::this_thread::get_id() == here, ++done, done.notify_one(); });
  Call end([&] { ++ends, loop_->post(posted); });
  turn_here([&] {
    done = 0;
    loop_->at_turn_end(end);
  });
  done.wait(0);
  EXPECT_GT(posted_on_here, 0);
  EXPECT_GT(ends, 0);
}

TEST_F(PostAndTurn, TheSleeperLearnsOfAnEarlierTimer) {
  std::atomic<bool> fired = false;
  std::thread::id fired_on;
  CallAt timer;
  timer.function = [&] { fired_on = std::this_thread::get_id(), fired = true, fired.notify_one(); };
  turn_here([&] { loop_->timers().schedule(timer, loop_->now() + 1ms); });
  fired.wait(false);
  EXPECT_EQ(fired_on, runner_.get_id());
}

TEST_F(PostAndTurn, StopInsideEndsRun) {
  turn_here([&] { loop_->stop(); });
  runner_.join();
}

TEST_F(PostAndTurn, FromManyThreadsBesidePostsAndTimers) {
  constexpr int kThreads = 4, kPosts = 20'000;
  std::vector<int> seen[kThreads];
  int total = 0, ticks = 0;  // the loop's, whoever makes its turns
  CallAt ticker;
  ticker.function = [&] {
    ++ticks;
    loop_->timers().schedule(ticker, loop_->now() + 50us);
  };
  Call start([&] { ticker.function(); });
  loop_->post(start);
  std::vector<std::unique_ptr<Call>> calls[kThreads];
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kPosts; ++i) {
      calls[t].push_back(std::make_unique<Call>([&, t, i] {
        EXPECT_TRUE(loop_->on_loop());
        seen[t].push_back(i);
        if (++total == kThreads * kPosts) loop_->stop();
      }));
    }
  }
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        Call& call = *calls[t][static_cast<std::size_t>(i)];
        (i + t) % 3 ? loop_->post_and_turn(call) : loop_->post(call);
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& poster : posters) poster.join();
  runner_.join();
  EXPECT_GT(ticks, 0);
  for (int t = 0; t < kThreads; ++t) {
    ASSERT_EQ(seen[t].size(), std::size_t{kPosts});
    EXPECT_TRUE(std::is_sorted(seen[t].begin(), seen[t].end()));
  }
}

// What the reactor found while it slept may be gone by the time that it hands it out.
TEST(Reactor, WatchesRemovedWhileItWaitsAreNotCalled) {
  class Counter final : public Watch {
   public:
    void on_ready(std::uint32_t) override { ++calls; }
    int calls = 0;
  };
  Reactor reactor;
  ASSERT_TRUE(reactor.open().ok());
  int first[2], second[2];
  ASSERT_EQ(pipe2(first, O_CLOEXEC | O_NONBLOCK) + pipe2(second, O_CLOEXEC | O_NONBLOCK), 0);
  Counter gone, kept;
  ASSERT_TRUE(reactor.add(gone, first[0], EPOLLIN).ok());
  ASSERT_TRUE(reactor.add(kept, second[0], EPOLLIN).ok());
  ASSERT_EQ(write(first[1], "x", 1) + write(second[1], "x", 1), 2);
  reactor.begin_wait();
  reactor.wait(Duration(-1));
  reactor.remove(gone);
  reactor.hand_out();
  EXPECT_EQ(gone.calls, 0);
  EXPECT_EQ(kept.calls, 1);
  // Added again meanwhile: called, once too often at most.
  reactor.begin_wait();
  reactor.wait(Duration(-1));
  reactor.remove(kept);
  ASSERT_TRUE(reactor.add(kept, second[0], EPOLLIN).ok());
  reactor.hand_out();
  EXPECT_EQ(kept.calls, 2);
  reactor.remove(kept);
  for (const int fd : {first[0], first[1], second[0], second[1]}) close(fd);
}

TEST(LoopGroup, RunsALoopOnEachThread) {
  EXPECT_GE(usable_processors(), 1u);
  for (const bool pin : {false, true}) {
    auto group = LoopGroup::create({.count = 3, .pin = pin, .loop = {}});
    ASSERT_TRUE(group.ok());
    LoopGroup& loops = **group;
    EXPECT_EQ(loops.size(), 3u);
    loops.start();
    for (std::size_t i = 0; i < loops.size(); ++i) EXPECT_EQ(sync_wait(loops[i], on_the_loop(loops[i])), 42);
    loops.stop();
    loops.start();
    EXPECT_EQ(sync_wait(loops[2], on_the_loop(loops[2])), 42);
  }
}

}  // namespace
}  // namespace godwit::net
