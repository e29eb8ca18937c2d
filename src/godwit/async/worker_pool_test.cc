#include "godwit/async/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <vector>

namespace godwit {
namespace {

class Count final : public Work {
 public:
  explicit Count(std::atomic<int>& count) : count_(count) {}
  void run() override { ++count_; }

 private:
  std::atomic<int>& count_;
};
class Block final : public Work {
 public:
  void run() override {
    begun.set_value();
    gate.get_future().wait();
  }
  std::promise<void> begun, gate;
};

TEST(WorkerPool, RunsEverythingBeforeItStops) {
  std::atomic<int> count = 0;
  std::vector<std::unique_ptr<Count>> works;
  for (int i = 0; i < 1000; ++i) works.push_back(std::make_unique<Count>(count));
  WorkerPool pool({.threads = 4});
  EXPECT_EQ(pool.threads(), 0u);  // none before there is work
  for (auto& work : works) ASSERT_TRUE(pool.submit(*work).ok());
  EXPECT_LE(pool.threads(), 4u);
  pool.stop();
  EXPECT_EQ(count, 1000);
  const auto late = pool.submit(*works[0]);
  ASSERT_FALSE(late.ok());
  EXPECT_THAT(late.error().message, testing::HasSubstr("has stopped"));
}

TEST(WorkerPool, DeclinesWhenTheQueueIsFull) {
  WorkerPool pool({.threads = 1, .queue_limit = 2, .name = "db"});
  Block block;
  ASSERT_TRUE(pool.submit(block).ok());
  block.begun.get_future().wait();
  std::atomic<int> count = 0;
  Count a(count), b(count), c(count);
  EXPECT_TRUE(pool.submit(a).ok());
  EXPECT_TRUE(pool.submit(b).ok());
  const auto declined = pool.submit(c);
  ASSERT_FALSE(declined.ok());
  EXPECT_THAT(declined.error().message, testing::HasSubstr("worker pool 'db' is busy"));
  EXPECT_EQ(pool.queued(), 2u);
  block.gate.set_value();
  pool.stop();
  EXPECT_EQ(count, 2);
}

TEST(WorkerPool, ThreadsAreStartedOnlyAsNeeded) {
  std::vector<std::unique_ptr<Block>> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(std::make_unique<Block>());
  WorkerPool pool({.threads = 3});
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    ASSERT_TRUE(pool.submit(*blocks[i]).ok());
    EXPECT_EQ(pool.threads(), std::min<std::size_t>(i + 1, 3));
  }
  for (auto& block : blocks) block->gate.set_value();
  pool.stop();
}

}  // namespace
}  // namespace godwit
