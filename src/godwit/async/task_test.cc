#include "godwit/async/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "godwit/async/event.h"

namespace godwit {
namespace {

struct Counted {
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  ~Counted() { --alive_; }
  int& alive_;
};

void no_continuation(void*) { FAIL() << "continuation of a task that ended at once"; }
void mark(void* flag) { *static_cast<bool*>(flag) = true; }

Task<int> add(int a, int b) { co_return a + b; }
Task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }
Task<int> nested() {
  const int first = co_await add(1, 2);
  Task<int> named = add(first, 4);
  const int second = co_await named;
  co_return second + *co_await boxed(5);
}
Task<void> throwing() {
  throw std::runtime_error("thrown inside");
  co_return;
}
Task<std::string> catching() {
  try {
    co_await throwing();
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "nothing was thrown";
}
Task<int> waiting(AsyncEvent& event, int& alive) {
  Counted counted(alive);
  co_await event.wait();
  co_return 7;
}
Task<int> parent(AsyncEvent& event, int& alive) {
  Counted counted(alive);
  co_return co_await waiting(event, alive) + 1;
}

TEST(Task, EndsInsideStart) {
  Task<int> task = nested();
  EXPECT_FALSE(task.done());
  EXPECT_TRUE(task.start(no_continuation, nullptr));
  EXPECT_TRUE(task.done());
  EXPECT_EQ(task.take(), 12);
}

TEST(Task, ExceptionIsThrownAtTheAwait) {
  Task<std::string> task = catching();
  ASSERT_TRUE(task.start(no_continuation, nullptr));
  EXPECT_EQ(task.take(), "thrown inside");
}

TEST(Task, ExceptionIsThrownFromTake) {
  Task<void> task = throwing();
  ASSERT_TRUE(task.start(no_continuation, nullptr));
  EXPECT_TRUE(task.exception());
  EXPECT_THROW(task.take(), std::runtime_error);
}

TEST(Task, ContinuationRunsWhenItEndsLater) {
  AsyncEvent event;
  int alive = 0;
  bool ended = false;
  Task<int> task = parent(event, alive);
  ASSERT_FALSE(task.start(mark, &ended));
  EXPECT_EQ(alive, 2);
  EXPECT_FALSE(ended);
  event.set();
  EXPECT_TRUE(ended);
  EXPECT_EQ(task.take(), 8);
  EXPECT_EQ(alive, 0);
}

TEST(Task, DestroyedWhileSuspendedDestroysTheWholeChain) {
  AsyncEvent event;
  int alive = 0;
  bool ended = false;
  {
    Task<int> task = parent(event, alive);
    ASSERT_FALSE(task.start(mark, &ended));
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
  event.set();  // the waiter took itself out
  EXPECT_FALSE(ended);
}

TEST(Task, DestroyedBeforeItStarted) {
  AsyncEvent event;
  int alive = 0;
  { Task<int> task = parent(event, alive); }
  EXPECT_EQ(alive, 0);
}

TEST(Task, ContinuationMayDestroyTheTask) {
  AsyncEvent event;
  int alive = 0;
  auto* task = new Task<int>(parent(event, alive));
  struct Owner {
    Task<int>* task;
    int result = 0;
  } owner{task};
  ASSERT_FALSE(task->start(
      [](void* argument) {
        auto* o = static_cast<Owner*>(argument);
        o->result = o->task->take();
        delete o->task;
      },
      &owner));
  event.set();
  EXPECT_EQ(owner.result, 8);
}

struct Call {
  Arena arena;
};
Arena* coroutine_arena(Call& call) { return &call.arena; }

Task<int> in_arena(Call& call, int value) {
  (void)call;
  co_return value;
}
struct Service {
  Task<int> method(Call& call, const int& request, int& reply) {
    (void)call;
    reply = request * 2;
    co_return reply;
  }
};

TEST(Task, FrameComesFromAnArenaThatAParameterHas) {
  alignas(64) std::uint8_t memory[4096];
  Call call{Arena(MutableBytes(memory))};
  const auto* before = static_cast<std::uint8_t*>(call.arena.allocate(1));
  Task<int> task = in_arena(call, 3);
  const auto* after = static_cast<std::uint8_t*>(call.arena.allocate(1));
  EXPECT_GT(after - before, 64);
  ASSERT_TRUE(task.start(no_continuation, nullptr));
  EXPECT_EQ(task.take(), 3);

  Service service;
  int reply = 0;
  const int request = 21;
  Task<int> method = service.method(call, request, reply);
  const auto* end = static_cast<std::uint8_t*>(call.arena.allocate(1));
  EXPECT_GT(end - after, 64);
  ASSERT_TRUE(method.start(no_continuation, nullptr));
  EXPECT_EQ(reply, 42);
  EXPECT_EQ(call.arena.allocated(), 0u);
}

TEST(Task, Moves) {
  Task<int> a = add(1, 1);
  Task<int> b = std::move(a);
  EXPECT_FALSE(a.valid());
  a = std::move(b);
  EXPECT_TRUE(a.valid());
  ASSERT_TRUE(a.start(no_continuation, nullptr));
  EXPECT_EQ(a.take(), 2);
}

}  // namespace
}  // namespace godwit
