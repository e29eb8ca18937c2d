// Channels and policies: connectivity-semantics-and-api.md, connection-backoff.md, wait-for-ready.md, gRFC A62
// (pick_first), A61 (endpoints), A54 (codes of the control plane).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "godwit/async/task.h"
#include "godwit/rpc/client/fakes_for_test.h"
#include "godwit/rpc/client/text.h"

namespace godwit::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using State = ConnectivityState;

struct Watcher final : ConnectivityWatcher {
  void on_state(State state, const Status&) override { seen.emplace_back(name_of(state)); }
  std::vector<std::string> seen;
};

// --- connection-backoff.md ---

TEST(ConnectionBackoff, GrowsToTheMaximumWithJitter) {
  SeededRandom random(3);
  Backoff backoff(BackoffOptions{});
  double base = 1;
  for (int i = 0; i < 20; ++i) {
    const double pause = static_cast<double>(backoff.next(random).count()) / 1e9;
    EXPECT_GE(pause, base * 0.8 - 1e-6) << i;
    EXPECT_LE(pause, base * 1.2 + 1e-6) << i;
    base = std::min(base * 1.6, 120.0);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(random), milliseconds(1200));
}

TEST(ConnectionBackoff, WithoutJitterItIsExact) {
  SeededRandom random(3);
  Backoff backoff(BackoffOptions{.initial = seconds(1), .multiplier = 2, .max = seconds(5), .jitter = 0});
  for (const int expected : {1, 2, 4, 5, 5}) EXPECT_EQ(backoff.next(random), seconds(expected));
}

ChannelOptions exact_backoff() {
  ChannelOptions options;
  options.backoff = {.initial = seconds(1), .multiplier = 2, .max = seconds(30), .jitter = 0};
  return options;
}

TEST(ConnectionBackoff, AttemptsAndTheirDeadlines) {
  fake::World world("ipv4:10.0.0.1:80", exact_backoff());
  world.connector->automatic = false;
  const TimePoint begin = world.executor.now();
  world.channel->connect();
  world.run();
  auto& attempts = world.connector->attempts;
  for (const int after : {0, 1, 3, 7, 15, 31, 61, 91}) {
    world.run(begin + seconds(after) + milliseconds(2) - world.executor.now());
    const std::size_t i = attempts.size() - 1;
    EXPECT_LT(attempts[i]->begun - begin - seconds(after), milliseconds(3)) << after;
    // At least min_connect_timeout.
    EXPECT_GE(attempts[i]->deadline - attempts[i]->begun, seconds(20));
    ASSERT_THAT(world.connector->waiting(), ElementsAre("ipv4:10.0.0.1:80")) << after;
    world.connector->fail(i);
  }
  EXPECT_EQ(attempts.size(), 8u);
  EXPECT_EQ(attempts[6]->deadline - attempts[6]->begun, seconds(30)) << "the pause, when it is longer";
}

TEST(ConnectionBackoff, PauseCountsFromTheBeginOfTheAttempt) {
  fake::World world("ipv4:10.0.0.1:80", exact_backoff());
  world.connector->automatic = false;
  world.channel->connect();
  world.run(seconds(10));
  world.connector->fail(0, "timed out");  // after ten seconds: the pause of one second is over
  world.run(milliseconds(5));
  EXPECT_EQ(world.connector->attempts.size(), 2u);
}

TEST(ConnectionBackoff, ResetTriesNow) {
  fake::World world("ipv4:10.0.0.1:80", exact_backoff());
  world.connector->automatic = false;
  world.channel->connect();
  world.run();
  world.connector->fail(0);
  world.run(milliseconds(10));
  EXPECT_EQ(world.connector->attempts.size(), 1u);
  world.channel->reset_backoff();
  EXPECT_EQ(world.connector->attempts.size(), 2u);
}

// --- the channel's states ---

TEST(ChannelState, IdleUntilUsed) {
  fake::World world;
  Watcher watcher;
  world.channel->add_watcher(watcher);
  world.run(seconds(5));
  EXPECT_EQ(world.channel->state(), State::kIdle);
  EXPECT_TRUE(world.connector->attempts.empty());
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(world.channel->state(), State::kConnecting);
  world.run();
  EXPECT_EQ(world.channel->state(), State::kReady);
  world.connector->client(0).last().answer("x");
  EXPECT_TRUE(call.status.ok());
  // gRFC A62: a lost connection leaves the channel idle; the next call connects again.
  world.connector->client(0).disconnect();
  world.run(seconds(5));
  EXPECT_EQ(world.channel->state(), State::kIdle);
  EXPECT_EQ(world.connector->attempts.size(), 1u);
  call.call(*world.channel, fake::kUnaryMethod);
  world.run();
  EXPECT_EQ(world.channel->state(), State::kReady);
  EXPECT_THAT(watcher.seen, ElementsAre("CONNECTING", "READY", "IDLE", "CONNECTING", "READY"));
  world.channel->remove_watcher(watcher);
}

