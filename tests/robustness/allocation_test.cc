// In steady state a unary call allocates nothing on the server, over a real socket.

#include <atomic>
#include <cstdlib>
#include <string>

#include "greeter_for_test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GODWIT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GODWIT_SANITIZED 1
#endif
#endif

#ifndef GODWIT_SANITIZED

namespace {
thread_local bool on_server_loop = false;
std::atomic<bool> counting{false};
std::atomic<long> allocations{0};
void count() {
  if (on_server_loop && counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}
}  // namespace

// Everything that takes memory comes through these, operator new too.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library's own names
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
  count();
  return __libc_calloc(n, size);
}
void* realloc(void* memory, std::size_t size) {
  count();
  return __libc_realloc(memory, size);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace robustness {
namespace {

long allocations_of(GreeterServer& server, std::size_t name_bytes, int calls) {
  auto client = godwit::Client::create(server.target());
  EXPECT_TRUE(client.ok());
  helloworld::Greeter::BlockingStub stub(client->channel());
  helloworld::HelloRequest request;
  request.set_name(std::string(name_bytes, 'n'));
  auto call = [&](int i) {
    godwit::ClientContext context;
    context.set_timeout(std::chrono::seconds(30));
    context.metadata().add("x-request", "request-" + std::to_string(i));
    context.metadata().add("x-fixed", "the same every time");
    auto reply = stub.SayHello(context, request);
    ASSERT_TRUE(reply.ok()) << reply.error().text();
  };
  for (int i = 0; i < 1000; ++i) call(i);
  allocations = 0;
  counting = true;
  for (int i = 1000; i < 1000 + calls; ++i) call(i);
  counting = false;
  return allocations;
}

TEST(Allocation, AUnaryCallAllocatesNothingOnTheServer) {
  GreeterServer server;
  server.greeter.on_call = [] { on_server_loop = true; };
  EXPECT_EQ(allocations_of(server, 5, 1000), 0);
  EXPECT_EQ(allocations_of(server, 100, 1000), 0);
}

TEST(Allocation, TheTestSeesAnAllocation) {
  GreeterServer server;
  server.greeter.on_call = [] {
    on_server_loop = true;
    std::free(std::malloc(1));
  };
  EXPECT_GE(allocations_of(server, 5, 10), 10);
}

}  // namespace
}  // namespace robustness

#else

TEST(Allocation, IsNotCountedUnderSanitizers) { GTEST_SKIP() << "the sanitizers own malloc"; }

#endif
