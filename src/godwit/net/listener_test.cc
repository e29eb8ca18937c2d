#include "godwit/net/listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "godwit/async/sync_wait.h"
#include "godwit/net/descriptor.h"
#include "godwit/net/loop_group.h"
#include "godwit/net/net_test_recorder.h"
#include "godwit/net/socket_address.h"

namespace godwit::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A folder that is removed, with what tests leave in it.
class Folder {
 public:
  Folder() {
    std::string name = ::testing::TempDir() + "godwit-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    unlink(file("s").c_str());
    rmdir(path_.c_str());
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};
SocketAddress unix_address(const std::string& path) { return parse_address("unix:" + path).value(); }
bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

OwnedDescriptor raw_connect(const SocketAddress& address) {
  const NativeAddress native(address);
  OwnedDescriptor raw(socket(native.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(raw.get(), native.get(), native.size), 0) << address.text();
  return raw;
}

TEST(Listener, ATakenPortIsAnErrorThatNamesPortAndHolder) {
  TestLoop loop;
  auto other = std::move(EventLoop::create()).value();
  const auto first = must_listen(loop.loop(), SocketAddress::ipv4_loopback(0));
  const std::uint16_t port = first->address().port;
  EXPECT_NE(port, 0);
  EventLoop* const loops[] = {&loop.loop(), other.get()};
  const auto again = listen(loop.loop(), first->address());
  const auto shared = listen_on_all(loops, first->address());
  ASSERT_FALSE(again.ok());
  ASSERT_FALSE(shared.ok());
  for (const Error& error : {again.error(), shared.error()}) {
    EXPECT_THAT(error.message, AllOf(HasSubstr("listen on 127.0.0.1:" + std::to_string(port)),
                                     HasSubstr("taken by pid " + std::to_string(getpid()) + " (net_test)"),
                                     HasSubstr("choose another port")));
    EXPECT_EQ(error.os_error, EADDRINUSE);
  }
}

TEST(Listener, APortThatIsSharedByOthersIsTakenToo) {
  auto a = std::move(EventLoop::create()).value();
  auto b = std::move(EventLoop::create()).value();
  EventLoop* const loops[] = {a.get(), b.get()};
  const auto first = listen_on_all(loops, SocketAddress::ipv4_loopback(0));
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0]->address(), (*first)[1]->address());
  EXPECT_FALSE(listen_on_all(loops, (*first)[0]->address()).ok());
}

TEST(Listener, ThePortIsFreeAgainAtOnce) {
  TestLoop loop;
  SocketAddress address = SocketAddress::ipv4_loopback(0);
  for (int i = 0; i < 3; ++i) {
    Acceptor acceptor(loop, must_listen(loop.loop(), address));
    address = acceptor.listener->address();
    const auto client = dial(loop, address);
    loop.run_until([&] { return acceptor.accepted.size() == 1; });
    acceptor.accepted.clear();  // closes first: the connection lingers in TIME_WAIT
  }
}

TEST(Listener, TheIpv6WildcardTakesIpv4) {
  TestLoop loop;
  Acceptor acceptor(loop, must_listen(loop.loop(), parse_address("[::]:0").value()));
  const auto client = dial(loop, SocketAddress::ipv4_loopback(acceptor.listener->address().port));
  loop.run_until([&] { return acceptor.accepted.size() == 1; });
  EXPECT_THAT(acceptor.accepted[0]->stream->info().peer_text, HasSubstr("ipv4:127.0.0.1:"));
}

TEST(Listener, AnAddressOfSomebodyElseIsAnError) {
  TestLoop loop;
  const auto listener = listen(loop.loop(), parse_address("192.0.2.1:0").value());
  ASSERT_FALSE(listener.ok());
  EXPECT_EQ(listener.error().message, "listen on 192.0.2.1:0: Cannot assign requested address");
}

TEST(Listener, TakesAThousandConnections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit wanted = limit;
  wanted.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  if (wanted.rlim_cur > limit.rlim_cur) setrlimit(RLIMIT_NOFILE, &wanted);
  constexpr std::size_t kCount = 1000;
  TestLoop loop;
  Acceptor acceptor(loop, must_listen(loop.loop(), SocketAddress::ipv4_loopback(0)));
  acceptor.accept_action = [](Recorder& server) {
    server.bytes_action = [&server](const Slice& bytes) { server.send(as_text(bytes.bytes())); };
  };
  NetDialer dialer(loop.loop());
  std::vector<std::unique_ptr<PendingOperation>> operations;
  std::vector<std::unique_ptr<Recorder>> clients;
  for (std::size_t i = 0; i < kCount; ++i) {
    operations.push_back(
        dialer.dial(acceptor.listener->address(), kNever, [&](Result<std::unique_ptr<ByteStream>, Error> stream) {
          ASSERT_TRUE(stream.ok()) << stream.error().message;
          clients.push_back(std::make_unique<Recorder>(loop, std::move(*stream)));
          clients.back()->send(std::to_string(clients.size()));
          loop.happened();
        }));
  }
  std::size_t answered = 0;
  loop.run_until([&] {
    while (answered < clients.size() && clients[answered]->received == std::to_string(answered + 1)) ++answered;
    return answered == kCount;
  });
  EXPECT_EQ(acceptor.accepted.size(), kCount);
  clients.clear();
  loop.run_until([&] {
    std::size_t ended = 0;
    for (const auto& server : acceptor.accepted) ended += static_cast<std::size_t>(server->ends);
    return ended == kCount;
  });
}

