// Connecting over a simulated network to servers that the test plays.

#include "godwit/http2_connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "godwit/rpc/client/channel.h"
#include "godwit/testing/frame_builder.h"
#include "godwit/testing/tls_world.h"

namespace godwit {
namespace {

namespace h2 = testing::h2;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::StreamRecorder;

// One connection that a connector makes.
struct Attempt final : http::ExchangeClientEvents {
  void begin(Connector& connector, const SocketAddress& address, TimePoint deadline) {
    const Attributes attributes;
    operation = connector.connect({address, attributes, "localhost:443", deadline}, *this, [this](auto result) {
      ++dones;
      if (result.ok()) {
        client = std::move(result.value());
      } else {
        error = result.error().message;
      }
    });
  }
  void on_capacity() override {}
  void on_draining(std::string_view) override {}
  void on_disconnected(std::string_view) override { client.reset(); }

  std::unique_ptr<http::ExchangeClient> client;
  std::unique_ptr<PendingOperation> operation;
  int dones = 0;
  std::string error;
};

struct World final : ListenerEvents {
  explicit World(std::function<void(StreamRecorder&)> server = [](StreamRecorder&) {}) : behaviour(std::move(server)) {
    listener = std::move(*network.listen(server_host, address));
    listener->start(*this);
  }
  void on_accept(std::unique_ptr<ByteStream> stream) override {
    accepted_at.push_back(simulation.now());
    accepted.push_back(std::make_unique<StreamRecorder>(std::move(stream)));
    behaviour(*accepted.back());
  }
  void on_accept_error(const Error&) override {}