TEST(ChannelState, Await) {
  fake::World world;
  world.connector->automatic = false;
  bool changed = false, in_time = true;
  auto wait = [](Channel& channel, State last, TimePoint deadline, bool& result) -> Task<void> {
    result = co_await channel.state_change(last, deadline);
  };
  Task<void> one = wait(*world.channel, State::kIdle, kNever, changed);
  Task<void> two = wait(*world.channel, State::kIdle, world.executor.now() - seconds(1), in_time);
  Task<void> given_up = wait(*world.channel, State::kIdle, kNever, in_time);
  auto nothing = [](void*) {};
  EXPECT_FALSE(one.start(nothing, nullptr));
  EXPECT_FALSE(two.start(nothing, nullptr));
  EXPECT_FALSE(given_up.start(nothing, nullptr));
  world.run();
  EXPECT_TRUE(two.done());
  EXPECT_FALSE(in_time);
  given_up.reset();
  world.channel->connect();
  world.run();
  EXPECT_TRUE(one.done());
  EXPECT_TRUE(changed);
}

TEST(ChannelState, GoAwayIsIdleAndRunningCallsGoOn) {
  fake::World world;
  fake::Client& client = world.ready();
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  client.go_away();
  world.run();
  EXPECT_EQ(world.channel->state(), State::kIdle);
  client.last().answer("x");
  EXPECT_TRUE(call.status.ok());
  client.disconnect();
  world.run();
  EXPECT_EQ(*world.connector->clients[0], nullptr);
}

// --- wait-for-ready.md ---

