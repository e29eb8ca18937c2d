#include "godwit/rpc/client/subchannel_core.h"

#include <algorithm>
#include <utility>

#include "godwit/base/log.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/channel_core.h"

namespace godwit::rpc {

void Connection::on_capacity() {
  const ChannelCore::Entered entered(channel);
  if (owner) owner->on_capacity();
}

void Connection::on_draining(std::string_view reason) {
  const ChannelCore::Entered entered(channel);
  if (log_enabled(LogLevel::kInfo)) {
    log(LogLevel::kInfo, "channel",
        client->info().peer + " takes no new calls on this connection: " + std::string(reason));
  }
  channel.drain_later(*this);
  if (owner) owner->lose_connection();
}

void Connection::on_disconnected(std::string_view reason) {
  const ChannelCore::Entered entered(channel);
  if (owner && log_enabled(LogLevel::kInfo)) {
    log(LogLevel::kInfo, "channel",
        "the connection to " + std::string(owner->peer()) + " ended: " + std::string(reason));
  }
  channel.bury(*this);
  if (owner) owner->lose_connection();
}

SubchannelCore::SubchannelCore(ChannelCore& channel, SocketAddress address, Attributes attributes)
    : channel_(&channel),
      address_(std::move(address)),
      attributes_(std::move(attributes)),
      uri_(uri_of(address_)),
      backoff_(channel.options().backoff) {
  channel.add_subchannel(*this);
}

SubchannelCore::~SubchannelCore() {
  watcher_ = nullptr;
  close();
}

void SubchannelCore::close() {
  if (!channel_) return;
  ChannelCore& channel = *std::exchange(channel_, nullptr);
  cancel();
  state_ = ConnectivityState::kShutdown;
  channel.remove_subchannel(*this);
  channel.requeue(waiting_);
  if (Connection* connection = std::exchange(connection_, nullptr)) {
    connection->owner = nullptr;
    if (connection->client) {
      channel.drain_later(*connection);
    } else {
      connection->attempt.reset();  // given up: on_connected() will not be called
      channel.bury(*connection);
    }
  }
}

std::string_view SubchannelCore::peer() const {
  return connection_ && connection_->client ? std::string_view(connection_->client->info().peer) : uri_;
}

void SubchannelCore::connect() {
  if (state_ != ConnectivityState::kIdle || !channel_) return;
  const TimePoint now = channel_->executor().now();
  const Duration pause = backoff_.next(channel_->executor().random());
  next_attempt_ = add_saturating(now, pause);
  const TimePoint deadline = add_saturating(now, std::max(pause, channel_->options().min_connect_timeout));
  connection_ = &channel_->make_connection(*this);
  state_ = ConnectivityState::kConnecting;
  const ConnectRequest request{address_, attributes_, channel_->authority(), deadline};
  connection_->attempt = channel_->options().connector->connect(
      request, *connection_, [this](auto result) { on_connected(std::move(result)); });
  if (watcher_) watcher_->on_subchannel_state(state_, Status());
}

void SubchannelCore::on_connected(Result<std::unique_ptr<http::ExchangeClient>, Error> result) {
  const ChannelCore::Entered entered(*channel_);
  const std::shared_ptr<SubchannelCore> self = shared_from_this();
  if (result) {
    // What made the connection has ended, but its callback still runs.
    channel_->bury(std::move(connection_->attempt));
    connection_->client = std::move(*result);
    backoff_.reset();
    if (log_enabled(LogLevel::kInfo)) log(LogLevel::kInfo, "channel", "connected to " + std::string(peer()));
    return set_state(ConnectivityState::kReady, Status());
  }
  channel_->bury(*std::exchange(connection_, nullptr));
  const TimePoint now = channel_->executor().now();
  next_attempt_ = std::max(next_attempt_, now);
  channel_->executor().timers().schedule(*this, next_attempt_);
  const Status status(StatusCode::kUnavailable, "connecting to " + uri_ + ": " + result.error().message);
  if (log_enabled(LogLevel::kInfo)) log(LogLevel::kInfo, "channel", status.message());
  set_state(ConnectivityState::kTransientFailure, status);
}

void SubchannelCore::on_timer() {
  const ChannelCore::Entered entered(*channel_);
  const std::shared_ptr<SubchannelCore> self = shared_from_this();
  set_state(ConnectivityState::kIdle, Status());
}

void SubchannelCore::reset_backoff() {
  backoff_.reset();
  if (state_ != ConnectivityState::kTransientFailure || !channel_) return;
  cancel();
  next_attempt_ = channel_->executor().now();
  const std::shared_ptr<SubchannelCore> self = shared_from_this();
  set_state(ConnectivityState::kIdle, Status());
}

void SubchannelCore::set_state(ConnectivityState state, const Status& status) {
  state_ = state;
  if (watcher_) watcher_->on_subchannel_state(state, status);
}

void SubchannelCore::lose_connection() {
  const std::shared_ptr<SubchannelCore> self = shared_from_this();
  std::exchange(connection_, nullptr)->owner = nullptr;
  channel_->requeue(waiting_);
  set_state(ConnectivityState::kIdle, Status());
}

bool SubchannelCore::carry(Call& call) {
  if (state_ != ConnectivityState::kReady) return false;
  if (!waiting_.empty() || !call.open_on(*connection_->client)) {
    call.stage_ = Call::Stage::kWaitingForStream;
    waiting_.push_back(call.queue_link_);
  }
  return true;
}

void SubchannelCore::on_capacity() {
  // Each one is taken out before it is sent: what it causes may change everything.
  const std::shared_ptr<SubchannelCore> self = shared_from_this();
  while (connection_ && connection_->client && connection_->client->can_open()) {
    Call* call = waiting_.pop_front();
    if (!call) return;
    if (!call->open_on(*connection_->client)) {
      waiting_.push_front(call->queue_link_);
      return;
    }
  }
}

}  // namespace godwit::rpc
