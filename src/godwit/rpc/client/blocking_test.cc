// Calls from threads that wait, and cancellation from other threads. The loop here is a small one of its own: a thread
// that runs posted work and timers, with real time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "godwit/rpc/client/blocking.h"
#include "godwit/rpc/client/deferred.h"
#include "godwit/rpc/client/fakes_for_test.h"

namespace godwit::rpc {
namespace {

using fake::framed;
using std::chrono::seconds;

// A loop on a thread of its own.
class ThreadLoop final : public Executor {
 public:
  ThreadLoop() : thread_([this] { run(); }) {}
  ~ThreadLoop() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      changed_.notify_one();
    }
    thread_.join();
  }
  void post(Work& work) override {
    const std::lock_guard lock(mutex_);
    work.next_work = nullptr;
    (last_ ? last_->next_work : first_) = &work;
    last_ = &work;
    changed_.notify_one();
  }
  bool on_loop() const override { return std::this_thread::get_id() == thread_.get_id(); }
  void at_turn_end(Work&) override { GODWIT_ASSERT(false && "not needed here"); }
  void withdraw(Work&) override {}
  TimePoint now() const override { return system_clock().now(); }
  TimerWheel& timers() override { return wheel_; }
  Random& random() override { return random_; }
  const Clock& clock() const override { return system_clock(); }

