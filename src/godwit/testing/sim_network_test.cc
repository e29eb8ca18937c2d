#include "godwit/testing/sim_network.h"

#include <gtest/gtest.h>

#include <vector>

#include "godwit/testing/stream_recorder.h"

namespace godwit::testing {
namespace {

using namespace std::chrono_literals;

std::string numbered(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + " ";
  text.resize(size);
  return text;
}

// A server that sends back what it gets, on one host, and clients on another.
class EchoServer final : public ListenerEvents {
 public:
  EchoServer(SimNetwork& network, SimExecutor& executor, const SocketAddress& address, bool share = false) {
    auto listener = network.listen(executor, address, share);
    EXPECT_TRUE(listener.ok()) << listener.error().message;
    listener_ = std::move(listener).value();
    listener_->start(*this);
  }
  void on_accept(std::unique_ptr<ByteStream> stream) override {
    connections_.push_back(std::make_unique<Echo>(std::move(stream)));
  }
  void on_accept_error(const Error&) override {}
  const SocketAddress& address() const { return listener_->address(); }
  std::size_t accepted() const { return connections_.size(); }
  std::vector<std::string> outcomes;

 private:
  struct Echo final : ByteStreamEvents {
    explicit Echo(std::unique_ptr<ByteStream> s) : stream(std::move(s)) { stream->start(*this); }
    void on_bytes(const Slice& bytes) override {
      unsent.append(as_text(bytes.bytes()));
      flush();
    }
    void on_end() override {
      ended = true;
      flush();
    }
    void on_writable() override { flush(); }
    void on_error(const Error&) override { stream.reset(); }
    void flush() {
      const iovec piece{unsent.data(), unsent.size()};
      unsent.erase(0, stream->write({&piece, 1}));
      if (unsent.size() > 100'000) {
        stream->pause_reading();
      } else {
        stream->resume_reading();
      }
      if (unsent.empty() && ended) stream->shutdown_write();
    }
    std::unique_ptr<ByteStream> stream;
    std::string unsent;
    bool ended = false;
  };
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Echo>> connections_;
};

struct World {
  explicit World(SimNetworkOptions options = {}, std::uint64_t seed = 1)
      : simulation(SimulationOptions{.seed = seed, .turn_delay_max = 20us}),
        network(simulation, std::move(options)),
        server(network, simulation.executor("server"), SocketAddress::ipv4_loopback(80)),
        dialer(network.dialer(simulation.executor("client"))) {}

  std::unique_ptr<PendingOperation> dial(StreamRecorder& recorder, TimePoint deadline = kNever) {
    return dialer->dial(server.address(), deadline, [&](Result<std::unique_ptr<ByteStream>, Error> result) {
      ++dials_done;
      if (result.ok()) {
        recorder.attach(std::move(result).value());
      } else {
        dial_error = result.error().message;
      }
    });
  }
  // Dials, sends `payload`, ends, and waits until nothing more happens. Returns what came back.
  std::string echo(const std::string& payload, StreamRecorder& recorder) {
    const auto operation = dial(recorder);
    EXPECT_EQ(dials_done, 0);
    simulation.run_until([&] { return dials_done > 0; });
    if (!recorder.attached()) return {};
    recorder.send(payload);
    recorder.finish();
    simulation.run_until([&] { return recorder.over(); }, 10min);
    return recorder.received();
  }

