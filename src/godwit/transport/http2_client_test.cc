#include "godwit/transport/http2_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "godwit/testing/frame_builder.h"
#include "godwit/testing/memory_pipe.h"
#include "godwit/testing/simulation.h"
#include "godwit/testing/stream_recorder.h"

namespace godwit::transport {
namespace {

namespace h2 = testing::h2;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// What one exchange is told.
struct Exchange final : http::ExchangeEvents {
  void on_headers(http::HeadersKind, const http::FieldViews&, bool) override {}
  void on_body(const http::BodyView&, bool) override {}
  void on_writable() override {}
  void on_reset(http::ResetReason reason, std::string_view text) override {
    reset = reason;
    detail = text;
  }
  void on_closed() override { closed = true; }

  std::optional<http::ResetReason> reset;
  std::string detail;
  bool closed = false;
};

// A client whose server is the test.
struct World final : http::ExchangeClientEvents {
  explicit World(Duration timeout = seconds(20), const std::function<void()>& on_done = {}) {
    testing::MemoryPipe pipe = testing::make_memory_pipe(executor);
    server.attach(std::move(pipe.second));
    operation =
        http2_handshake(executor, std::move(pipe.first), {{}, executor.now() + timeout}, *this, [=, this](auto result) {
          ++dones;
          if (result.ok()) {
            client = std::move(result.value());
          } else {
            error = result.error().message;
          }
          if (on_done) on_done();
        });
    EXPECT_EQ(dones, 0) << "not from inside";
  }
  void run(Duration time = milliseconds(1)) { simulation.run_for(time); }
  void handshake() {
    server.send(h2::settings() + h2::settings_ack());
    run();
    ASSERT_TRUE(client);
  }
  void open(Exchange& exchange) {
    static const http::PreparedFields fields({{http::FieldToken::kMethod, "POST"},
                                              {http::FieldToken::kScheme, "http"},
                                              {http::FieldToken::kPath, "/a.B/C"},
                                              {http::FieldToken::kAuthority, "a"}});
    ASSERT_TRUE(client->open(fields, {}, true, exchange));
  }

  void on_capacity() override { seen.push_back("capacity"); }
  void on_draining(std::string_view reason) override { seen.push_back("draining: " + std::string(reason)); }
  void on_disconnected(std::string_view reason) override { seen.push_back("disconnected: " + std::string(reason)); }

  testing::Simulation simulation{1};
  testing::SimExecutor& executor = simulation.executor();
  testing::StreamRecorder server;
  std::unique_ptr<PendingOperation> operation;
  std::unique_ptr<http::ExchangeClient> client;
  int dones = 0;
  std::string error;
  std::vector<std::string> seen;
};

TEST(Http2Handshake, SendsThePrefaceAtOnceAndEndsWithSettings) {
  Exchange one, two;  // outlive the connection
  World world;
  world.run();
  EXPECT_THAT(world.server.received(), StartsWith(h2::preface()));
  world.run(seconds(10));
  const std::string settings = h2::settings({{3, 2}});
  world.server.send(settings.substr(0, 14));
  world.run();
  EXPECT_EQ(world.dones, 0);
  world.server.send(settings.substr(14));
  world.run();
  EXPECT_EQ(world.dones, 1);
  ASSERT_TRUE(world.client);
  world.open(one);
  world.open(two);
  EXPECT_FALSE(world.client->can_open()) << "the server's limit is known";
  world.operation.reset();
  EXPECT_TRUE(world.client);
  EXPECT_THAT(world.seen, IsEmpty());
}

TEST(Http2Handshake, EndsAtItsDeadline) {
  World world(seconds(3));
  world.server.send(std::string(h2::settings()).substr(0, 8));
  world.run(milliseconds(2990));
  EXPECT_EQ(world.dones, 0);
  world.run(milliseconds(20));
  EXPECT_EQ(world.error,
            "HTTP/2 handshake with memory:second: timed out: the peer accepted the connection, but sent no SETTINGS "
            "within 3.0 s");
  EXPECT_TRUE(world.server.over());
}

TEST(Http2Handshake, DoneMayDestroyTheOperation) {
  for (const bool works : {false, true}) {
    World* self = nullptr;
    World world(seconds(20), [&self] {
      self->client.reset();
      self->operation.reset();
    });
    self = &world;
    if (works) world.server.send(h2::settings());
    world.server.finish();
    world.run(seconds(5));
    EXPECT_EQ(world.dones, 1);
    EXPECT_TRUE(world.server.over());
  }
}

TEST(Http2Handshake, GivenUpNothingIsCalled) {
  struct GivesUp final : Timer {
    explicit GivesUp(World& w) : world(w) { world.executor.timers().schedule(*this, TimePoint()); }
    void on_timer() override { world.operation.reset(); }
    World& world;
  };
  for (const bool has_settings : {false, true}) {
    World world;
    world.run();
    if (has_settings) world.server.send(h2::settings());
    const GivesUp gives_up(world);  // in the turn that brings the SETTINGS
    world.run(seconds(30));
    EXPECT_EQ(world.dones, 0);
    EXPECT_TRUE(world.server.over());
  }
}

// Whatever comes together with the SETTINGS: the client is usable, or it is an error.
TEST(Http2Handshake, SettingsAndTheEndInOneBreath) {
  World goaway;
  goaway.run();
  goaway.server.send(h2::settings() + h2::goaway(0, 0, "not now"));
  goaway.run();
  EXPECT_EQ(goaway.error, "HTTP/2 handshake with memory:second: the peer said GOAWAY (NO_ERROR: not now)");
  World wrong;
  wrong.run();
  wrong.server.send(h2::settings() + h2::ping("short"));
  wrong.run();
  EXPECT_THAT(wrong.error, HasSubstr("PING is not 8 bytes long"));
  for (const World* world : {&goaway, &wrong}) {
    EXPECT_EQ(world->dones, 1);
    EXPECT_THAT(world->seen, IsEmpty());
  }
}

TEST(Http2Client, ARequestThatNeverLeftIsRefused) {
  Exchange written, unwritten;
  World world;
  world.handshake();
  world.open(written);
  world.run();
  world.executor.input([&] {
    world.server.close();
    world.open(unwritten);
  });
  world.run(seconds(3));
  EXPECT_EQ(written.reset, http::ResetReason::kConnectionLost);
  EXPECT_EQ(unwritten.reset, http::ResetReason::kRefused);
  EXPECT_TRUE(written.closed && unwritten.closed);
  EXPECT_FALSE(unwritten.detail.empty());
}

// The connection lingers for its last word; new calls are told at once to go elsewhere.
TEST(Http2Client, AfterAnErrorOfTheServerItIsDrainingAtOnce) {
  Exchange exchange;
  World world;
  world.handshake();
  world.open(exchange);
  world.run();
  world.server.send(h2::ping("short"));
  world.run();
  EXPECT_EQ(exchange.reset, http::ResetReason::kConnectionLost);
  EXPECT_FALSE(world.client->can_open());
  EXPECT_THAT(world.seen, ElementsAre(HasSubstr("draining: PING is not 8 bytes long")));
  world.run(seconds(3));
  EXPECT_THAT(world.seen, ElementsAre(HasSubstr("draining"), HasSubstr("disconnected: PING is not 8 bytes long")));
}

}  // namespace
}  // namespace godwit::transport
