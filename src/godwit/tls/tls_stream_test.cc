#include "godwit/tls/tls_stream.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>

#include "godwit/testing/failing_stream.h"
#include "godwit/testing/memory_pipe.h"
#include "godwit/testing/tls_world.h"

namespace godwit::tls {
namespace {

using namespace godwit::testing;
using World = TlsWorld;

using namespace std::chrono_literals;
using godwit::testing::Direction;
using godwit::testing::Fault;
using godwit::testing::FaultKind;
using godwit::testing::RunEnd;

std::string numbered(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  while (text.size() < size) text += std::to_string(text.size()) + " ";
  text.resize(size);
  return text;
}

// A connected world; the caller checks that it is.
struct Connected {
  explicit Connected(SimNetworkOptions options = {}, std::uint64_t seed = 1) : world(std::move(options), seed) {
    world.listen(tls_server_options());
    world.dial(tls_client_options());
    world.connect();
  }
  bool ok() const { return world.dial_error.empty() && world.accepted.size() == 1; }
  World world;
};

TEST(TlsStream, Carries64MiBBothWaysAtOnce) {
  Connected c;
  ASSERT_TRUE(c.ok());
  const std::string payload = numbered(64 << 20);
  c.world.client.send(payload);
  c.world.server().send(payload);
  c.world.client.finish();
  c.world.server().finish();
  c.world.simulation.run_until([&] { return c.world.client.over() && c.world.server().over(); });
  EXPECT_EQ(c.world.client.error_text(), "");
  EXPECT_EQ(c.world.server().error_text(), "");
  EXPECT_TRUE(c.world.client.received() == payload);
  EXPECT_TRUE(c.world.server().received() == payload);
  EXPECT_LE(c.world.network.bytes_buffered_max(), 2u * 256 * 1024);
}

TEST(TlsStream, RandomFragmentsLoseNothing) {
  const std::string payload = numbered(150'000);
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SimNetworkOptions options;
    options.rates.partial_read = 0.8;
    options.rates.partial_write = 0.6;
    options.to_server.buffer = 500 + seed * 1000;
    options.to_client.buffer = 70'000 / seed;
    options.to_server.segment_max = 1 + seed * 37;
    options.to_client.jitter = 1ms;
    Connected c(options, seed);
    ASSERT_TRUE(c.ok()) << c.world.dial_error << logged_text();
    c.world.client.send(payload);
    c.world.server().send(payload);
    c.world.client.finish();
    c.world.server().finish();
    c.world.simulation.run_until([&] { return c.world.client.over() && c.world.server().over(); });
    ASSERT_EQ(c.world.client.error_text() + c.world.server().error_text(), "") << "seed " << seed;
    ASSERT_TRUE(c.world.client.received() == payload) << "seed " << seed;
    ASSERT_TRUE(c.world.server().received() == payload) << "seed " << seed;
  }
}

TEST(TlsStream, HalfCloseLeavesTheOtherDirectionOpen) {
  Connected c;
  ASSERT_TRUE(c.ok());
  c.world.client.send("question");
  c.world.client.finish();
  c.world.simulation.run_for(1s);
  EXPECT_EQ(c.world.server().received(), "question");
  EXPECT_TRUE(c.world.server().ended());
  EXPECT_FALSE(c.world.client.over());
  const std::string answer = numbered(1'000'000);
  c.world.server().send(answer);
  c.world.server().finish();
  c.world.simulation.run_for(10s);
  EXPECT_TRUE(c.world.client.received() == answer);
  EXPECT_TRUE(c.world.client.ended());
  EXPECT_FALSE(c.world.client.error());
}

TEST(TlsStream, DestructionSendsCloseNotify) {
  Connected c;
  ASSERT_TRUE(c.ok());
  c.world.simulation.run_for(1s);
  c.world.client.send("bye");
  c.world.client.close();
  c.world.simulation.run_for(1s);
  EXPECT_EQ(c.world.server().received(), "bye");
  EXPECT_TRUE(c.world.server().ended());
  EXPECT_FALSE(c.world.server().error());
}

TEST(TlsStream, EndWithoutCloseNotifyIsAnErrorUnlessWeHadClosed) {
  for (const bool closed_before : {false, true}) {
    SimNetworkOptions options;
    options.faults.push_back({.kind = FaultKind::kEnd, .direction = Direction::kToClient, .after = 2s});
    Connected c(options);
    ASSERT_TRUE(c.ok());
    c.world.server().send("part of an answer");
    if (closed_before) c.world.client.finish();
    c.world.simulation.run_for(5s);
    EXPECT_EQ(c.world.client.received(), "part of an answer");
    EXPECT_EQ(c.world.client.ended(), closed_before);
    EXPECT_EQ(c.world.client.error_text(),
              closed_before
                  ? ""
                  : "TLS connection with ipv4:127.0.0.1:443 ended without close_notify: the peer broke down, or "
                    "somebody cut the data short");
  }
}

TEST(TlsStream, ResetIsTold) {
  SimNetworkOptions options;
  options.faults.push_back({.kind = FaultKind::kReset, .after = 2s});
  Connected c(options);
  ASSERT_TRUE(c.ok());
  c.world.simulation.run_for(5s);
  EXPECT_EQ(c.world.client.error_text(), "connection with ipv4:127.0.0.1:443: Connection reset by peer");
  EXPECT_EQ(c.world.server().error_text(), "connection with ipv4:10.0.0.2:40000: Connection reset by peer");
  c.world.client.send("to nobody");
}

// Whatever the byte at which the bytes of one side end, both sides hear of it once, and no wrong byte is delivered.
TEST(TlsStream, CutAtEveryPlaceOfTheHandshakeAndBehind) {
  const std::string payload = numbered(2000);
  for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
    int completed = 0;
    for (std::uint64_t at = 0; at < 4500; at += at < 60 ? 1 : 13) {
      SCOPED_TRACE(std::string(text_of(direction)) + " " + std::to_string(at));
      SimNetworkOptions options;
      options.faults.push_back({.kind = FaultKind::kEnd, .direction = direction, .at_byte = at});
      Connected c(options);
      if (c.world.client.attached()) c.world.client.send(payload);
      if (!c.world.accepted.empty()) c.world.server().send(payload);
      c.world.simulation.run_for(1min);
      ASSERT_EQ(c.world.dials_done, 1);
      const std::string& server_received = c.world.accepted.empty() ? std::string() : c.world.server().received();
      ASSERT_TRUE(payload.starts_with(server_received));
      ASSERT_TRUE(payload.starts_with(c.world.client.received()));
      if (direction == Direction::kToServer) {
        const bool told = c.world.accepted.empty() ? logged().size() == 1 : c.world.server().over();
        ASSERT_TRUE(told || c.world.network.fault_counts()[FaultKind::kEnd] == 0) << logged_text();
      } else if (c.world.network.fault_counts()[FaultKind::kEnd] == 1) {
        ASSERT_TRUE(!c.world.dial_error.empty() || c.world.client.error());
        ASSERT_FALSE(c.world.client.ended());
      }
      completed += c.world.network.fault_counts()[FaultKind::kEnd] == 0;
    }
    EXPECT_GT(completed, 5);  // the last places lie behind everything that was sent
  }
}

TEST(TlsStream, FlippedBitIsNoticedWhereverItIs) {
  const std::string payload = numbered(3000);
  for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
    for (std::uint64_t at = 0; at < 4000; at += at < 10 ? 1 : 29) {
      SCOPED_TRACE(std::string(text_of(direction)) + " " + std::to_string(at));
      SimNetworkOptions options;
      options.faults.push_back({.kind = FaultKind::kCorrupt, .direction = direction, .at_byte = at});
      Connected c(options);
      if (c.world.client.attached()) c.world.client.send(payload);
      if (!c.world.accepted.empty()) c.world.server().send(payload);
      c.world.simulation.run_for(1min);
      ASSERT_EQ(c.world.dials_done, 1);
      const std::string& server_received = c.world.accepted.empty() ? std::string() : c.world.server().received();
      ASSERT_TRUE(payload.starts_with(server_received));
      ASSERT_TRUE(payload.starts_with(c.world.client.received()));
      const bool noticed = !c.world.dial_error.empty() || c.world.client.error() || !logged().empty() ||
                           (!c.world.accepted.empty() && c.world.server().error());
      // The version in the header of a record in the clear must be ignored (RFC 8446 section 5.1).
      const bool ignored = at == 2 && !noticed;
      ASSERT_EQ(noticed || ignored, c.world.network.fault_counts()[FaultKind::kCorrupt] == 1);
    }
  }
}

