// Compiled with -O0 (see CMakeLists.txt): symmetric transfer is no tail call there, so a stack that grew with each await
// would overflow.
#include <gtest/gtest.h>

#include "godwit/async/task.h"

namespace godwit {
namespace {

Task<int> ready() { co_return 1; }
Task<long> await_many(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await ready();
  co_return sum;
}

TEST(TaskDeep, TenMillionReadyTasksNeedNoStack) {
  constexpr long kCount = 10'000'000;
  Task<long> task = await_many(kCount);
  ASSERT_TRUE(task.start([](void*) { FAIL() << "it ended inside start()"; }, nullptr));
  EXPECT_EQ(task.take(), kCount);
}

}  // namespace
}  // namespace godwit
