#pragma once

#include <coroutine>
#include <memory>
#include <string_view>

#include "godwit/async/executor.h"
#include "godwit/async/timer.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/rpc/client/connectivity.h"
#include "godwit/rpc/client/options.h"

namespace godwit {

namespace rpc {
class ChannelCore;
}

// The way to a service: resolves its target, connects, balances the load, and carries calls. A channel belongs to one
// loop: everything here is for that loop's thread, and calls complete there. Other threads use rpc/client/blocking.h.
//
// It connects at the first call (or connect()), and again after a connection was lost.
class Channel {
 public:
  // `target`: "dns:///host:port", "host:port", "ipv4:1.2.3.4:80,5.6.7.8:80", "ipv6:[::1]:80", "unix:/path",
  // "unix-abstract:name". Nothing is connected yet. Fails when the target or an option is wrong, saying what to do.
  static Result<std::unique_ptr<Channel>, Error> create(Executor& executor, std::string_view target,
                                                        ChannelOptions options);
  // Ends every call with CANCELLED and closes the connections. May be called from inside a call's events.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // For good: every running call ends with CANCELLED before this returns, new ones fail with UNAVAILABLE.
  void shutdown();

  ConnectivityState state() const;
  // Leaves IDLE.
  void connect();
  // Ends the pauses between attempts, for users who know that the network is back.
  void reset_backoff();

  void add_watcher(ConnectivityWatcher& watcher);
  void remove_watcher(ConnectivityWatcher& watcher);

  // co_await channel->state_change(last, deadline): true as soon as the state is another than `last`, false at the
  // deadline. The channel must outlive the await.
  class StateChange;
  StateChange state_change(ConnectivityState last, TimePoint deadline = kNever);

  std::string_view target() const;
  Executor& executor() const;

  // For the layers above.
  rpc::ChannelCore& core() const { return *core_; }

 private:
  explicit Channel(std::unique_ptr<rpc::ChannelCore> core);
  std::unique_ptr<rpc::ChannelCore> core_;
};

// One co_await; not to be kept.
class Channel::StateChange final : private ConnectivityWatcher, private Timer {
 public:
  StateChange(Channel& channel, ConnectivityState last, TimePoint deadline)
      : channel_(channel), last_(last), deadline_(deadline) {}
  ~StateChange() override;
  bool await_ready() const { return channel_.state() != last_; }
  void await_suspend(std::coroutine_handle<> waiter);
  bool await_resume() const { return !timed_out_; }

 private:
  void on_state(ConnectivityState state, const Status& status) override;
  void on_timer() override;
  void resume();

  Channel& channel_;
  ConnectivityState last_;
  TimePoint deadline_;
  std::coroutine_handle<> waiter_;
  bool timed_out_ = false;
};

}  // namespace godwit