  Simulation simulation;
  SimNetwork network;
  EchoServer server;
  std::unique_ptr<Dialer> dialer;
  int dials_done = 0;
  std::string dial_error;
};

SimNetworkOptions with_fault(const Fault& fault) {
  SimNetworkOptions options;
  options.faults.push_back(fault);
  return options;
}

TEST(SimNetwork, CleanNetworkCarriesEverythingBothWays) {
  World world;
  StreamRecorder client;
  const std::string payload = numbered(3'000'000);
  EXPECT_EQ(world.echo(payload, client), payload);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(world.network.fault_counts().text(), "none");
  EXPECT_EQ(client.stream().info().peer_text, "ipv4:127.0.0.1:80");
  // Back-pressure: the two kernels' buffers and no more.
  EXPECT_LE(world.network.bytes_buffered_max(), 2u * 256 * 1024);
  client.close();
}

TEST(SimNetwork, BandwidthAndDelayAreKept) {
  SimNetworkOptions options;
  options.to_server.bytes_per_second = 1'000'000;
  options.to_server.delay = 50ms;
  options.to_client.delay = 30ms;
  World world(options);
  StreamRecorder client;
  const TimePoint begin = world.simulation.now();
  world.echo(numbered(2'000'000), client);
  const Duration took = world.simulation.now() - begin;
  EXPECT_GE(took, 2s + 160ms);  // 80 ms to connect, 80 ms there and back
  EXPECT_LE(took, 2600ms);
}

TEST(SimNetwork, RandomCutsLoseNothing) {
  SimNetworkOptions options;
  options.rates.partial_read = 0.9;
  options.rates.partial_write = 0.5;
  options.to_server.jitter = options.to_client.jitter = 5ms;
  options.to_server.buffer = 1000;
  options.to_client.buffer = 3000;
  options.to_server.segment_max = 300;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(options, seed);
    StreamRecorder client;
    const std::string payload = numbered(60'000);
    ASSERT_EQ(world.echo(payload, client), payload) << "seed " << seed << "\n" << world.simulation.trace().tail(30);
    EXPECT_GT(world.network.fault_counts()[FaultKind::kPartialRead], 10u);
    EXPECT_GT(world.network.fault_counts()[FaultKind::kPartialWrite], 10u);
  }
}

struct FaultCase {
  const char* name;
  Fault fault;
  std::string dial_error;
  std::size_t received;  // of 100,000 bytes echoed; SIZE_MAX: whatever
  bool ended;
  std::string error;
};

class ScriptedFault : public ::testing::TestWithParam<FaultCase> {};

TEST_P(ScriptedFault, TakesPlaceOnce) {
  const FaultCase& c = GetParam();
  World world(with_fault(c.fault));
  StreamRecorder client;
  world.echo(numbered(100'000), client);
  EXPECT_EQ(world.dial_error, c.dial_error);
  EXPECT_EQ(world.dials_done, 1);
  if (c.received != SIZE_MAX) {
    EXPECT_EQ(client.received().size(), c.received);
  }
  EXPECT_EQ(client.ended(), c.ended);
  EXPECT_EQ(client.error_text(), c.error);
  EXPECT_EQ(world.network.fault_counts()[c.fault.kind], 1u);
  EXPECT_EQ(world.network.fault_counts().total(), 1u);
  EXPECT_NE(world.simulation.trace().text().find("fault " + std::string(text_of(c.fault.kind))), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    SimNetwork, ScriptedFault,
    ::testing::Values(
        FaultCase{
            "Refused", {.kind = FaultKind::kDialRefused}, "connect to 127.0.0.1:80: Connection refused", 0, false, ""},
        FaultCase{"TimeOut",
                  {.kind = FaultKind::kDialTimeout},
                  "connect to 127.0.0.1:80: Connection timed out",
                  0,
                  false,
                  ""},
        FaultCase{"CloseAfterConnect", {.kind = FaultKind::kCloseAfterConnect}, "", 0, true, ""},
        FaultCase{"ResetAtOnce",
                  {.kind = FaultKind::kReset},
                  "",
                  0,
                  false,
                  "connection with ipv4:127.0.0.1:80: Connection reset by peer"},
        FaultCase{"ResetAtByte",
                  {.kind = FaultKind::kReset, .direction = Direction::kToClient, .at_byte = 50'000},
                  "",
                  50'000,
                  false,
                  "connection with ipv4:127.0.0.1:80: Connection reset by peer"},
        FaultCase{"ResetAtTime",
                  {.kind = FaultKind::kReset, .after = 300us},
                  "",
                  SIZE_MAX,
                  false,
                  "connection with ipv4:127.0.0.1:80: Connection reset by peer"},
        FaultCase{"EndToServer",
                  {.kind = FaultKind::kEnd, .direction = Direction::kToServer, .at_byte = 70'001},
                  "",
                  70'001,
                  true,
                  ""},
        FaultCase{"EndToClient",
                  {.kind = FaultKind::kEnd, .direction = Direction::kToClient, .at_byte = 12},
                  "",
                  12,
                  true,
                  ""},
        FaultCase{"Stall",
                  {.kind = FaultKind::kStall, .direction = Direction::kToClient, .at_byte = 10, .duration = 5s},
                  "",
                  100'000,
                  true,
                  ""},
        FaultCase{"StallForever",
                  {.kind = FaultKind::kStallForever, .direction = Direction::kToServer, .at_byte = 99},
                  "",
                  99,
                  false,
                  ""},
        FaultCase{"Corrupt",
                  {.kind = FaultKind::kCorrupt, .direction = Direction::kToServer, .at_byte = 70'000},
                  "",
                  100'000,
                  true,
                  ""}),
    [](const auto& info) { return info.param.name; });

TEST(SimNetwork, StallLastsAsLongAsToldAndCorruptionChangesOneBit) {
  World stalled(
      with_fault({.kind = FaultKind::kStall, .direction = Direction::kToClient, .at_byte = 10, .duration = 5s}));
  StreamRecorder first;
  const TimePoint begin = stalled.simulation.now();
  stalled.echo(numbered(100'000), first);
  EXPECT_GE(stalled.simulation.now() - begin, 5s);
  EXPECT_LE(stalled.simulation.now() - begin, 5100ms);

  World corrupt(with_fault({.kind = FaultKind::kCorrupt, .direction = Direction::kToServer, .at_byte = 70'000}));
  StreamRecorder second;
  std::string expected = numbered(100'000);
  const std::string got = corrupt.echo(expected, second);
  EXPECT_NE(got, expected);
  expected[70'000] = static_cast<char>(expected[70'000] ^ 1);
  EXPECT_EQ(got, expected);
}

TEST(SimNetwork, NobodyListens) {
  World world;
  std::string error;
  const auto operation = world.dialer->dial(SocketAddress::ipv4_loopback(81), kNever, [&](auto result) {
    error = result.ok() ? "connected" : result.error().message;
  });
  world.simulation.run_until_idle();
  EXPECT_EQ(error, "connect to 127.0.0.1:81: Connection refused");
}

TEST(SimNetwork, DestroyedDialIsNeverToldAndTheServerSeesTheEnd) {
  World world;
  for (const Duration after : {0us, 50us, 150us, 199us}) {
    StreamRecorder client;
    auto operation = world.dial(client);
    world.simulation.run_for(after);
    operation.reset();
    world.simulation.run_for(1s);
    EXPECT_EQ(world.dials_done, 0);
  }
}

TEST(SimNetwork, TakenAddressIsAnErrorUnlessBothShare) {
  World world;
  auto taken = world.network.listen(world.simulation.executor("server"), SocketAddress::ipv4_loopback(80), true);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().message, "listen on 127.0.0.1:80: Address already in use");
  EchoServer first(world.network, world.simulation.executor("server"), SocketAddress::ipv4_loopback(90), true);
  EchoServer second(world.network, world.simulation.executor("server 2"), SocketAddress::ipv4_loopback(90), true);
  std::vector<std::unique_ptr<PendingOperation>> operations;
  std::vector<std::unique_ptr<ByteStream>> streams;
  for (int i = 0; i < 40; ++i) {
    operations.push_back(
        world.dialer->dial(first.address(), kNever, [&](auto r) { streams.push_back(std::move(r).value()); }));
  }
  world.simulation.run_until_idle();
  EXPECT_EQ(streams.size(), 40u);
  EXPECT_EQ(first.accepted() + second.accepted(), 40u);
  EXPECT_GT(first.accepted(), 8u);
  EXPECT_GT(second.accepted(), 8u);
}

TEST(SimNetwork, ClosingWithUnreadBytesResetsThePeer) {
  World world;
  StreamRecorder client;
  const auto operation = world.dial(client);
  world.simulation.run_until([&] { return client.attached(); });
  client.stream().pause_reading();
  client.send("hello");
  world.simulation.run_for(1s);
  client.close();
  world.simulation.run_until_idle();
  EXPECT_NE(world.simulation.trace().text().find("server reset arrives"), std::string::npos);
}

TEST(SimNetwork, NamesAndTheirFaults) {
  SimNetworkOptions options;
  options.faults = {{.kind = FaultKind::kLookupFailure, .connection = 1},
                    {.kind = FaultKind::kLookupDelay, .connection = 2, .duration = 3s}};
  World world(options);
  world.network.set_name("service.test", {*parse_address("10.1.1.1:0"), *parse_address("[fd00::1]:0")});
  const auto lookup = world.network.name_lookup(world.simulation.executor("client"));
  const auto ask = [&](std::string_view host, std::string_view port) {
    std::string text = "no answer";
    const auto operation = lookup->lookup(host, port, [&](Result<std::vector<SocketAddress>, Error> result) {
      text = result.ok() ? "" : result.error().message;
      for (const SocketAddress& a : result.ok() ? *result : std::vector<SocketAddress>{}) text += a.text() + " ";
    });
    EXPECT_EQ(text, "no answer");
    world.simulation.run_until_idle();
    return text;
  };
  const TimePoint begin = world.simulation.now();
  EXPECT_EQ(ask("service.test", "https"), "10.1.1.1:443 [fd00::1]:443 ");
  EXPECT_EQ(ask("service.test", "80"), "look-up of service.test: name or service not known");
  EXPECT_LE(world.simulation.now() - begin, 10ms);
  EXPECT_EQ(ask("service.test", "80"), "10.1.1.1:80 [fd00::1]:80 ");
  EXPECT_GE(world.simulation.now() - begin, 3s);
  EXPECT_EQ(ask("1.2.3.4", "80"), "1.2.3.4:80 ");
  EXPECT_EQ(ask("::1", "80"), "[::1]:80 ");
  EXPECT_EQ(ask("other.test", "80"), "look-up of other.test: name or service not known");
  EXPECT_EQ(ask("service.test", "nonsense"), "look-up of service.test: unknown port \"nonsense\"");
  EXPECT_EQ(world.network.fault_counts().text(), "lookup_failure=1 lookup_delay=1");
}

// Several clients, every fault by chance. Returns the trace.
struct Outcome {
  std::string trace;
  std::uint64_t hash;
  FaultCounts counts;
};
Outcome random_run(std::uint64_t seed, bool keep_text = true) {
  SimNetworkOptions options;
  options.rates = FaultRates::all(0.15);
  options.rates.corrupt = 0.1;
  options.to_server.jitter = options.to_client.jitter = 1ms;
  Simulation simulation(SimulationOptions{.seed = seed, .turn_delay_max = 50us, .keep_trace_text = keep_text});
  SimNetwork network(simulation, options);
  network.set_name("server.test", {SimNetwork::host_address(simulation.executor("server"))});
  EchoServer server(network, simulation.executor("server"),
                    SimNetwork::host_address(simulation.executor("server"), 80));
  struct Client {
    std::unique_ptr<NameLookup> lookup;
    std::unique_ptr<Dialer> dialer;
    std::unique_ptr<PendingOperation> asking, dialing;
    StreamRecorder recorder;
  };
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    auto& executor = simulation.executor("client " + std::to_string(i % 3));
    auto& client = *clients.emplace_back(std::make_unique<Client>());
    client.lookup = network.name_lookup(executor);
    client.dialer = network.dialer(executor);
    client.asking = client.lookup->lookup("server.test", "80", [&client, i](auto addresses) {
      if (!addresses.ok()) return;
      client.dialing = client.dialer->dial(addresses->front(), kNever, [&client, i](auto stream) {
        if (!stream.ok()) return;
        client.recorder.attach(std::move(stream).value());
        client.recorder.send(numbered(static_cast<std::size_t>(20'000 * (i + 1))));
        client.recorder.finish();
      });
    });
  }
  const RunEnd end = simulation.run_until_idle(1h);
  EXPECT_EQ(end, RunEnd::kIdle) << text_of(end);
  return {simulation.trace().text(), simulation.trace().hash(), network.fault_counts()};
}

TEST(SimulationDeterminism, EqualSeedsGiveEqualTracesAndOthersDoNot) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome first = random_run(seed);
    // Another layout of the heap in between: no order may come from addresses.
    std::vector<std::unique_ptr<std::string>> noise;
    for (std::size_t i = 0; i < 100 * seed; ++i) noise.push_back(std::make_unique<std::string>(i * 7 % 300, 'x'));
    const Outcome second = random_run(seed);
    ASSERT_EQ(first.trace, second.trace) << "seed " << seed;
    EXPECT_EQ(first.hash, random_run(seed, false).hash);
    EXPECT_NE(first.hash, random_run(seed + 1000).hash);
  }
}

TEST(SimulationDeterminism, EveryKindOfFaultOccursIn100Seeds) {
  FaultCounts sum;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) sum += random_run(seed, false).counts;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    EXPECT_GT(sum.counts[i], 0u) << text_of(static_cast<FaultKind>(i)) << " of " << sum.text();
  }
}

}  // namespace
}  // namespace godwit::testing