TEST(TlsStream, StalledHandshakesTimeOutOnBothSides) {
  SimNetworkOptions options;
  options.faults.push_back({.kind = FaultKind::kStallForever, .direction = Direction::kToClient, .at_byte = 0});
  World world(options);
  world.listen(tls_server_options(), 10s);
  world.dial(tls_client_options(), "localhost", world.simulation.now() + 3s);
  const TimePoint begin = world.simulation.now();
  world.simulation.run_until([&] { return world.dials_done == 1; });
  EXPECT_EQ(world.dial_error, "TLS handshake with ipv4:127.0.0.1:443: timed out: the peer sent nothing");
  EXPECT_LE(world.simulation.now() - begin, 3001ms);
  StreamRecorder silent;
  world.dial_plain(silent);
  world.simulation.run_for(20s);
  StreamRecorder slow;
  world.dial_plain(slow);
  world.simulation.run_for(1s);
  slow.send(std::string("\x16\x03\x01\x02", 4));
  world.simulation.run_for(20s);
  // The first is the client that gave up with its ClientHello answered.
  ASSERT_EQ(logged().size(), 3u) << logged_text();
  EXPECT_EQ(logged()[1], "TLS handshake with ipv4:10.0.0.2:40001: timed out: the peer sent nothing");
  EXPECT_EQ(logged()[2], "TLS handshake with ipv4:10.0.0.2:40002: timed out: the peer stopped after 4 bytes");
  EXPECT_TRUE(silent.over());
  EXPECT_TRUE(slow.over());
}

