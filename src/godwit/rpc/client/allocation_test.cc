// In steady state a call allocates nothing. Counts the calls of malloc, so it is left out where a sanitizer has its
// own.

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GODWIT_TEST_HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GODWIT_TEST_HAS_SANITIZER 1
#endif

#if defined(__GLIBC__) && !defined(GODWIT_TEST_HAS_SANITIZER)

#include <cstdint>

#include "godwit/async/task.h"
#include "godwit/rpc/client/loopback_for_test.h"

namespace {
thread_local std::uint64_t allocations = 0;
}

extern "C" {
void* __libc_malloc(std::size_t);
void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
}

namespace godwit::rpc {
namespace {

TEST(Allocations, UnaryCallsInSteadyState) {
  fake::Loopback loopback(100);
  const std::string small = fake::framed(std::string(40, 'r'));
  const std::string large = fake::framed(std::string(3000, 'r'));
  std::vector<fake::LoopbackCall> calls(100);
  std::vector<std::unique_ptr<ClientContext>> contexts;
  for (int i = 0; i < 100; ++i) contexts.push_back(std::make_unique<ClientContext>());
  int in_flight = 100;
  auto round = [&](bool with_context, const std::string& request) {
    for (int i = 0; i < in_flight; ++i) {
      ClientContext* context = with_context ? contexts[i].get() : nullptr;
      if (context) {
        context->reset();
        context->set_timeout(std::chrono::seconds(1));
        context->metadata().add("key", "value");
        context->metadata().add("k-bin", "value");
      }
      calls[i].call(*loopback.channel, context, as_bytes(request));
    }
    loopback.client->answer_all();
  };
  for (const bool with_context : {false, true}) {
    for (const std::string& request : {small, large}) {
      // Long messages are kept in blocks, of which a thread's cache holds 64.
      in_flight = request == small ? 100 : 50;
      for (int i = 0; i < 10; ++i) round(with_context, request);
      const std::uint64_t before = allocations;
      for (int i = 0; i < 10; ++i) round(with_context, request);
      EXPECT_EQ(allocations - before, 0u) << (with_context ? "with" : "without") << " a context, " << request.size();
    }
  }
  EXPECT_EQ(calls[0].good, 80u);
}

TEST(Allocations, MessagesOfAStream) {
  fake::Loopback loopback(1, 100);
  StreamingCall call;
  call.start(*loopback.channel, fake::kBidi, nullptr);
  std::size_t messages = 0;
  auto read = [](StreamingCall& c, std::size_t& n) -> Task<void> {
    while (co_await c.read()) ++n;
  };
  Task<void> reader = read(call, messages);
  reader.start([](void*) {}, nullptr);
  const std::string request = fake::framed(std::string(40, 'r'));
  call.send_message(as_bytes(request));
  loopback.client->answer_headers();
  loopback.client->answer_body();
  const std::uint64_t before = allocations;
  for (int i = 0; i < 10; ++i) {
    call.send_message(as_bytes(request));
    loopback.client->answer_body();
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(messages, 1100u);
}

}  // namespace
}  // namespace godwit::rpc

#endif
