#pragma once

// For the tests of net alone: records what streams and listeners say, and turns a loop until something has happened.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/async/byte_stream.h"
#include "godwit/net/dialer.h"
#include "godwit/net/event_loop.h"
#include "godwit/net/listener.h"

namespace godwit::net {

// A loop on the test's own thread. Whatever records an event calls happened().
class TestLoop {
 public:
  TestLoop() : loop_(std::move(EventLoop::create()).value()), guard_(*loop_) {}
  EventLoop& loop() { return *loop_; }
  EventLoop* operator->() { return loop_.get(); }

  // Turns until `condition` holds; it is asked after each recorded event. A failure after 20 s.
  void run_until(std::function<bool()> condition) {
    if (condition()) return;
    condition_ = std::move(condition);
    guard_.expired = false;
    loop_->timers().schedule(guard_, add_saturating(loop_->now(), std::chrono::seconds(20)));
    loop_->run();
    guard_.cancel();
    condition_ = nullptr;
    ASSERT_FALSE(guard_.expired) << "what the test waits for did not happen";
  }
  // Turns until everything that is ready now has been dealt with, and `turns` more turns.
  void run_turns(int turns) {
    class Turn final : public Work {
     public:
      void run() override {
        if (--left > 0) return loop->at_turn_end(*this);
        loop->stop();
      }
      EventLoop* loop = nullptr;
      int left = 0;
    } turn;
    turn.loop = loop_.get();
    turn.left = turns;
    loop_->at_turn_end(turn);
    loop_->run();
  }
  void happened() {
    if (condition_ && condition_()) loop_->stop();
  }

 private:
  class Guard final : public Timer {
   public:
    explicit Guard(EventLoop& loop) : loop_(loop) {}
    bool expired = false;

   private:
    void on_timer() override {
      expired = true;
      loop_.stop();
    }
    EventLoop& loop_;
  };
  std::unique_ptr<EventLoop> loop_;
  Guard guard_;
  std::function<bool()> condition_;
};

// One end of a connection. Writes what it is given as the stream takes it.
class Recorder final : public ByteStreamEvents {
 public:
  Recorder(TestLoop& loop, std::unique_ptr<ByteStream> stream) : loop_(loop), stream(std::move(stream)) {
    this->stream->start(*this);
  }
  void send(std::string_view text) {
    to_send += text;
    flush();
  }
  void flush() {
    while (!to_send.empty()) {
      const iovec piece{to_send.data(), to_send.size()};
      const std::size_t taken = stream->write({&piece, 1});
      sent += taken;
      const bool all = taken == to_send.size();
      to_send.erase(0, taken);
      if (!all) return;
    }
  }

  void on_bytes(const Slice& bytes) override {
    ++reads;
    received += as_text(bytes.bytes());
    if (bytes_action) bytes_action(bytes);
    loop_.happened();
  }
  void on_end() override {
    ++ends;
    if (end_action) end_action();
    loop_.happened();
  }
  void on_writable() override {
    ++writables;
    flush();
    loop_.happened();
  }
  void on_error(const Error& error) override {
    errors.push_back(error.message);
    if (error_action) error_action();
    loop_.happened();
  }

 private:
  TestLoop& loop_;

 public:
  std::string to_send, received;
  std::vector<std::string> errors;
  std::size_t sent = 0;
  int reads = 0, ends = 0, writables = 0;
  std::function<void(const Slice&)> bytes_action;
  std::function<void()> end_action, error_action;
  std::unique_ptr<ByteStream> stream;
};

// Accepts everything.
class Acceptor final : public ListenerEvents {
 public:
  Acceptor(TestLoop& loop, std::unique_ptr<Listener> listener) : loop_(loop), listener(std::move(listener)) {
    this->listener->start(*this);
  }
  void on_accept(std::unique_ptr<ByteStream> stream) override {
    accepted.push_back(std::make_unique<Recorder>(loop_, std::move(stream)));
    if (accept_action) accept_action(*accepted.back());
    loop_.happened();
  }
  void on_accept_error(const Error& error) override {
    errors.push_back(error.message);
    if (error_action) error_action();
    loop_.happened();
  }

 private:
  TestLoop& loop_;

 public:
  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<Recorder>> accepted;
  std::vector<std::string> errors;
  std::function<void(Recorder&)> accept_action;
  std::function<void()> error_action;
};

inline std::unique_ptr<Listener> must_listen(EventLoop& loop, const SocketAddress& address) {
  auto listener = listen(loop, address);
  EXPECT_TRUE(listener.ok()) << listener.error().message;
  return std::move(listener).value();
}

// The outcome of a dial: the stream, or null and the text of the error.
inline std::unique_ptr<ByteStream> dial(TestLoop& loop, const SocketAddress& address, std::string* error = nullptr,
                                        TimePoint deadline = kNever) {
  NetDialer dialer(loop.loop());
  std::unique_ptr<ByteStream> result;
  bool done = false;
  bool inside = true;
  const auto operation = dialer.dial(address, deadline, [&](Result<std::unique_ptr<ByteStream>, Error> outcome) {
    EXPECT_FALSE(inside) << "called from inside dial()";
    done = true;
    if (outcome.ok()) {
      result = std::move(*outcome);
    } else if (error) {
      *error = outcome.error().message;
    } else {
      ADD_FAILURE() << outcome.error().message;
    }
    loop.happened();
  });
  inside = false;
  loop.run_until([&] { return done; });
  return result;
}

// Both ends of one connection over loopback.
struct Pair {
  Pair(TestLoop& loop, const SocketAddress& address) : acceptor(loop, must_listen(loop.loop(), address)) {
    client = std::make_unique<Recorder>(loop, dial(loop, acceptor.listener->address()));
    loop.run_until([&] { return acceptor.accepted.size() == 1; });
    server = std::move(acceptor.accepted[0]);
  }
  Acceptor acceptor;
  std::unique_ptr<Recorder> client, server;
};

}  // namespace godwit::net