TEST(TlsStream, PeersWithoutTlsGetACleanCloseAndALogLine) {
  struct Case {
    std::string bytes;
    std::string log;
    std::string answer;
  };
  using namespace std::string_literals;
  const std::string alert = "\x15\x03\x03\0\2\2"s;  // a fatal alert, then its number
  const Case cases[] = {
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "peer does not speak TLS: its first bytes are 'PRI * HTTP/2.0'", ""},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "peer does not speak TLS: its first bytes are 'GET / HTTP/1.1'",
       "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 40\r\n\r\n"
       "This port speaks TLS: use https instead."},
      {"\0\0\0\4\0\0\0\0\0"s,
       "peer does not speak TLS: its first bytes are '\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x00\\x00'", ""},
      {"\x16\x02"s, "peer does not speak TLS: its first bytes are '\\x16\\x02'", ""},
      {"'\\\n" + std::string(100, 'z'), "peer does not speak TLS: its first bytes are '\\x27\\x5c'", ""},
      {std::string(100, 'z'), "peer does not speak TLS: its first bytes are '" + std::string(24, 'z') + "'", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.log);
    World world;
    world.listen(tls_server_options());
    StreamRecorder peer;
    world.dial_plain(peer);
    world.simulation.run_for(1s);
    peer.send(c.bytes);
    world.simulation.run_for(500ms);
    EXPECT_EQ(peer.received(), c.answer);
    EXPECT_TRUE(peer.ended());
    world.simulation.run_for(5s);
    EXPECT_EQ(logged_text(), "TLS handshake with ipv4:10.0.0.2:40000: " + c.log);
  }
  // A client that finds no TLS.
  World world;
  auto plain = world.network.listen(world.server_executor, SocketAddress::ipv4_loopback(443));
  ASSERT_TRUE(plain.ok());
  (*plain)->start(world);
  world.dial(tls_client_options());
  world.simulation.run_until([&] { return !world.accepted.empty(); });
  world.server().send("\0\0\x12\4\0\0\0\0\0"s);
  world.simulation.run_for(1s);
  EXPECT_EQ(world.dial_error,
            "TLS handshake with ipv4:127.0.0.1:443: peer does not speak TLS: its first bytes are "
            "'\\x00\\x00\\x12\\x04\\x00\\x00\\x00\\x00\\x00'");
}

