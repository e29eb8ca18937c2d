// A server's life and its ports, over real sockets.

#include "godwit/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <string>
#include <thread>

#include "godwit/client.h"
#include "godwit/rpc/client/blocking.h"
#include "godwit/rpc/server/server_call.h"
#include "godwit/stub/server_method.h"

namespace godwit {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

// Says when a call has come, and answers when the call is cancelled.
class Waiting final : public Service {
 public:
  std::string_view service_name() const override { return "w.W"; }
  std::vector<rpc::Method> methods() override {
    struct Handler final : rpc::MethodHandler {
      explicit Handler(std::binary_semaphore& a) : arrived(a) {}
      Task<Status> invoke(rpc::ServerCall& call) override {
        arrived.release();
        for (;;) {
          const rpc::ServerCall::ReadResult read = co_await call.read();
          if (read.outcome != rpc::ServerCall::ReadOutcome::kMessage) co_return Status();
        }
      }
      std::binary_semaphore& arrived;
    };
    std::vector<rpc::Method> methods;
    methods.push_back({"/w.W/Wait", MethodKind::kBidiStreaming, std::make_shared<Handler>(arrived)});
    return methods;
  }
  std::binary_semaphore arrived{0};
};

ServerOptions loops(std::size_t count) {
  ServerOptions options;
  options.loops = count;
  return options;
}

class ServerLifeTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  Waiting service_;
};

TEST_P(ServerLifeTest, BeginShutdownReturnsAtOnceAndTheEarliestEndCounts) {
  Server server(loops(GetParam()));
  server.add(service_);
  auto port = server.listen("127.0.0.1:0");
  ASSERT_TRUE(port.ok());
  ASSERT_TRUE(server.start().ok());
  auto client = Client::create("127.0.0.1:" + std::to_string(*port));
  ASSERT_TRUE(client.ok());
  const ClientMethod method("/w.W/Wait", MethodKind::kBidiStreaming);
  rpc::BlockingCall call(client->channel(), method, nullptr);
  const std::uint8_t empty[5] = {};
  ASSERT_TRUE(call.write(Bytes(empty)));
  service_.arrived.acquire();

  std::atomic<int> told{0};
  server.begin_shutdown(hours(1), [&] { ++told; });
  server.begin_shutdown(hours(2), [&] { ++told; });
  EXPECT_EQ(told, 0);
  server.begin_shutdown(Duration::zero(), [&] { ++told; });
  server.wait();
  EXPECT_EQ(told, 3) << "who waits comes after those who are told";
  call.finish().ok();
  server.begin_shutdown(Duration::zero(), [&] { ++told; });
  EXPECT_EQ(told, 4) << "nothing runs any more: told at once";
  server.shutdown();
}
INSTANTIATE_TEST_SUITE_P(Loops, ServerLifeTest, ::testing::Values(1, 2));

TEST(ServerLife, AServerThatNeverStartedHasStopped) {
  Server server(loops(1));
  ASSERT_TRUE(server.listen("127.0.0.1:0").ok());
  bool told = false;
  server.begin_shutdown(Duration::zero(), [&] { told = true; });
  EXPECT_TRUE(told);
  server.wait();
}

TEST(ServerPorts, AreSharedAmongThoseThatSaySo) {
  ServerOptions sharing = loops(1);
  sharing.share_ports = true;
  Server first(sharing);
  Server second(sharing);
  Server alone(loops(1));
  const auto port = first.listen("127.0.0.1:0");
  ASSERT_TRUE(port.ok());
  const std::string address = "127.0.0.1:" + std::to_string(*port);
  EXPECT_TRUE(second.listen(address).ok());
  const auto refused = alone.listen(address);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr(address));
}

TEST(ServerPorts, ANameIsServedAtAllItsAddressesOnOnePort) {
  Server server(loops(1));
  const auto port = server.listen("localhost:0");
  ASSERT_TRUE(port.ok());
  // Whatever localhost is here, nobody else can listen there on this port.
  Server other(loops(1));
  EXPECT_FALSE(other.listen("localhost:" + std::to_string(*port)).ok());
}

TEST(ServerLoops, AreKnownBeforeTheStart) {
  Server server(loops(2));
  auto executors = server.executors();
  ASSERT_TRUE(executors.ok());
  EXPECT_EQ(executors->size(), 2u);
  ASSERT_TRUE(server.start().ok());
  struct Ask final : Work {
    void run() override {
      there = executor->on_loop();
      done.release();
    }
    Executor* executor = nullptr;
    bool there = false;
    std::binary_semaphore done{0};
  };
  for (Executor* executor : *executors) {
    Ask ask;
    ask.executor = executor;
    executor->post(ask);
    ask.done.acquire();
    EXPECT_TRUE(ask.there);
  }
}

}  // namespace
}  // namespace godwit
