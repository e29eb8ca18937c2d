#include "godwit/async/queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "godwit/async/scope.h"

namespace godwit {
namespace {

using Item = std::unique_ptr<int>;

Task<void> produce(AsyncQueue<Item>& queue, int count, int& accepted) {
  for (int i = 0; i < count; ++i) {
    if (!co_await queue.push(std::make_unique<int>(i))) co_return;
    ++accepted;
  }
  queue.close();
}
Task<void> consume(AsyncQueue<Item>& queue, std::vector<int>& out) {
  while (auto item = co_await queue.pop()) out.push_back(**item);
  out.push_back(-1);
}

TEST(AsyncQueue, KeepsOrderWhoeverComesFirst) {
  for (const bool producer_first : {true, false}) {
    for (const std::size_t capacity : {1, 2, 7, 1000}) {
      AsyncQueue<Item> queue(capacity);
      std::vector<int> out;
      int accepted = 0;
      Scope scope;
      if (producer_first) scope.spawn(produce(queue, 500, accepted));
      scope.spawn(consume(queue, out));
      if (!producer_first) scope.spawn(produce(queue, 500, accepted));
      EXPECT_TRUE(scope.empty());
      ASSERT_EQ(out.size(), 501u);
      for (int i = 0; i < 500; ++i) ASSERT_EQ(out[i], i);
      EXPECT_EQ(accepted, 500);
    }
  }
}

TEST(AsyncQueue, AFullQueueHoldsTheProducer) {
  AsyncQueue<Item> queue(3);
  int accepted = 0;
  Scope scope;
  scope.spawn(produce(queue, 10, accepted));
  EXPECT_EQ(accepted, 3);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_FALSE(queue.try_push(std::make_unique<int>(99)));
  EXPECT_EQ(**queue.try_pop(), 0);
  EXPECT_EQ(accepted, 4);
  queue.close();  // the push that waits fails
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(accepted, 4);
  std::vector<int> rest;
  scope.spawn(consume(queue, rest));
  EXPECT_EQ(rest, (std::vector<int>{1, 2, 3, -1}));
  EXPECT_FALSE(queue.try_pop());
}

TEST(AsyncQueue, WaitersTakeThemselvesOut) {
  AsyncQueue<Item> queue(1);
  std::vector<int> out;
  Scope scope;
  scope.spawn(consume(queue, out));
  scope.cancel();
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(5)));
  int accepted = 0;
  scope.spawn(produce(queue, 1, accepted));
  scope.cancel();
  EXPECT_EQ(**queue.try_pop(), 5);
  EXPECT_FALSE(queue.try_pop());
}

}  // namespace
}  // namespace godwit