  // Runs `function` on the loop and waits for it.
  void call(std::function<void()> function) {
    struct Once final : Work {
      void run() override {
        function();
        const std::lock_guard lock(mutex);
        done = true;
        changed.notify_one();
      }
      std::function<void()> function;
      std::mutex mutex;
      std::condition_variable changed;
      bool done = false;
    } work;
    work.function = std::move(function);
    post(work);
    std::unique_lock lock(work.mutex);
    work.changed.wait(lock, [&] { return work.done; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_ || first_) {
      if (Work* work = first_) {
        first_ = work->next_work;
        if (!first_) last_ = nullptr;
        lock.unlock();
        work->run();
        lock.lock();
        continue;
      }
      lock.unlock();
      const bool fired = wheel_.advance(now()) > 0;
      const TimePoint next = wheel_.next();
      lock.lock();
      if (fired || first_) continue;
      if (next == kNever) {
        changed_.wait(lock, [this] { return stop_ || first_; });
      } else {
        changed_.wait_for(lock, std::max(next - now(), Duration(1)));
      }
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  Work* first_ = nullptr;
  Work* last_ = nullptr;
  bool stop_ = false;
  TimerWheel wheel_{system_clock().now()};
  SeededRandom random_{1};
  std::thread thread_;
};

// A server that echoes each message at once; the request "hang" is never answered.
class EchoExchange final : public http::Exchange {
 public:
  EchoExchange(Executor& executor, http::ExchangeEvents& events, const http::ConnectionInfo& info)
      : executor_(executor), events_(events), info_(info), step_([this] { step(); }) {}
  void send_headers(const http::PreparedFields&, std::span<const http::Field>, bool) override {}
  void send_body(Bytes bytes, bool end) override {
    in_ += as_text(bytes);
    ended_ = ended_ || end;
    if (!step_.scheduled()) step_.schedule(executor_);
  }
  void send_body(const Slice& slice, bool end) override { send_body(slice.bytes(), end); }
  void send_trailers(const http::PreparedFields&, std::span<const http::Field>) override {}
  void reset(http::ResetReason) override {
    reset_ = true;
    if (!step_.scheduled()) step_.schedule(executor_);
  }
  void consumed(std::size_t bytes) override {
    window_ += bytes;
    if (!closed && !step_.scheduled()) step_.schedule(executor_);
  }
  std::size_t queued() const override { return in_.size(); }
  const http::ConnectionInfo& connection() const override { return info_; }
  bool closed = false;

 private:
  void give(http::HeadersKind kind, const fake::FieldPairs& fields, bool end) {
    http::FieldViews views;
    for (const auto& [name, value] : fields) views.push_back({name, value, http::token_of(name), nullptr});
    events_.on_headers(kind, views, end);
  }
  void close() {
    closed = true;
    events_.on_closed();
  }
  void step() {
    if (closed) return;
    if (reset_) return close();
    if (in_.find("hang") != std::string::npos) return;
    if (!std::exchange(answered_, true))
      give(http::HeadersKind::kResponse, {{":status", "200"}, {"content-type", "application/grpc"}, {"k", "v"}}, false);
    // As much as the window allows.
    const std::size_t n = std::min(in_.size(), window_);
    if (n > 0 && !reset_) {
      const Slice slice = Slice::copy_of(as_bytes(in_).first(n));
      window_ -= n;
      in_.erase(0, n);
      events_.on_body({slice.bytes(), slice.owner()}, false);
      if (!reset_) events_.on_writable();
    }
    if (reset_) return close();
    if (in_.empty() && ended_) {
      give(http::HeadersKind::kTrailers, {{"grpc-status", "0"}}, true);
      return close();
    }
    if (!in_.empty() && window_ > 0 && !step_.scheduled()) step_.schedule(executor_);
  }
  Executor& executor_;
  http::ExchangeEvents& events_;
  const http::ConnectionInfo& info_;
  Deferred step_;
  std::string in_;
  std::size_t window_ = 65535;
  bool ended_ = false;
  bool reset_ = false;
  bool answered_ = false;
};

class EchoClient final : public http::ExchangeClient {
 public:
  explicit EchoClient(Executor& executor) : executor_(executor) { info_.peer = "echo"; }
  http::Exchange* open(const http::PreparedFields&, std::span<const http::Field>, bool end,
                       http::ExchangeEvents& events) override {
    exchanges_.push_back(std::make_unique<EchoExchange>(executor_, events, info_));
    if (end) exchanges_.back()->send_body(Bytes(), true);
    return exchanges_.back().get();
  }
  ~EchoClient() override {
    for (auto& exchange : exchanges_) {
      if (!exchange->closed) GODWIT_ASSERT(false && "a call outlived its channel's end");
    }
  }
  bool can_open() const override { return true; }
  void drain() override {}
  const http::ConnectionInfo& info() const override { return info_; }
  http::ConnectionStats stats() const override { return {}; }

 private:
  Executor& executor_;
  http::ConnectionInfo info_;
  std::vector<std::unique_ptr<EchoExchange>> exchanges_;
};

class EchoConnector final : public godwit::Connector {
 public:
  explicit EchoConnector(Executor& executor)
      : executor_(executor),
        ready_([this] { done_(std::unique_ptr<http::ExchangeClient>(std::make_unique<EchoClient>(executor_))); }) {}
  std::unique_ptr<PendingOperation> connect(const ConnectRequest&, http::ExchangeClientEvents&, Done done) override {
    done_ = std::move(done);
    ready_.schedule(executor_);
    return std::make_unique<PendingOperation>();
  }

 private:
  Executor& executor_;
  Done done_;
  Deferred ready_;
};

class BlockingTest : public ::testing::Test {
 protected:
  BlockingTest() {
    loop.call([this] {
      ChannelOptions options;
      options.connector = std::make_shared<EchoConnector>(loop);
      channel = std::move(*Channel::create(loop, "ipv4:10.0.0.1:80", std::move(options)));
    });
  }
  ~BlockingTest() override {
    // The exchanges' last events are theirs to give, in the next turn of the timers.
    std::promise<void> turned;
    Deferred turn([&turned] { turned.set_value(); });
    loop.call([this, &turn] { turn.schedule(loop); });
    turned.get_future().wait();
    loop.call([this] { channel.reset(); });
  }
  ThreadLoop loop;
  std::unique_ptr<Channel> channel;
};

TEST_F(BlockingTest, Unary) {
  for (int i = 0; i < 200; ++i) {
    ClientContext context;
    const std::string text = "message " + std::to_string(i);
    BlockingReply reply =
        i % 2 ? blocking_unary(*channel, fake::kUnaryMethod, &context, as_bytes(framed(text)))
              : blocking_unary(*channel, fake::kUnaryMethod, &context, Slice::copy_of(as_bytes(framed(text))));
    ASSERT_TRUE(reply.status.ok()) << reply.status.text();
    EXPECT_EQ(as_text(reply.message.bytes()), text);
    EXPECT_EQ(context.initial_metadata().find("k"), "v");
    EXPECT_EQ(context.peer(), "echo");
  }
}

TEST_F(BlockingTest, ManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(t * 1000 + i);
        const BlockingReply reply = blocking_unary(*channel, fake::kUnaryMethod, nullptr, as_bytes(framed(text)));
        good += reply.status.ok() && as_text(reply.message.bytes()) == text;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST_F(BlockingTest, CancelFromAnotherThread) {
  ClientContext context;
  std::thread canceller([&] { context.cancel(); });  // before, during or after the start: all the same
  const BlockingReply reply = blocking_unary(*channel, fake::kUnaryMethod, &context, as_bytes(framed("hang")));
  canceller.join();
  EXPECT_EQ(reply.status.code(), StatusCode::kCancelled);
  // Late cancels, with the call gone.
  for (int i = 0; i < 50; ++i) {
    ClientContext other;
    (void)blocking_unary(*channel, fake::kUnaryMethod, &other, as_bytes(framed("x")));
    other.cancel();
  }
}

TEST_F(BlockingTest, Deadline) {
  ClientContext context;
  context.set_timeout(std::chrono::milliseconds(20));
  const BlockingReply reply = blocking_unary(*channel, fake::kUnaryMethod, &context, as_bytes(framed("hang")));
  EXPECT_EQ(reply.status.code(), StatusCode::kDeadlineExceeded);
}

TEST_F(BlockingTest, OnTheLoopItselfItRefuses) {
  loop.call([this] {
    const BlockingReply reply = blocking_unary(*channel, fake::kUnaryMethod, nullptr, as_bytes(framed("x")));
    EXPECT_EQ(reply.status.code(), StatusCode::kFailedPrecondition);
    BlockingCall call(*channel, fake::kBidi, nullptr);
    EXPECT_FALSE(call.write(as_bytes(framed("x"))));
    EXPECT_EQ(call.finish().code(), StatusCode::kFailedPrecondition);
  });
}

TEST_F(BlockingTest, StreamsBothWaysWithTwoThreads) {
  constexpr int kMessages = 3000;
  BlockingCall call(*channel, fake::kBidi, nullptr);
  std::thread writer([&] {
    for (int i = 0; i < kMessages; ++i) {
      if (!call.write(as_bytes(framed(std::to_string(i) + std::string(300, 'w'))))) break;
    }
    call.close_sending();
  });
  int next = 0;
  Slice message;
  while (call.read(message)) {
    ASSERT_EQ(as_text(message.bytes()), std::to_string(next) + std::string(300, 'w'));
    ++next;
  }
  writer.join();
  EXPECT_EQ(next, kMessages);
  EXPECT_TRUE(call.finish().ok());
}

TEST_F(BlockingTest, FinishWithoutReading) {
  BlockingCall call(*channel, fake::kBidi, nullptr);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(call.write(as_bytes(framed(std::string(1000, 'x')))));
  EXPECT_TRUE(call.finish().ok());
  EXPECT_FALSE(call.write(as_bytes(framed("x"))));
}

TEST_F(BlockingTest, CancelAndAbandon) {
  BlockingCall cancelled(*channel, fake::kBidi, nullptr);
  ASSERT_TRUE(cancelled.write(as_bytes(framed("hang"))));
  std::thread canceller([&] { cancelled.cancel(); });
  Slice message;
  EXPECT_FALSE(cancelled.read(message));
  canceller.join();
  EXPECT_EQ(cancelled.finish().code(), StatusCode::kCancelled);
  {
    BlockingCall abandoned(*channel, fake::kBidi, nullptr);
    ASSERT_TRUE(abandoned.write(as_bytes(framed("hang"))));
  }
  EXPECT_TRUE(blocking_unary(*channel, fake::kUnaryMethod, nullptr, as_bytes(framed("still there"))).status.ok());
}

}  // namespace
}  // namespace godwit::rpc