  testing::Simulation simulation{1};
  testing::SimNetwork network{simulation};
  testing::SimExecutor& server_host = simulation.executor("server");
  testing::SimExecutor& client_host = simulation.executor("client");
  SocketAddress address = testing::SimNetwork::host_address(server_host, 80);  // 10.0.0.1
  std::function<void(StreamRecorder&)> behaviour;
  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<StreamRecorder>> accepted;
  std::vector<TimePoint> accepted_at;
  std::unique_ptr<Dialer> dialer = network.dialer(client_host);
  std::shared_ptr<Connector> connector = make_http2_connector(client_host, *dialer, {});
  Attempt attempt;
};

TEST(Http2Connector, DoneWhenTheServersSettingsCame) {
  World world;
  world.attempt.begin(*world.connector, world.address, kNever);
  world.simulation.run_for(seconds(5));
  ASSERT_EQ(world.accepted.size(), 1u);
  EXPECT_THAT(world.accepted[0]->received(), StartsWith(h2::preface())) << "the preface does not wait";
  EXPECT_EQ(world.attempt.dones, 0);
  world.accepted[0]->send(h2::settings());
  world.simulation.run_for(milliseconds(10));
  EXPECT_EQ(world.attempt.dones, 1);
  ASSERT_TRUE(world.attempt.client) << world.attempt.error;
  EXPECT_TRUE(world.attempt.client->can_open());
}

TEST(Http2Connector, ErrorsNameThePeerAndTheStep) {
  struct Case {
    std::string error;  // after "HTTP/2 handshake with ipv4:10.0.0.1:80: "
    std::function<void(StreamRecorder&)> server;
  };
  const std::string alert("\x15\x03\x01\x00\x02\x02\x46", 7);
  const std::vector<Case> cases = {
      {"timed out: the peer accepted the connection, but sent no SETTINGS within 20.0 s", [](StreamRecorder&) {}},
      {"the peer closed the connection before its HTTP/2 preface was complete", [](StreamRecorder& s) { s.finish(); }},
      {"the peer closed the connection before its HTTP/2 preface was complete",
       [](StreamRecorder& s) {
         s.send(h2::settings({{3, 1}}).substr(0, 12));
         s.finish();
       }},
      {"the peer speaks HTTP/1 where HTTP/2 was expected ('HTTP/1.1 400 Bad Request')",
       [](StreamRecorder& s) { s.send("HTTP/1.1 400 Bad Request\r\n\r\n"); }},
      {"the peer speaks HTTP/1 where HTTP/2 was expected ('HTTP/1.1 400')",
       [](StreamRecorder& s) {
         s.send("HTTP/1.1 400");
         s.finish();
       }},
      {"the peer speaks TLS where HTTP/2 in plain text was expected", [&](StreamRecorder& s) { s.send(alert); }},
      {"a frame of 5460808 bytes is larger than our SETTINGS_MAX_FRAME_SIZE (RFC 9113 section 4.2)",
       [](StreamRecorder& s) { s.send("SSH-2.0-OpenSSH_9.2\r\n"); }},
      {"the first frame is not SETTINGS but PING (RFC 9113 section 3.4)",
       [](StreamRecorder& s) { s.send(h2::ping()); }},
      {"the peer said GOAWAY (NO_ERROR: full)",
       [](StreamRecorder& s) { s.send(h2::settings() + h2::goaway(0, 0, "full")); }},
  };
  for (const Case& c : cases) {
    World world(c.server);
    const TimePoint begin = world.simulation.now();
    world.attempt.begin(*world.connector, world.address, begin + seconds(20));
    world.simulation.run_until([&] { return world.attempt.dones > 0; }, seconds(60));
    EXPECT_EQ(world.attempt.error, "HTTP/2 handshake with ipv4:10.0.0.1:80: " + c.error);
    EXPECT_LT(world.simulation.now() - begin, c.error.starts_with("timed") ? milliseconds(20'010) : milliseconds(10));
    world.simulation.run_for(seconds(60));
    EXPECT_EQ(world.attempt.dones, 1);
    EXPECT_TRUE(world.accepted.at(0)->over());
  }
}

TEST(Http2Connector, AResetIsToldAsOne) {
  World world;
  world.attempt.begin(*world.connector, world.address, kNever);
  world.simulation.run_for(seconds(1));
  world.network.reset_all(world.address);
  world.simulation.run_for(seconds(1));
  EXPECT_THAT(world.attempt.error, StartsWith("HTTP/2 handshake with ipv4:10.0.0.1:80: "));
  EXPECT_THAT(world.attempt.error, HasSubstr("Connection reset by peer"));
}

TEST(Http2Connector, GivenUpInEachStep) {
  for (const int microseconds : {50, 250, 1000}) {  // dialing, just connected, in the HTTP/2 handshake
    World world;
    world.attempt.begin(*world.connector, world.address, kNever);
    world.simulation.run_for(std::chrono::microseconds(microseconds));
    world.attempt.operation.reset();
    world.simulation.run_for(seconds(60));
    EXPECT_EQ(world.attempt.dones, 0);
    EXPECT_EQ(world.network.connections_open(), world.accepted.empty() ? 0u : 1u) << "the client's end is closed";
    world.accepted.clear();
  }
}

// --- with TLS ---

struct TlsClient {
  explicit TlsClient(testing::TlsWorld& world)
      : dialer(world.network.dialer(world.client_executor)),
        connector(make_http2_connector(world.client_executor, *dialer,
                                       {{}, *tls::TlsContext::client(testing::tls_client_options()), ""})) {}
  std::unique_ptr<Dialer> dialer;
  std::shared_ptr<Connector> connector;
  Attempt attempt;
};

TEST(Http2Connector, TheDeadlineIsForAllStepsTogether) {
  testing::TlsWorld world;
  world.listen(testing::tls_server_options());
  TlsClient client(world);
  const TimePoint begin = world.simulation.now();
  client.attempt.begin(*client.connector, SocketAddress::ipv4_loopback(443), begin + seconds(4));
  world.simulation.run_for(milliseconds(3990));
  ASSERT_EQ(world.accepted.size(), 1u) << "the handshake of TLS is over";
  EXPECT_THAT(world.server().received(), StartsWith(h2::preface()));
  EXPECT_EQ(client.attempt.dones, 0);
  world.simulation.run_for(milliseconds(20));
  EXPECT_THAT(client.attempt.error, StartsWith("HTTP/2 handshake with ipv4:127.0.0.1:443: timed out: "));
}

TEST(Http2Connector, OverTls) {
  testing::TlsWorld world;
  world.listen(testing::tls_server_options());
  TlsClient client(world);
  client.attempt.begin(*client.connector, SocketAddress::ipv4_loopback(443), kNever);
  world.simulation.run_for(seconds(1));
  EXPECT_EQ(client.attempt.dones, 0);
  world.server().send(h2::settings());
  world.simulation.run_for(seconds(1));
  ASSERT_TRUE(client.attempt.client) << client.attempt.error;
  EXPECT_TRUE(client.attempt.client->info().secure);
}

// A client hears of this refusal only after its own half of the TLS handshake.
TEST(Http2Connector, ARefusedCertificateFailsTheAttempt) {
  testing::TlsWorld world;
  tls::TlsServerOptions server = testing::tls_server_options();
  server.client_certificates = tls::ClientCertificatePolicy::kRequire;
  world.listen(server);
  TlsClient client(world);
  client.attempt.begin(*client.connector, SocketAddress::ipv4_loopback(443), kNever);
  world.simulation.run_for(seconds(5));
  EXPECT_FALSE(client.attempt.client);
  EXPECT_THAT(client.attempt.error, StartsWith("HTTP/2 handshake with ipv4:127.0.0.1:443: "));
  EXPECT_THAT(client.attempt.error, HasSubstr("certificate"));
}

// --- the channel above it (connection-backoff.md) ---

ChannelOptions channel_options(const World& world) {
  ChannelOptions options;
  options.connector = world.connector;
  options.backoff = {.initial = seconds(1), .multiplier = 2, .max = seconds(30), .jitter = 0};
  return options;
}

TEST(Http2ConnectorInAChannel, ReadyOnlyAfterSettings) {
  World world;
  auto channel = std::move(*Channel::create(world.client_host, "ipv4:10.0.0.1:80", channel_options(world)));
  channel->connect();
  world.simulation.run_for(seconds(5));
  EXPECT_EQ(channel->state(), ConnectivityState::kConnecting);
  world.accepted.at(0)->send(h2::settings());
  world.simulation.run_for(milliseconds(10));
  EXPECT_EQ(channel->state(), ConnectivityState::kReady);
}

TEST(Http2ConnectorInAChannel, ServersThatOnlyAcceptDoNotResetTheBackoff) {
  World world([](StreamRecorder& stream) { stream.finish(); });
  auto channel = std::move(*Channel::create(world.client_host, "ipv4:10.0.0.1:80", channel_options(world)));
  channel->connect();
  const TimePoint begin = world.simulation.now();
  const auto attempts = [&] {
    std::vector<int> at;
    for (const TimePoint time : world.accepted_at) at.push_back(static_cast<int>((time - begin) / seconds(1)));
    return at;
  };
  world.simulation.run_for(milliseconds(500));
  EXPECT_EQ(channel->state(), ConnectivityState::kTransientFailure);
  world.simulation.run_for(seconds(16));
  EXPECT_THAT(attempts(), ElementsAre(0, 1, 3, 7, 15));

  // After a handshake that succeeded the pauses begin anew.
  world.behaviour = [](StreamRecorder& stream) { stream.send(h2::settings()); };
  world.simulation.run_for(seconds(16));
  ASSERT_EQ(channel->state(), ConnectivityState::kReady);
  EXPECT_THAT(attempts(), ElementsAre(0, 1, 3, 7, 15, 31));
  world.behaviour = [](StreamRecorder& stream) { stream.finish(); };
  world.accepted.clear();
  world.accepted_at.clear();
  world.simulation.run_for(milliseconds(10));
  ASSERT_EQ(channel->state(), ConnectivityState::kIdle);
  channel->connect();
  world.simulation.run_for(milliseconds(2500));
  EXPECT_EQ(world.accepted_at.size(), 2u) << "at once and after one second";
}

}  // namespace
}  // namespace godwit
