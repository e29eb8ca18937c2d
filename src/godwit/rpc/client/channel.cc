#include "godwit/rpc/client/channel.h"

#include <utility>

#include "godwit/rpc/client/channel_core.h"

namespace godwit {

Result<std::unique_ptr<Channel>, Error> Channel::create(Executor& executor, std::string_view target,
                                                        ChannelOptions options) {
  auto core = rpc::ChannelCore::make(executor, target, std::move(options));
  if (!core) return Failure(core.error());
  return std::unique_ptr<Channel>(new Channel(std::move(*core)));
}

Channel::Channel(std::unique_ptr<rpc::ChannelCore> core) : core_(std::move(core)) {}

Channel::~Channel() { rpc::ChannelCore::dispose(std::move(core_)); }

void Channel::shutdown() { core_->shutdown(); }
ConnectivityState Channel::state() const { return core_->state(); }
void Channel::connect() { core_->leave_idle(); }
void Channel::reset_backoff() { core_->reset_backoff(); }
void Channel::add_watcher(ConnectivityWatcher& watcher) { core_->add_watcher(watcher); }
void Channel::remove_watcher(ConnectivityWatcher& watcher) { core_->remove_watcher(watcher); }
std::string_view Channel::target() const { return core_->target(); }
Executor& Channel::executor() const { return core_->executor(); }

Channel::StateChange Channel::state_change(ConnectivityState last, TimePoint deadline) {
  return StateChange(*this, last, deadline);
}

Channel::StateChange::~StateChange() {
  if (waiter_) channel_.remove_watcher(*this);
}

void Channel::StateChange::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  channel_.add_watcher(*this);
  if (deadline_ != kNever) channel_.executor().timers().schedule(*this, deadline_);
}

void Channel::StateChange::on_state(ConnectivityState state, const Status&) {
  if (state != last_) resume();
}

void Channel::StateChange::on_timer() {
  timed_out_ = true;
  resume();
}

void Channel::StateChange::resume() {
  channel_.remove_watcher(*this);
  cancel();
  std::exchange(waiter_, {}).resume();  // may destroy this
}

}  // namespace godwit
