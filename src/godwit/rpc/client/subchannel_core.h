#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "godwit/async/byte_stream.h"
#include "godwit/async/timer.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/client/backoff.h"
#include "godwit/rpc/client/call_list.h"
#include "godwit/rpc/client/subchannel.h"

namespace godwit::rpc {

class ChannelCore;
class SubchannelCore;

// One connection from its making to its end. Owned by the channel, so that it outlives its subchannel while calls run.
struct Connection final : http::ExchangeClientEvents {
  explicit Connection(ChannelCore& core, SubchannelCore& sub) : channel(core), owner(&sub) {}
  void on_capacity() override;
  void on_draining(std::string_view reason) override;
  void on_disconnected(std::string_view reason) override;

  ChannelCore& channel;
  SubchannelCore* owner;  // nullptr: takes no new calls
  std::unique_ptr<PendingOperation> attempt;
  std::unique_ptr<http::ExchangeClient> client;
};

// The channel's own subchannel.
class SubchannelCore final : public Subchannel, public std::enable_shared_from_this<SubchannelCore>, private Timer {
 public:
  SubchannelCore(ChannelCore& channel, SocketAddress address, Attributes attributes);
  ~SubchannelCore() override;

  ConnectivityState state() const override { return state_; }
  void connect() override;
  void reset_backoff() override;
  void watch(SubchannelWatcher* watcher) override { watcher_ = watcher; }
  const SocketAddress& address() const override { return address_; }
  const Attributes& attributes() const override { return attributes_; }
  TimePoint next_attempt() const override { return next_attempt_; }
  SubchannelCore& core() override { return *this; }

  // Sends the call now, or when the peer's limit of concurrent calls allows it. False when it is not READY.
  bool carry(Call& call);
  // Who answers, for messages; the address while there is no connection.
  std::string_view peer() const;
  // The channel ends: no more attempts and no more events.
  void close();

 private:
  friend struct Connection;
  void on_connected(Result<std::unique_ptr<http::ExchangeClient>, Error> result);
  void on_timer() override;  // the pause is over
  void set_state(ConnectivityState state, const Status& status);
  void on_capacity();
  // The connection takes no more calls; those that wait for it are picked again.
  void lose_connection();

  ChannelCore* channel_;  // nullptr when the channel has ended
  SocketAddress address_;
  Attributes attributes_;
  std::string uri_;
  Backoff backoff_;
  ConnectivityState state_ = ConnectivityState::kIdle;
  TimePoint next_attempt_{};
  SubchannelWatcher* watcher_ = nullptr;
  Connection* connection_ = nullptr;
  CallList waiting_;  // for the peer's limit, first come first served

  friend class ChannelCore;
  SubchannelCore* previous_ = nullptr;  // the channel's list
  SubchannelCore* next_ = nullptr;
};

}  // namespace godwit::rpc
