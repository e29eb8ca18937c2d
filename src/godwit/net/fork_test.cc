#include "godwit/net/fork.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "godwit/net/descriptor.h"
#include "godwit/net/net_test_recorder.h"

#if defined(__SANITIZE_THREAD__)
#define GODWIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GODWIT_TSAN 1
#endif
#endif

namespace godwit::net {
namespace {

using namespace std::chrono_literals;

// Forks as a user of this header does. `in_child` tells whether all is as it should be.
pid_t fork_with_loops(const std::function<bool()>& in_child) {
  before_fork();
  const pid_t child = fork();
  if (child != 0) {
    after_fork_in_parent();
    return child;
  }
  after_fork_in_child();
  alarm(20);  // a child that hangs fails the test, not the machine
  _exit(in_child() ? 0 : 1);
}
::testing::AssertionResult ended_well(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return ::testing::AssertionFailure() << "no child";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "the child ended with status " << status;
}

class Post final : public Work {
 public:
  explicit Post(std::function<void()> f) : function(std::move(f)) {}
  void run() override { function(); }
  std::function<void()> function;
};

// Sends back what it gets, on its own loop and thread.
class EchoServer {
 public:
  EchoServer() : loop_(std::move(EventLoop::create()).value()), listener_(must_listen(*loop_, local())) {
    address_ = listener_->address();
    listener_->start(accepting_);
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~EchoServer() {
    loop_->stop();
    thread_.join();
    accepting_.connections.clear();
    listener_.reset();
  }
  const SocketAddress& address() const { return address_; }
  EventLoop& loop() { return *loop_; }
  static SocketAddress local() { return std::move(parse_address("127.0.0.1:0")).value(); }

 private:
  struct Connection final : ByteStreamEvents {
    explicit Connection(std::unique_ptr<ByteStream> s) : stream(std::move(s)) { stream->start(*this); }
    void on_bytes(const Slice& bytes) override {
      const iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
      stream->write({&piece, 1});
    }
    void on_end() override {}
    void on_writable() override {}
    void on_error(const Error&) override {}
    std::unique_ptr<ByteStream> stream;
  };
  struct Accepting final : ListenerEvents {
    void on_accept(std::unique_ptr<ByteStream> stream) override {
      connections.push_back(std::make_unique<Connection>(std::move(stream)));
    }
    void on_accept_error(const Error&) override {}
    std::vector<std::unique_ptr<Connection>> connections;
  };
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Listener> listener_;
  SocketAddress address_;
  Accepting accepting_;
  std::thread thread_;
};

// A client that sends the next byte when the last one has come back, until it is destroyed.
class PingPong final : private ByteStreamEvents {
 public:
  explicit PingPong(const SocketAddress& address) : loop_(std::move(EventLoop::create()).value()) {
    operation_ = NetDialer(*loop_).dial(address, kNever, [this](auto stream) {
      ASSERT_TRUE(stream.ok());
      stream_ = std::move(*stream);
      stream_->start(*this);
      send();
    });
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~PingPong() {
    loop_->stop();
    thread_.join();
    stream_.reset();
    operation_.reset();
  }
  int rounds() const { return rounds_.load(); }
  bool broken() const { return broken_.load(); }
  void wait_for_more(int rounds) const {
    const int until = rounds_.load() + rounds;
    for (int now = rounds_.load(); now < until && !broken_; now = rounds_.load()) rounds_.wait(now);
  }

 private:
  void send() {
    const iovec piece{&byte_, 1};
    stream_->write({&piece, 1});
  }
  void on_bytes(const Slice&) override {
    ++rounds_;
    rounds_.notify_all();
    send();
  }
  void on_writable() override {}
  void on_end() override { fail(); }
  void on_error(const Error&) override { fail(); }
  void fail() {
    broken_ = true;
    ++rounds_;
    rounds_.notify_all();
  }
  char byte_ = 'x';
  std::atomic<int> rounds_{0};
  std::atomic<bool> broken_{false};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<PendingOperation> operation_;
  std::unique_ptr<ByteStream> stream_;
  std::thread thread_;
};

bool talks_to(const SocketAddress& address) {
  PingPong client(address);
  client.wait_for_more(10);
  return !client.broken();
}

// Open descriptors of this process that are sockets, epoll instances or eventfds.
std::vector<std::string> open_descriptors() {
  std::vector<std::string> found;
  for (int i = 3; i < 200; ++i) {
    char target[64] = {};
    if (readlink(("/proc/self/fd/" + std::to_string(i)).c_str(), target, sizeof target - 1) <= 0) continue;
    const std::string text = target;
    if (text.starts_with("socket:") || text.starts_with("anon_inode:")) found.push_back(text);
  }
  return found;
}

TEST(Fork, ChildrenUnderLoadStartAnewAndParentsGoOn) {
#ifdef GODWIT_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not follow threads that the child of a process with threads starts";
#endif
  EchoServer server;
  PingPong first(server.address()), second(server.address());
  first.wait_for_more(1);
  second.wait_for_more(1);
  for (int i = 0; i < 100; ++i) {
    first.wait_for_more(1);
    ASSERT_TRUE(ended_well(fork_with_loops([&] { return open_descriptors().empty() && talks_to(server.address()); })));
  }
  first.wait_for_more(10);
  second.wait_for_more(10);
  EXPECT_FALSE(first.broken()) << "the child's end was seen by a peer of the parent";
  EXPECT_FALSE(second.broken());
}

TEST(Fork, EveryLoopRestsBetweenTwoTurnsMeanwhile) {
  EchoServer server;
  PingPong client(server.address());
  client.wait_for_more(1);
  for (int i = 0; i < 200; ++i) {
    before_fork();
    const int rounds = client.rounds();
    for (int j = 0; j < 20; ++j) std::this_thread::yield();
    ASSERT_EQ(client.rounds(), rounds);
    after_fork_in_parent();
    client.wait_for_more(1);
  }
}

TEST(Fork, ALongTurnIsNotWaitedForLongerThanASecond) {
  auto loop = std::move(EventLoop::create()).value();
  std::atomic<int> step{0};
  Post hold([&] {
    step = 1;
    step.notify_all();
    step.wait(1);
  });
  loop->post(hold);
  std::thread thread([&] { loop->run(); });
  step.wait(0);
  const TimePoint begin = system_clock().now();
  EXPECT_TRUE(ended_well(fork_with_loops([] { return open_descriptors().empty(); })));
  EXPECT_GE(system_clock().now() - begin, 900ms);
  EXPECT_LT(system_clock().now() - begin, 5s);
  step = 2;
  step.notify_all();
  loop->stop();
  thread.join();
}

TEST(Fork, FromInsideATurnTheChildsRunReturns) {
  auto loop = std::move(EventLoop::create()).value();
  pid_t child = -1;
  Post forks([&] {
    before_fork();
    child = fork();
    if (child == 0) {
      after_fork_in_child();
    } else {
      after_fork_in_parent();
      loop->stop();
    }
  });
  loop->post(forks);
  loop->run();
  if (child == 0) _exit(open_descriptors().empty() ? 0 : 1);
  EXPECT_TRUE(ended_well(child));
}

TEST(Fork, WhatBelongsToTheParentMayBeDroppedAndPostedToWithoutHarm) {
  EchoServer server;
  auto loop = std::move(EventLoop::create()).value();
  auto* old = new OwnedDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  Post nothing([] {});
  const std::uint64_t generation = fork_generation();
  EXPECT_TRUE(ended_well(fork_with_loops([&] {
    const int number = open("/dev/zero", O_RDONLY | O_CLOEXEC);  // takes the number of one that was closed
    server.loop().post(nothing);
    const bool invalid = !old->valid();
    delete old;
    loop.reset();
    char byte = 1;
    return invalid && fork_generation() != generation && read(number, &byte, 1) == 1 && byte == 0;
  })));
  EXPECT_EQ(fork_generation(), generation);
  EXPECT_TRUE(old->valid());
  delete old;
}

TEST(Fork, SeveralThreadsForkAtOnce) {
  EchoServer server;
  PingPong client(server.address());
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) good += ended_well(fork_with_loops([] { return open_descriptors().empty(); }));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
  client.wait_for_more(10);
  EXPECT_FALSE(client.broken());
}

TEST(Fork, WaitsForSectionsThatAskForItAndTheyWaitForIt) {
  std::atomic<int> step{0};
  std::thread thread([&] {
    {
      const ForkWaits section;
      step = 1;
      step.notify_all();
      std::this_thread::sleep_for(30ms);
      step = 2;
    }
    step.wait(2);
    const ForkWaits section;  // begins when the fork is over
    step = 4;
  });
  step.wait(0);
  before_fork();
  EXPECT_EQ(step, 2);
  step = 3;
  step.notify_all();
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ(step, 3);
  after_fork_in_parent();
  thread.join();
  EXPECT_EQ(step, 4);
}

}  // namespace
}  // namespace godwit::net