TEST(TlsStream, RandomBytesNeverCrash) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world({}, seed);
    world.listen(tls_server_options());
    StreamRecorder peer;
    world.dial_plain(peer);
    world.simulation.run_for(1s);
    SeededRandom random(seed);
    std::string bytes = seed % 2 ? std::string("\x16\x03\x01\x01\x00\x01", 6) : std::string("\x16\x03");
    for (std::uint64_t i = random.below(2000); i > 0; --i) bytes += static_cast<char>(random.next());
    peer.send(bytes);
    peer.finish();
    world.simulation.run_for(20s);
    EXPECT_EQ(logged().size(), 1u) << logged_text();
    EXPECT_TRUE(peer.over());
    EXPECT_EQ(world.accepted.size(), 0u);
  }
}

TEST(TlsStream, TooManyHandshakesEndTheOldest) {
  World world;
  world.listen(tls_server_options(), 10s, 3);
  std::vector<std::unique_ptr<StreamRecorder>> silent;
  for (int i = 0; i < 10; ++i) world.dial_plain(*silent.emplace_back(std::make_unique<StreamRecorder>()));
  world.simulation.run_for(1s);
  EXPECT_EQ(logged().size(), 7u);
  EXPECT_EQ(logged().at(0), "TLS handshake with ipv4:10.0.0.2:40000: given up, 3 handshakes are under way");
  world.dial(tls_client_options());
  world.connect();
  EXPECT_EQ(world.dial_error, "");
  EXPECT_EQ(world.accepted.size(), 1u);
}

// The writer's side of back-pressure: a reader that pauses makes write() decline soon.
TEST(TlsStream, PausedReaderBoundsWhatTheWriterCanLeave) {
  SimNetworkOptions options;
  options.to_server.buffer = 10'000;
  Connected c(options);
  ASSERT_TRUE(c.ok());
  c.world.server().stream().pause_reading();
  const std::string payload = numbered(1'000'000);
  c.world.client.send(payload);
  c.world.simulation.run_for(10s);
  EXPECT_EQ(c.world.server().received().size(), 0u);
  EXPECT_GT(c.world.client.unsent(), 1'000'000u - 10'000 - 64 * 1024 - 2 * 16'500);
  // A reader that takes one on_bytes() per second.
  for (int i = 0; i < 1000 && c.world.client.unsent() > 0; ++i) {
    c.world.server().stream().resume_reading();
    c.world.simulation.step();
    c.world.server().stream().pause_reading();
    c.world.simulation.run_for(1ms);
  }
  c.world.client.finish();
  c.world.server().stream().resume_reading();
  c.world.simulation.run_for(10s);
  EXPECT_TRUE(c.world.server().received() == payload);
  EXPECT_TRUE(c.world.server().ended());
}