TEST(WaitForReady, FailsFastOrWaits) {
  fake::World world("ipv4:10.0.0.1:80,10.0.0.2:80", exact_backoff());
  world.connector->automatic = false;
  ClientContext patient, hurried;
  patient.set_wait_for_ready(true);
  hurried.set_wait_for_ready(true);
  hurried.set_timeout(milliseconds(500));
  fake::Unary before, waiting, too_late;
  before.call(*world.channel, fake::kUnaryMethod);
  waiting.call(*world.channel, fake::kUnaryMethod, &patient);
  too_late.call(*world.channel, fake::kUnaryMethod, &hurried);
  world.run();
  world.connector->fail(0);
  EXPECT_EQ(before.ends, 0) << "another address is to be tried";
  world.connector->fail(1, "No route to host");
  world.run(milliseconds(10));
  EXPECT_EQ(before.ends, 1);
  EXPECT_EQ(before.status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(before.status.message(),
            "connecting to ipv4:10.0.0.2:80: No route to host; all 2 addresses of ipv4:10.0.0.1:80,10.0.0.2:80 failed; "
            "next try in 999 ms");
  fake::Unary after;
  after.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(after.ends, 1) << "fails at once";
  world.run(milliseconds(600));
  EXPECT_EQ(too_late.ends, 1);
  EXPECT_EQ(too_late.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(too_late.status.message(), HasSubstr("TRANSIENT_FAILURE; connecting to ipv4:10.0.0.2:80: No route"));
  EXPECT_EQ(waiting.ends, 0);
  world.run(seconds(1));
  world.connector->succeed(2);
  world.run();
  world.connector->last_client().last().answer("x");
  EXPECT_TRUE(waiting.status.ok());
}

// --- gRFC A62 ---

// A resolver that the test moves.
struct ManualResolver final : Resolver {
  struct Shared {
    ResolverEvents* events = nullptr;
    int requests = 0;
  };
  explicit ManualResolver(std::shared_ptr<Shared> s) : shared(std::move(s)) {}
  ~ManualResolver() override { shared->events = nullptr; }
  void start(ResolverEvents& events) override { shared->events = &events; }
  void request_resolution() override { ++shared->requests; }
  std::shared_ptr<Shared> shared;
};
struct ManualFactory final : ResolverFactory {
  std::string_view scheme() const override { return "manual"; }
  Result<std::unique_ptr<Resolver>, Error> make(const Target&, const ResolverEnvironment&) const override {
    return std::unique_ptr<Resolver>(std::make_unique<ManualResolver>(shared));
  }
  std::shared_ptr<ManualResolver::Shared> shared = std::make_shared<ManualResolver::Shared>();
};

std::vector<Endpoint> endpoints(std::initializer_list<int> hosts) {
  std::vector<Endpoint> all;
  for (const int host : hosts) {
    SocketAddress address = SocketAddress::ipv4_loopback(80);
    address.ip = {10, 0, 0, static_cast<std::uint8_t>(host)};
    all.push_back({{address}, {}});
  }
  return all;
}

struct ManualWorld : fake::World {
  explicit ManualWorld(ChannelOptions options = exact_backoff(), std::shared_ptr<ManualFactory> made = {})
      : fake::World("manual:x", add(std::move(options), made)), resolver(made->shared) {
    connector->automatic = false;
    channel->connect();
  }
  static ChannelOptions add(ChannelOptions options, std::shared_ptr<ManualFactory>& made) {
    made = std::make_shared<ManualFactory>();
    auto registry = std::make_shared<ResolverRegistry>(*ResolverRegistry::standard());
    registry->add(made);
    options.resolvers = registry;
    return options;
  }
  void update(std::initializer_list<int> hosts) {
    resolver->events->on_endpoints(endpoints(hosts));
    run();
  }
  // The host numbers of the attempts that wait.
  std::vector<std::string> waiting() {
    std::vector<std::string> out;
    for (const std::string& address : connector->waiting()) out.push_back(address.substr(12, address.size() - 15));
    return out;
  }
  std::shared_ptr<ManualResolver::Shared> resolver;
};

TEST(PickFirst, TriesInOrderAndStopsAtTheFirst) {
  ManualWorld world;
  world.update({1, 2, 3});
  EXPECT_THAT(world.waiting(), ElementsAre("1"));
  world.connector->fail(0);
  EXPECT_THAT(world.waiting(), ElementsAre("2"));
  EXPECT_EQ(world.channel->state(), State::kConnecting);
  world.connector->succeed(1);
  EXPECT_EQ(world.channel->state(), State::kReady);
  world.run(seconds(10));
  EXPECT_EQ(world.connector->attempts.size(), 2u);
}

TEST(PickFirst, StaysInTransientFailureUntilReady) {
  ManualWorld world;
  Watcher watcher;
  world.channel->add_watcher(watcher);
  world.update({1, 2});
  world.connector->fail(0);
  world.connector->fail(1);
  EXPECT_EQ(world.channel->state(), State::kTransientFailure);
  EXPECT_EQ(world.resolver->requests, 1) << "all failed: ask for new addresses";
  world.run(milliseconds(1500));
  // Each address is tried again by itself; the state does not go back to CONNECTING.
  EXPECT_THAT(world.waiting(), UnorderedElementsAre("1", "2"));
  EXPECT_EQ(world.channel->state(), State::kTransientFailure);
  world.connector->fail(2);
  world.connector->fail(3);
  EXPECT_EQ(world.resolver->requests, 2);
  world.run(milliseconds(2500));
  world.update({1, 2, 3});
  EXPECT_EQ(world.channel->state(), State::kTransientFailure) << "a new list does not hide the failure";
  EXPECT_THAT(world.waiting(), ElementsAre("1", "2")) << "attempts for addresses that stay go on";
  world.connector->succeed(5);
  EXPECT_EQ(world.channel->state(), State::kReady);
  world.run();
  EXPECT_THAT(watcher.seen, ElementsAre("TRANSIENT_FAILURE", "READY"));
  EXPECT_THAT(world.waiting(), IsEmpty()) << "the others are given up";
  world.channel->remove_watcher(watcher);
}

TEST(PickFirst, LostConnectionIsIdleAndAsksForAddresses) {
  ManualWorld world;
  world.update({1, 2});
  world.connector->succeed(0);
  world.connector->client(0).disconnect();
  EXPECT_EQ(world.channel->state(), State::kIdle);
  EXPECT_EQ(world.resolver->requests, 1);
  world.update({2, 1});
  EXPECT_EQ(world.channel->state(), State::kIdle) << "a new list does not wake it";
  EXPECT_THAT(world.waiting(), IsEmpty());
  world.channel->connect();
  EXPECT_THAT(world.waiting(), ElementsAre("2"));
}

TEST(PickFirst, NewListKeepsTheConnectionItContains) {
  ManualWorld world;
  world.update({1, 2});
  world.connector->succeed(0);
  world.update({3, 1});
  EXPECT_EQ(world.channel->state(), State::kReady);
  EXPECT_EQ(world.connector->attempts.size(), 1u);
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  world.update({3});
  EXPECT_EQ(world.channel->state(), State::kConnecting);
  EXPECT_TRUE(world.connector->client(0).drain_called);
  world.connector->client(0).last().answer("x");
  EXPECT_TRUE(call.status.ok()) << "running calls go on";
  EXPECT_THAT(world.waiting(), ElementsAre("3"));
}

TEST(PickFirst, EmptyListAndResolverErrors) {
  ManualWorld world;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  world.resolver->events->on_error(Status(StatusCode::kUnavailable, "no such host"));
  world.run();
  EXPECT_EQ(world.channel->state(), State::kTransientFailure);
  EXPECT_EQ(call.status.text(), "UNAVAILABLE: no such host");
  world.update({});
  call.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(call.status.text(), "UNAVAILABLE: no addresses were found for manual:x");
  world.update({1});
  world.connector->succeed(0);
  EXPECT_EQ(world.channel->state(), State::kReady);
  world.resolver->events->on_error(Status(StatusCode::kUnavailable, "no such host"));
  world.run();
  EXPECT_EQ(world.channel->state(), State::kReady) << "good addresses stay";
  world.update({});
  EXPECT_EQ(world.channel->state(), State::kTransientFailure);
}

TEST(PickFirst, ShuffleIsSeeded) {
  std::vector<std::string> first;
  for (int round = 0; round < 2; ++round) {
    ChannelOptions options = exact_backoff();
    options.load_balancing_config["shuffle"] = "true";
    ManualWorld world(std::move(options));
    world.update({1, 2, 3, 4, 5, 6, 7, 8});
    for (std::size_t i = 0; i < 8; ++i) world.connector->fail(i);
    std::vector<std::string> order;
    for (const auto& attempt : world.connector->attempts) order.push_back(attempt->address);
    if (round == 0) {
      first = order;
      std::sort(order.begin(), order.end());
      EXPECT_NE(first, order);
      EXPECT_EQ(std::unique(order.begin(), order.end()), order.end());
    } else {
      EXPECT_EQ(first, order) << "the same seed gives the same order";
    }
  }
}

// --- round_robin ---

ChannelOptions round_robin() {
  ChannelOptions options = exact_backoff();
  options.load_balancing_policy = "round_robin";
  return options;
}

TEST(RoundRobin, ConnectsToAllAndTakesTurns) {
  ManualWorld world(round_robin());
  world.update({1, 2, 3});
  EXPECT_THAT(world.waiting(), ElementsAre("1", "2", "3"));
  world.connector->succeed(0);
  EXPECT_EQ(world.channel->state(), State::kReady);
  world.connector->fail(1);
  world.connector->succeed(2);
  std::deque<fake::Unary> calls(10);
  for (auto& call : calls) call.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(world.connector->client(0).exchanges.size(), 5u);
  EXPECT_EQ(world.connector->client(1).exchanges.size(), 5u);
  // The failed one joins later.
  world.run(milliseconds(1100));
  world.connector->succeed(3);
  std::deque<fake::Unary> more(9);
  for (auto& call : more) call.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(world.connector->client(2).exchanges.size(), 3u);
}

TEST(RoundRobin, LostConnectionIsMadeAgainAtOnce) {
  ManualWorld world(round_robin());
  world.update({1, 2});
  world.connector->succeed(0);
  world.connector->succeed(1);
  world.connector->client(0).disconnect();
  EXPECT_EQ(world.channel->state(), State::kReady);
  EXPECT_THAT(world.waiting(), ElementsAre("1"));
  EXPECT_EQ(world.resolver->requests, 1);
  std::deque<fake::Unary> calls(4);
  for (auto& call : calls) call.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(world.connector->client(1).exchanges.size(), 4u);
}

TEST(RoundRobin, TransientFailureWhenAllFailed) {
  ManualWorld world(round_robin());
  world.update({1, 2});
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  world.connector->fail(0);
  EXPECT_EQ(world.channel->state(), State::kConnecting);
  world.connector->fail(1);
  EXPECT_EQ(world.channel->state(), State::kTransientFailure);
  world.run();
  EXPECT_EQ(call.status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(call.status.message(), HasSubstr("connecting to ipv4:10.0.0.2:80: Connection refused"));
}

TEST(RoundRobin, NewListKeepsWhatStays) {
  ManualWorld world(round_robin());
  world.update({1, 2});
  world.connector->succeed(0);
  world.connector->succeed(1);
  world.update({2, 3});
  EXPECT_EQ(world.channel->state(), State::kReady);
  EXPECT_THAT(world.waiting(), ElementsAre("3"));
  EXPECT_TRUE(world.connector->client(0).drain_called);
  EXPECT_FALSE(world.connector->client(1).drain_called);
  world.update({});
  EXPECT_EQ(world.channel->state(), State::kTransientFailure);
}

// gRFC A61: the addresses of one endpoint are alternatives.
TEST(RoundRobin, EndpointWithTwoAddressesGetsOneConnection) {
  ManualWorld world(round_robin());
  std::vector<Endpoint> two = endpoints({1, 2});
  world.resolver->events->on_endpoints({Endpoint{{two[0].addresses[0], two[1].addresses[0]}, {}}});
  EXPECT_THAT(world.waiting(), ElementsAre("1"));
  world.connector->fail(0);
  EXPECT_THAT(world.waiting(), ElementsAre("2"));
  world.connector->succeed(1);
  EXPECT_EQ(world.channel->state(), State::kReady);
}

// --- gRFC A54, and policies of one's own ---

struct FixedPolicyFactory final : LoadBalancingPolicyFactory {
  explicit FixedPolicyFactory(std::function<PickResult()> p) : pick(std::move(p)) {}
  std::string_view name() const override { return "fixed"; }
  Result<std::unique_ptr<LoadBalancingPolicy>, Error> make(LoadBalancingHost& host,
                                                           const LoadBalancingConfig&) const override {
    struct FixedPicker final : Picker {
      std::function<PickResult()> function;
      PickResult pick(const PickArguments&) override { return function(); }
    };
    struct Policy final : LoadBalancingPolicy {
      LoadBalancingHost* host;
      std::function<PickResult()> function;
      void update(std::vector<Endpoint>) override {
        auto picker = std::make_shared<FixedPicker>();
        picker->function = function;
        host->update_state(State::kReady, Status(), picker);
      }
      void resolver_error(const Status&) override {}
      void exit_idle() override {}
      void reset_backoff() override {}
    };
    auto policy = std::make_unique<Policy>();
    policy->host = &host;
    policy->function = pick;
    return std::unique_ptr<LoadBalancingPolicy>(std::move(policy));
  }
  std::function<PickResult()> pick;
};

TEST(ControlPlane, PickResults) {
  struct {
    std::function<PickResult()> pick;
    bool wait_for_ready;
    const char* status;  // "" when the call waits
  } const cases[] = {
      {[] { return PickResult::fail(Status(StatusCode::kUnavailable, "u")); }, false, "UNAVAILABLE: u"},
      {[] { return PickResult::fail(Status(StatusCode::kUnavailable, "u")); }, true, ""},
      {[] { return PickResult::drop(Status(StatusCode::kUnavailable, "d")); }, true, "UNAVAILABLE: d"},
      {[] { return PickResult::queue(); }, false, ""},
      {[] { return PickResult::fail(Status(StatusCode::kNotFound, "n")); }, false,
       "INTERNAL: the resolver or the load balancing policy said NOT_FOUND: n, a code that only servers may use"},
      {[] { return PickResult::drop(Status()); }, false,
       "INTERNAL: the resolver or the load balancing policy said OK, a code that only servers may use"},
  };
  for (const auto& c : cases) {
    ChannelOptions options;
    auto registry = std::make_shared<LoadBalancingRegistry>();
    registry->add(std::make_shared<FixedPolicyFactory>(c.pick));
    options.policies = registry;
    options.load_balancing_policy = "fixed";
    fake::World world("ipv4:10.0.0.1:80", std::move(options));
    ClientContext context;
    context.set_wait_for_ready(c.wait_for_ready);
    fake::Unary call;
    call.call(*world.channel, fake::kUnaryMethod, &context);
    world.run();
    EXPECT_EQ(call.ends, *c.status ? 1 : 0);
    if (call.ends > 0) {
      EXPECT_EQ(call.status.text(), c.status);
    }
  }
}

TEST(Text, Durations) {
  EXPECT_EQ(text_of_duration(std::chrono::microseconds(80)), "0.08 ms");
  EXPECT_EQ(text_of_duration(milliseconds(350)), "350 ms");
  EXPECT_EQ(text_of_duration(milliseconds(1234)), "1.2 s");
  EXPECT_EQ(text_of_duration(seconds(125)), "2 min 5 s");
}

}  // namespace
}  // namespace godwit::rpc
