#include "godwit/async/scope.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "godwit/async/event.h"

namespace godwit {
namespace {

struct Counted {
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  ~Counted() { --alive_; }
  int& alive_;
};
Task<void> wait_for(AsyncEvent& event, int& alive) {
  Counted counted(alive);
  co_await event.wait();
}
Task<void> nothing() { co_return; }
Task<void> throwing(AsyncEvent& event) {
  co_await event.wait();
  throw std::runtime_error("child");
}
Task<void> join(Scope& scope, bool& joined) {
  co_await scope.join();
  joined = true;
}
void ignore(void*) {}

TEST(Scope, JoinWaitsForEveryChild) {
  AsyncEvent a, b;
  int alive = 0;
  bool joined = false;
  Scope scope;
  scope.spawn(nothing());
  EXPECT_TRUE(scope.empty());
  scope.spawn(wait_for(a, alive));
  scope.spawn(wait_for(b, alive));
  EXPECT_EQ(scope.size(), 2u);
  Task<void> joiner = join(scope, joined);
  EXPECT_FALSE(joiner.start(ignore, nullptr));
  b.set();
  EXPECT_FALSE(joined);
  EXPECT_EQ(alive, 1);
  a.set();
  EXPECT_TRUE(joined);
  EXPECT_EQ(alive, 0);
  Task<void> again = join(scope, joined);
  EXPECT_TRUE(again.start(ignore, nullptr));  // an empty scope does not wait
}

TEST(Scope, CancelDestroysChildrenAndResumesTheJoin) {
  AsyncEvent a, b;
  int alive = 0;
  bool joined = false;
  Scope scope;
  scope.spawn(wait_for(a, alive));
  scope.spawn(wait_for(b, alive));
  Task<void> joiner = join(scope, joined);
  EXPECT_FALSE(joiner.start(ignore, nullptr));
  scope.cancel();
  EXPECT_EQ(alive, 0);
  EXPECT_TRUE(joined);
  a.set();  // nobody listens
}

TEST(Scope, JoinThrowsTheFirstException) {
  AsyncEvent a;
  bool joined = false;
  Scope scope;
  scope.spawn(throwing(a));
  Task<void> joiner = join(scope, joined);
  EXPECT_FALSE(joiner.start(ignore, nullptr));
  a.set();
  ASSERT_TRUE(joiner.done());
  EXPECT_FALSE(joined);
  EXPECT_THROW(joiner.take(), std::runtime_error);
}

TEST(ScopeDeathTest, DestructionWithChildrenAsserts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        AsyncEvent a;
        int alive = 0;
        Scope scope;
        scope.spawn(wait_for(a, alive));
      },
      "joined or cancelled");
}

}  // namespace
}  // namespace godwit