TEST(Listener, RestsWhenTheProcessIsOutOfDescriptorsAndGoesOn) {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "its check of virtual tables opens a pipe, and takes the lack of descriptors for a broken object";
#endif
#endif
  TestLoop loop;
  auto listener = must_listen(loop.loop(), SocketAddress::ipv4_loopback(0));
  const OwnedDescriptor client = raw_connect(listener->address());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<OwnedDescriptor> gaps;  // so that the next descriptor is the highest
  for (;;) {
    gaps.emplace_back(dup(0));
    ASSERT_TRUE(gaps.back().valid());
    if (gaps.size() > 1 && gaps.back().get() == gaps[gaps.size() - 2].get() + 1 && gaps.size() > 64) break;
  }
  rlimit low = limit;
  low.rlim_cur = static_cast<rlim_t>(gaps.back().get()) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  Acceptor acceptor(loop, std::move(listener));
  acceptor.error_action = [&] { setrlimit(RLIMIT_NOFILE, &limit); };
  loop.run_until([&] { return acceptor.errors.size() == 1; });
  setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_THAT(acceptor.errors[0], HasSubstr("Too many open files"));
  loop.run_until([&] { return acceptor.accepted.size() == 1; });
  EXPECT_EQ(acceptor.errors.size(), 1u);
}

TEST(Listener, MayBeDestroyedInsideOnAccept) {
  TestLoop loop;
  Acceptor acceptor(loop, must_listen(loop.loop(), SocketAddress::ipv4_loopback(0)));
  const OwnedDescriptor a = raw_connect(acceptor.listener->address());
  const OwnedDescriptor b = raw_connect(acceptor.listener->address());
  acceptor.accept_action = [&](Recorder&) { acceptor.listener.reset(); };
  loop.run_until([&] { return !acceptor.listener; });
  EXPECT_EQ(acceptor.accepted.size(), 1u);
}

TEST(Listener, UnixFileIsMadeWithItsModeAndRemoved) {
  TestLoop loop;
  Folder folder;
  const std::string path = folder.file("s");
  {
    auto made = listen(loop.loop(), unix_address(path), {.unix_mode = 0600});
    ASSERT_TRUE(made.ok()) << made.error().message;
    struct stat status;
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    Acceptor acceptor(loop, std::move(*made));
    const auto client = dial(loop, acceptor.listener->address());
    loop.run_until([&] { return acceptor.accepted.size() == 1; });
  }
  EXPECT_FALSE(exists(path));
}

TEST(Listener, UnixFileThatIsStaleIsReplacedAndATakenOneIsNot) {
  TestLoop loop;
  Folder folder;
  const std::string path = folder.file("s");
  {  // as a program leaves it that was killed
    const NativeAddress native(unix_address(path));
    const OwnedDescriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(dead.get(), native.get(), native.size), 0);
  }
  ASSERT_TRUE(exists(path));
  const auto first = must_listen(loop.loop(), unix_address(path));
  const auto second = listen(loop.loop(), unix_address(path));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("another program listens there"));
  EXPECT_TRUE(exists(path));
}

TEST(Listener, UnixPathWithSomethingElseIsLeftAlone) {
  TestLoop loop;
  Folder folder;
  const std::string path = folder.file("s");
  std::ofstream(path) << "precious";
  const auto listener = listen(loop.loop(), unix_address(path));
  ASSERT_FALSE(listener.ok());
  EXPECT_THAT(listener.error().message, HasSubstr("a file that is no socket"));
  EXPECT_TRUE(exists(path));
}

TEST(Listener, UnixFileOfASuccessorIsNotRemoved) {
  TestLoop loop;
  Folder folder;
  const std::string path = folder.file("s");
  auto first = must_listen(loop.loop(), unix_address(path));
  ASSERT_EQ(rename(path.c_str(), folder.file("old").c_str()), 0);
  const auto second = must_listen(loop.loop(), unix_address(path));
  first.reset();
  EXPECT_TRUE(exists(path));
  unlink(folder.file("old").c_str());
}

// Counts on its own loop; used from the loops' threads and read after they have stopped.
class Counter final : public ListenerEvents {
 public:
  explicit Counter(std::unique_ptr<Listener> listener) : listener(std::move(listener)) {}
  void on_accept(std::unique_ptr<ByteStream> stream) override { streams.push_back(std::move(stream)); }
  void on_accept_error(const Error& error) override { ADD_FAILURE() << error.message; }
  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<ByteStream>> streams;
};
Task<void> begin(Counter& counter) {
  counter.listener->start(counter);
  co_return;
}
Task<std::size_t> count(Counter& counter) { co_return counter.streams.size(); }

TEST(Listener, SeveralLoopsShareAnAddress) {
  Folder folder;
  for (const SocketAddress& address : {SocketAddress::ipv4_loopback(0), unix_address(folder.file("s"))}) {
    auto group = std::move(LoopGroup::create({.count = 3, .pin = false, .loop = {}})).value();
    auto listeners = listen_on_all(group->loops(), address);
    ASSERT_TRUE(listeners.ok()) << listeners.error().message;
    std::vector<std::unique_ptr<Counter>> counters;
    for (auto& listener : *listeners) counters.push_back(std::make_unique<Counter>(std::move(listener)));
    group->start();
    for (std::size_t i = 0; i < 3; ++i) sync_wait((*group)[i], begin(*counters[i]));
    std::vector<OwnedDescriptor> clients;
    for (int i = 0; i < 60; ++i) clients.push_back(raw_connect(counters[0]->listener->address()));
    std::size_t total = 0, used = 0;
    for (int round = 0; round < 100'000 && total < 60; ++round) {
      total = used = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t n = sync_wait((*group)[i], count(*counters[i]));
        total += n;
        used += n > 0;
      }
    }
    EXPECT_EQ(total, 60u);
    if (address.kind != SocketAddress::Kind::kUnix) {
      EXPECT_EQ(used, 3u);
    }
    group->stop();
    counters.clear();
  }
}

}  // namespace
}  // namespace godwit::net
