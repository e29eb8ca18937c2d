// Targets (naming.md) and the resolvers that come with the library.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "godwit/rpc/client/fakes_for_test.h"

namespace godwit::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Naming, Targets) {
  struct {
    const char* text;
    const char* scheme;
    const char* authority;
    const char* path;
  } const cases[] = {
      {"dns:///host:80", "dns", "", "host:80"},
      {"dns:host:80", "dns", "", "host:80"},
      {"dns://8.8.8.8/host:80", "dns", "8.8.8.8", "host:80"},
      {"host:80", "dns", "", "host:80"},
      {"localhost", "dns", "", "localhost"},
      {"[::1]:80", "dns", "", "[::1]:80"},
      {"10.0.0.1:80", "dns", "", "10.0.0.1:80"},
      {"ipv4:1.2.3.4:80,5.6.7.8:90", "ipv4", "", "1.2.3.4:80,5.6.7.8:90"},
      {"ipv4:///1.2.3.4:80", "ipv4", "", "1.2.3.4:80"},
      {"unix:relative/path", "unix", "", "relative/path"},
      {"unix:/absolute", "unix", "", "/absolute"},
      {"unix:///absolute", "unix", "", "/absolute"},
      {"unix-abstract:name", "unix-abstract", "", "name"},
      {"dns:///ho%73t:80", "dns", "", "host:80"},
      {"[fe80::1%3]:80", "dns", "", "[fe80::1%3]:80"},
  };
  for (const auto& c : cases) {
    const auto target = parse_target(c.text, *ResolverRegistry::standard());
    ASSERT_TRUE(target.ok()) << c.text << ": " << target.error().message;
    EXPECT_EQ(target->scheme, c.scheme) << c.text;
    EXPECT_EQ(target->authority, c.authority) << c.text;
    EXPECT_EQ(target->path, c.path) << c.text;
  }
}

TEST(Naming, BadTargetsSayWhatToDo) {
  struct {
    const char* target;
    const char* text;
  } const cases[] = {
      {"", "empty"},
      {"dns:", "names no address"},
      {"xds:///x", "the scheme 'xds' is not known"},
      {"dns://8.8.8.8/host:80", "write dns:///host:80"},
      {"host:80", "ChannelOptions::name_lookup is not set"},
      {"ipv4:[::1]:80", "no address of the scheme 'ipv4'"},
      {"ipv6:127.0.0.1:80", "write ipv6:[::1]:80"},
      {"ipv4:1.2.3.4:80,", "target 'ipv4:1.2.3.4:80,'"},
      {"ipv4:300.1.1.1:80", "target 'ipv4:300.1.1.1:80'"},
      {"passthrough:///host:80", "for host names use dns:///"},
      {"ipv4://x/1.2.3.4:80", "have no authority"},
  };
  for (const auto& c : cases) {
    const fake::World world(c.target);
    EXPECT_THAT(world.error, HasSubstr(c.text)) << c.target;
  }
}

TEST(Naming, BadOptionsSayWhatToDo) {
  ChannelOptions options;
  options.load_balancing_policy = "best";
  EXPECT_THAT(fake::World("ipv4:1.1.1.1:1", options).error, HasSubstr("no load balancing policy 'best'"));
  options.load_balancing_policy = "pick_first";
  options.load_balancing_config["shuffle"] = "maybe";
  EXPECT_THAT(fake::World("ipv4:1.1.1.1:1", options).error, HasSubstr("write true or false"));
  options.load_balancing_config = {{"x", "y"}};
  EXPECT_THAT(fake::World("ipv4:1.1.1.1:1", options).error, HasSubstr("no option 'x'"));
  options.load_balancing_policy = "round_robin";
  EXPECT_THAT(fake::World("ipv4:1.1.1.1:1", options).error, HasSubstr("no option 'x'"));
}

