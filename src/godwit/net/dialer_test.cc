#include "godwit/net/dialer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "godwit/net/descriptor.h"
#include "godwit/net/name_lookup.h"
#include "godwit/net/net_test_recorder.h"
#include "godwit/net/socket_address.h"

namespace godwit::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A port on which nobody listens: it is taken, without listening, as long as the object lives.
class DeafPort {
 public:
  explicit DeafPort(int backlog = -1) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    NativeAddress native(SocketAddress::ipv4_loopback(0));
    EXPECT_EQ(bind(socket_.get(), native.get(), native.size), 0);
    getsockname(socket_.get(), native.get(), &native.size);
    address_ = native.address();
    if (backlog >= 0) {
      EXPECT_EQ(::listen(socket_.get(), backlog), 0);
    }
  }
  const SocketAddress& address() const { return address_; }

 private:
  OwnedDescriptor socket_;
  SocketAddress address_;
};

TEST(Dialer, RefusalNamesTheAddress) {
  TestLoop loop;
  DeafPort deaf;
  std::string error;
  EXPECT_EQ(dial(loop, deaf.address(), &error), nullptr);
  EXPECT_EQ(error, "connect to " + deaf.address().text() + ": Connection refused");
  EXPECT_EQ(dial(loop, parse_address("unix:/nowhere/at/all").value(), &error), nullptr);
  EXPECT_EQ(error, "connect to unix:/nowhere/at/all: No such file or directory");
}

TEST(Dialer, GivesUpAtTheDeadline) {
  TestLoop loop;
  DeafPort full(0);
  // Fill the queue of the port: what comes after gets no answer.
  std::vector<OwnedDescriptor> queued;
  for (int i = 0; i < 4; ++i) {
    queued.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const NativeAddress native(full.address());
    [[maybe_unused]] const int in_progress = connect(queued.back().get(), native.get(), native.size);
  }
  std::string error;
  const TimePoint deadline = loop->now() + 30ms;
  EXPECT_EQ(dial(loop, full.address(), &error, deadline), nullptr);
  EXPECT_GE(system_clock().now(), deadline);
  EXPECT_EQ(error, "connect to " + full.address().text() + ": no answer before the deadline");
}

TEST(Dialer, AFullUnixQueueIsAskedAgainUntilTheDeadline) {
  TestLoop loop;
  const SocketAddress address = parse_address("unix-abstract:godwit-dial-" + std::to_string(getpid())).value();
  auto listener = listen(loop.loop(), address, {.backlog = 0});
  ASSERT_TRUE(listener.ok());
  std::vector<std::unique_ptr<ByteStream>> streams;
  std::string error;
  while (streams.size() < 10) {
    auto stream = dial(loop, address, &error, loop->now() + 20ms);
    if (!stream) break;
    streams.push_back(std::move(stream));
  }
  EXPECT_EQ(error, "connect to " + address.text() + ": no answer before the deadline");
  Acceptor acceptor(loop, std::move(*listener));
  EXPECT_NE(dial(loop, address, &error, loop->now() + 10s), nullptr);
}

TEST(Dialer, ADestroyedOperationIsSilent) {
  TestLoop loop;
  NetDialer dialer(loop.loop());
  DeafPort deaf, full(0);
  Acceptor acceptor(loop, must_listen(loop.loop(), SocketAddress::ipv4_loopback(0)));
  for (const SocketAddress& address :
       {deaf.address(), full.address(), acceptor.listener->address(), parse_address("unix:/nowhere").value()}) {
    auto operation = dialer.dial(address, loop->now() + 1ms, [](auto) { FAIL() << "given up"; });
    operation.reset();
  }
  loop.run_turns(5);
}

TEST(Dialer, AnOperationMayBeDestroyedInsideItsResult) {
  TestLoop loop;
  NetDialer dialer(loop.loop());
  DeafPort deaf;
  Acceptor acceptor(loop, must_listen(loop.loop(), SocketAddress::ipv4_loopback(0)));
  for (const SocketAddress& address : {deaf.address(), acceptor.listener->address()}) {
    std::unique_ptr<PendingOperation> operation;
    operation = dialer.dial(address, kNever, [&](auto) {
      operation.reset();
      loop.happened();
    });
    loop.run_until([&] { return !operation; });
  }
}

struct LookupOutcome {
  std::vector<std::string> addresses;
  std::string error;
  bool done = false;
};
LookupOutcome look_up(TestLoop& loop, NameLookup& lookup, std::string_view host, std::string_view port) {
  LookupOutcome out;
  bool inside = true;
  const auto operation = lookup.lookup(host, port, [&](Result<std::vector<SocketAddress>, Error> result) {
    EXPECT_FALSE(inside) << "called from inside lookup()";
    EXPECT_TRUE(loop->on_loop());
    out.done = true;
    if (result.ok()) {
      for (const SocketAddress& address : *result) out.addresses.push_back(address.text());
    } else {
      out.error = result.error().message;
    }
    loop.happened();
  });
  inside = false;
  loop.run_until([&] { return out.done; });
  return out;
}

TEST(NameLookup, FindsAddressesAndSaysWhatIsWrong) {
  TestLoop loop;
  SystemNameLookup system;
  const auto lookup = system.on(loop.loop());
  struct Case {
    std::string host, port, first, error;
  };
  const Case cases[] = {
      {"127.0.0.1", "80", "127.0.0.1:80", ""},
      {"::1", "80", "[::1]:80", ""},
      {"127.0.0.1", "", "127.0.0.1:0", ""},
      {"localhost", "81", ":81", ""},
      {"", "80", "", "the name is empty"},
      {"1.2.3.4.5", "80", "", "look up 1.2.3.4.5:80: "},
      {"::1", "70000", "", "look up ::1: the port 70000 is above 65535"},
      {"localhost", "no such service", "", "neither a number nor the name of a service"},
      {std::string(64, 'a') + ".", "80", "", "look up aaa"},  // a label has at most 63 bytes: asks nobody
      {std::string("a\0b", 3), "80", "", "NUL"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.host);
    const LookupOutcome out = look_up(loop, *lookup, c.host, c.port);
    if (c.error.empty()) {
      EXPECT_EQ(out.error, "");
      ASSERT_FALSE(out.addresses.empty());
      EXPECT_THAT(out.addresses[0], HasSubstr(c.first));
    } else {
      EXPECT_THAT(out.error, HasSubstr(c.error));
    }
  }
}

TEST(NameLookup, ADestroyedOperationIsSilent) {
  TestLoop loop;
  {
    SystemNameLookup system;
    const auto lookup = system.on(loop.loop());
    for (const char* host : {"127.0.0.1", "localhost", ""}) {
      auto operation = lookup->lookup(host, "80", [](auto) { FAIL() << "given up"; });
      operation.reset();
    }
  }
  loop.run_turns(3);
}

}  // namespace
}  // namespace godwit::net