// Small pieces of one write() share a record: 22 bytes of overhead each in TLS 1.3.
TEST(TlsStream, OneWriteMakesFullRecords) {
  Connected c;
  ASSERT_TRUE(c.ok());
  c.world.simulation.run_for(1s);
  std::string part = numbered(100);
  std::vector<iovec> pieces(1000, iovec{part.data(), part.size()});
  pieces[500].iov_len = 0;
  const std::size_t before = c.world.simulation.trace().text().size();
  ASSERT_EQ(c.world.client.stream().write(pieces), 99'900u);
  const std::string trace = c.world.simulation.trace().text().substr(before);
  EXPECT_NE(trace.find("client write " + std::to_string(4 * (16384 + 22))), std::string::npos) << trace;
  EXPECT_NE(trace.find("client write " + std::to_string(99'900 - 4 * 16384 + 3 * 22)), std::string::npos) << trace;
  c.world.simulation.run_for(1s);
  std::string expected;
  for (int i = 0; i < 999; ++i) expected += part;
  EXPECT_TRUE(c.world.server().received() == expected);
}

// RFC 8446 does not depend on how the bytes are cut: every byte alone.
TEST(TlsStream, ByteByByteOverAMemoryPipe) {
  Simulation simulation;
  testing::SimExecutor& executor = simulation.executor();
  testing::MemoryPipe pipe =
      testing::make_memory_pipe(executor, {.read_size = 1, .buffer = 64, .first_info = {}, .second_info = {}});
  StreamRecorder server, client;
  const auto attach = [](StreamRecorder& to) {
    return [&to](Result<std::unique_ptr<ByteStream>, Error> result) {
      ASSERT_TRUE(result.ok()) << result.error().message;
      to.attach(std::move(result).value());
    };
  };
  const auto server_operation =
      tls_handshake(executor, std::move(pipe.first),
                    {.context = *TlsContext::server(tls_server_options()), .server_name = ""}, attach(server));
  const auto client_operation =
      tls_handshake(executor, std::move(pipe.second),
                    {.context = *TlsContext::client(tls_client_options()), .server_name = "localhost"}, attach(client));
  simulation.run_until_idle();
  ASSERT_TRUE(server.attached() && client.attached());
  client.send(numbered(20'000));
  client.finish();
  simulation.run_until_idle();
  EXPECT_EQ(server.received(), numbered(20'000));
  EXPECT_TRUE(server.ended());
}

TEST(TlsStream, FailureOfEveryOperationBelowIsTold) {
  for (std::uint64_t fail_at = 1;; ++fail_at) {
    ASSERT_LT(fail_at, 200u);
    Simulation simulation;
    testing::SimExecutor& executor = simulation.executor();
    testing::FailCount count(fail_at);
    testing::MemoryPipe pipe =
        testing::make_memory_pipe(executor, {.read_size = 500, .buffer = 700, .first_info = {}, .second_info = {}});
    StreamRecorder server, client;
    std::string error;
    int done = 0;
    const auto server_operation =
        tls_handshake(executor, std::move(pipe.first),
                      {.context = *TlsContext::server(tls_server_options()), .server_name = ""}, [&](auto result) {
                        if (!result.ok()) return;
                        server.attach(std::move(result).value());
                        server.send(numbered(1000));
                      });
    const auto client_operation = tls_handshake(
        executor, testing::make_failing_stream(executor, std::move(pipe.second), count),
        {.context = *TlsContext::client(tls_client_options()), .server_name = "localhost"}, [&](auto result) {
          ++done;
          if (!result.ok()) {
            error = result.error().message;
            return;
          }
          client.attach(std::move(result).value());
          client.send(numbered(3000));
          client.finish();
        });
    ASSERT_EQ(simulation.run_until_idle(), RunEnd::kIdle);
    ASSERT_EQ(done, 1) << fail_at;
    if (!count.failed()) {
      EXPECT_EQ(error, "");
      EXPECT_EQ(client.received(), numbered(1000));
      break;
    }
    ASSERT_NE((error + client.error_text()).find("simulated failure of operation"), std::string::npos) << fail_at;
  }
}

// A user that closes in the middle of its own events.
struct Closer final : ByteStreamEvents {
  void on_bytes(const Slice&) override { stream.reset(); }
  void on_end() override { stream.reset(); }
  void on_writable() override { stream.reset(); }
  void on_error(const Error&) override { stream.reset(); }
  std::unique_ptr<ByteStream> stream;
};

TEST(TlsStream, MayBeDestroyedInsideEveryEvent) {
  for (const char* event : {"bytes", "end", "truncation", "reset"}) {
    SimNetworkOptions options;
    if (event[0] == 'r') options.faults.push_back({.kind = FaultKind::kReset, .after = 1s});
    if (event[0] == 't') options.faults.push_back({.kind = FaultKind::kEnd, .after = 1s});
    World world(options);
    Closer closer;
    world.accept_hook = [&](std::unique_ptr<ByteStream> stream) {
      closer.stream = std::move(stream);
      closer.stream->start(closer);
    };
    world.listen(tls_server_options());
    world.dial(tls_client_options());
    world.simulation.run_for(500ms);
    ASSERT_NE(closer.stream, nullptr);
    if (event[0] == 'b') world.client.send(numbered(50'000));
    if (event[0] == 'e') world.client.finish();
    world.simulation.run_for(5s);
    EXPECT_EQ(closer.stream, nullptr) << event;
  }
  // on_writable
  SimNetworkOptions options;
  options.to_server.buffer = 20'000;
  World world(options);
  world.listen(tls_server_options());
  auto context = TlsContext::client(tls_client_options());
  auto dialer = make_tls_dialer(world.client_executor, world.network.dialer(world.client_executor),
                                {.context = *context, .server_name = "localhost"});
  Closer closer;
  std::unique_ptr<PendingOperation> operation;
  operation = dialer->dial(SocketAddress::ipv4_loopback(443), kNever, [&](auto result) {
    closer.stream = std::move(result).value();
    operation.reset();  // from inside its own result
    closer.stream->start(closer);
    std::string payload = numbered(500'000);
    const iovec piece{payload.data(), payload.size()};
    EXPECT_LT(closer.stream->write({&piece, 1}), payload.size());
  });
  world.simulation.run_for(5s);
  EXPECT_EQ(closer.stream, nullptr);
}

TEST(TlsStream, EqualSeedsGiveEqualTraces) {
  const auto run = [](std::uint64_t seed) {
    SimNetworkOptions options;
    options.rates = testing::FaultRates::all(0.05);
    World world(options, seed);
    world.listen(tls_server_options());
    world.dial(tls_client_options());
    world.connect();
    if (world.client.attached()) world.client.send(numbered(100'000));
    world.simulation.run_for(1min);
    return world.simulation.trace().text();
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) ASSERT_EQ(run(seed), run(seed)) << "seed " << seed;
}

// Not under sanitizers, whose allocators count otherwise: they come with clang only, see the presets.
#if !defined(__clang__)
TEST(TlsStream, IdleConnectionIsSmall) {
  Simulation simulation(testing::SimulationOptions{.keep_trace_text = false});
  testing::SimExecutor& executor = simulation.executor();
  const auto server_context = *TlsContext::server(tls_server_options());
  const auto client_context = *TlsContext::client(tls_client_options());
  struct Pair {
    StreamRecorder server, client;
  };
  std::vector<std::unique_ptr<Pair>> pairs;
  const auto add = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Pair& pair = *pairs.emplace_back(std::make_unique<Pair>());
      testing::MemoryPipe pipe = testing::make_memory_pipe(executor);
      const auto attach = [](StreamRecorder& to) {
        return [&to](auto result) { to.attach(std::move(result).value()); };
      };
      const auto a = tls_handshake(executor, std::move(pipe.first), {.context = server_context, .server_name = ""},
                                   attach(pair.server));
      const auto b = tls_handshake(executor, std::move(pipe.second),
                                   {.context = client_context, .server_name = "localhost"}, attach(pair.client));
      simulation.run_until_idle();
      pair.server.send(numbered(30'000));
      pair.client.send(numbered(30'000));
      simulation.run_until_idle();
      pair.server.take_received();
      pair.client.take_received();
    }
  };
  add(20);
  const std::size_t before = mallinfo2().uordblks;
  add(200);
  const double per_pair = static_cast<double>(mallinfo2().uordblks - before) / 200;
  std::printf("memory of an idle connection, both ends and the pipe: %.0f bytes\n", per_pair);
  EXPECT_LT(per_pair, 2 * 20 * 1024);
}
#endif

}  // namespace
}  // namespace godwit::tls
