#include "godwit/async/cancellation.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "godwit/async/event.h"
#include "godwit/async/task.h"

namespace godwit {
namespace {

TEST(Cancellation, CallsInOrderAndOnce) {
  CancellationSource source;
  std::vector<int> calls;
  OnCancelled a(source.token(), [&] { calls.push_back(1); });
  OnCancelled b(source.token(), [&] { calls.push_back(2); });
  { OnCancelled gone(source.token(), [&] { calls.push_back(99); }); }
  OnCancelled c(source.token(), [&] { calls.push_back(3); });
  b.detach();
  EXPECT_FALSE(source.token().is_cancelled());
  source.cancel();
  source.cancel();
  EXPECT_TRUE(source.token().is_cancelled());
  EXPECT_EQ(calls, (std::vector<int>{1, 3}));
  EXPECT_FALSE(a.attached());
}

TEST(Cancellation, AttachingAfterCancelCallsAtOnce) {
  CancellationSource source;
  source.cancel();
  int calls = 0;
  OnCancelled late(source.token(), [&] { ++calls; });
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(late.attached());
}

TEST(Cancellation, TheDefaultTokenIsNeverCancelled) {
  CancellationToken token;
  EXPECT_FALSE(token.is_cancelled());
  EXPECT_FALSE(token.can_be_cancelled());
  OnCancelled never(token, [] { FAIL(); });
  EXPECT_FALSE(never.attached());
}

TEST(Cancellation, CallbacksMayDestroyOthersAndTheSource) {
  auto source = std::make_unique<CancellationSource>();
  int calls = 0;
  std::optional<OnCancelled<std::function<void()>>> other;
  OnCancelled first(source->token(), [&] { ++calls, other.reset(); });
  other.emplace(source->token(), std::function<void()>([&] { calls += 100; }));
  OnCancelled second(source->token(), [&] { ++calls, source.reset(); });
  OnCancelled third(source->token(), [&] { calls += 100; });
  source->cancel();
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(third.attached());
}

Task<bool> wait(AsyncEvent& event, CancellationToken token) { co_return co_await event.wait(token); }
void ignore(void*) {}

TEST(AsyncEvent, WaitEndsBySetOrCancel) {
  CancellationSource source;
  AsyncEvent event;
  Task<bool> cancelled = wait(event, source.token());
  ASSERT_FALSE(cancelled.start(ignore, nullptr));
  source.cancel();
  ASSERT_TRUE(cancelled.done());
  EXPECT_FALSE(cancelled.take());

  Task<bool> at_once = wait(event, source.token());
  ASSERT_TRUE(at_once.start(ignore, nullptr));
  EXPECT_FALSE(at_once.take());

  event.set();
  Task<bool> set = wait(event, source.token());
  ASSERT_TRUE(set.start(ignore, nullptr));
  EXPECT_TRUE(set.take());

  event.reset();
  CancellationSource other;
  Task<bool> later = wait(event, other.token());
  ASSERT_FALSE(later.start(ignore, nullptr));
  event.set();
  ASSERT_TRUE(later.done());
  EXPECT_TRUE(later.take());
  other.cancel();
}

}  // namespace
}  // namespace godwit