TEST(Naming, AddressesAndAuthorities) {
  struct {
    const char* target;
    std::vector<std::string> addresses;
    const char* authority;
  } const cases[] = {
      {"ipv4:1.2.3.4:80,5.6.7.8:90", {"ipv4:1.2.3.4:80", "ipv4:5.6.7.8:90"}, "1.2.3.4:80"},
      {"ipv4:1.2.3.4", {"ipv4:1.2.3.4:443"}, "1.2.3.4"},
      {"ipv6:[::1]:80", {"ipv6:[::1]:80"}, "[::1]:80"},
      {"1.2.3.4:80", {"ipv4:1.2.3.4:80"}, "1.2.3.4:80"},
      {"dns:///[::1]:80", {"ipv6:[::1]:80"}, "[::1]:80"},
      {"unix:/run/x", {"unix:/run/x"}, "localhost"},
      {"unix-abstract:x", {"unix-abstract:x"}, "localhost"},
      {"passthrough:///1.2.3.4:5", {"ipv4:1.2.3.4:5"}, "1.2.3.4:5"},
  };
  for (const auto& c : cases) {
    ChannelOptions options;
    options.load_balancing_policy = "round_robin";  // connects to all of them
    fake::World world(c.target, std::move(options));
    ASSERT_EQ(world.error, "") << c.target;
    world.ready();
    std::vector<std::string> seen;
    for (const auto& attempt : world.connector->attempts) seen.push_back(attempt->address);
    EXPECT_EQ(seen, c.addresses) << c.target;
    fake::Unary call;
    call.call(*world.channel, fake::kUnaryMethod);
    for (const auto& client : world.connector->clients) {
      if (!(*client)->exchanges.empty()) {
        EXPECT_EQ((*client)->last().header(":authority"), c.authority) << c.target;
      }
    }
  }
}

// A name service whose answers are the test's.
struct FakeLookup final : NameLookup {
  explicit FakeLookup(testing::SimExecutor*& e) : executor(e) {}
  std::unique_ptr<PendingOperation> lookup(std::string_view host, std::string_view port, Done done) override {
    asked.push_back(std::string(host) + " " + std::string(port));
    executor->input([this, done = std::move(done)] {
      if (fail) {
        done(Failure(Error("no such host")));
      } else {
        done(std::vector<SocketAddress>{SocketAddress::ipv4_loopback(port_of_answer)});
      }
    });
    return std::make_unique<PendingOperation>();
  }
  testing::SimExecutor*& executor;
  std::vector<std::string> asked;
  bool fail = false;
  std::uint16_t port_of_answer = 50;
};

struct DnsWorld {
  DnsWorld() : lookup(executor), world("host.example:50", options()) { executor = &world.executor; }
  ChannelOptions options() {
    ChannelOptions made;
    made.name_lookup = &lookup;
    made.resolver.backoff = {.initial = seconds(1), .multiplier = 2, .max = seconds(60), .jitter = 0};
    return made;
  }
  testing::SimExecutor* executor = nullptr;
  FakeLookup lookup;
  fake::World world;
};

TEST(Dns, LooksUpAgainAfterADisconnectAtMostEvery30Seconds) {
  DnsWorld dns;
  fake::Client& client = dns.world.ready();
  EXPECT_THAT(dns.lookup.asked, ElementsAre("host.example 50"));
  EXPECT_EQ(dns.world.connector->attempts[0]->address, "ipv4:127.0.0.1:50");
  dns.lookup.port_of_answer = 51;
  client.disconnect();
  dns.world.run(seconds(29));
  EXPECT_EQ(dns.lookup.asked.size(), 1u);
  dns.world.run(seconds(2));
  EXPECT_EQ(dns.lookup.asked.size(), 2u);
  // Much later it is asked at once.
  dns.world.run(seconds(100));
  dns.world.channel->connect();
  dns.world.run();
  EXPECT_EQ(dns.world.connector->attempts[1]->address, "ipv4:127.0.0.1:51");
  dns.world.connector->last_client().disconnect();
  dns.world.run(milliseconds(5));
  EXPECT_EQ(dns.lookup.asked.size(), 3u);
}

TEST(Dns, ErrorsAreTriedAgainWithBackoff) {
  DnsWorld dns;
  dns.lookup.fail = true;
  fake::Unary call;
  call.call(*dns.world.channel, fake::kUnaryMethod);
  dns.world.run();
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.text(), "UNAVAILABLE: looking up the addresses of host.example:50: no such host");
  EXPECT_EQ(dns.world.channel->state(), ConnectivityState::kTransientFailure);
  dns.world.run(milliseconds(6900));  // after 1, 3 seconds
  EXPECT_EQ(dns.lookup.asked.size(), 3u);
  dns.world.channel->reset_backoff();
  dns.world.run();
  EXPECT_EQ(dns.lookup.asked.size(), 4u);
  dns.lookup.fail = false;
  dns.world.run(seconds(2));
  dns.world.channel->connect();
  dns.world.run();
  EXPECT_EQ(dns.world.channel->state(), ConnectivityState::kReady);
}

}  // namespace
}  // namespace godwit::rpc
