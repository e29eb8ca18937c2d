#include "godwit/rpc/client/channel_core.h"

#include <algorithm>
#include <utility>

#include "godwit/base/log.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/call_pool.h"
#include "godwit/rpc/client/user_agent.h"

namespace godwit::rpc {
namespace {

// gRFC A54: resolvers and policies may not use the codes that belong to applications.
Status control_plane_status(Status status) {
  switch (status.code()) {
    case StatusCode::kOk:
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kAborted:
    case StatusCode::kOutOfRange:
    case StatusCode::kDataLoss:
      return Status(StatusCode::kInternal, "the resolver or the load balancing policy said " + status.text() +
                                               ", a code that only servers may use");
    default:
      return status;
  }
}

// Deletes a channel that was destroyed from inside one of its own events.
class LateDeletion final : public Timer {
 public:
  explicit LateDeletion(std::unique_ptr<ChannelCore> core) : core_(std::move(core)) {}

 private:
  void on_timer() override { delete this; }
  std::unique_ptr<ChannelCore> core_;
};

}  // namespace

Result<std::unique_ptr<ChannelCore>, Error> ChannelCore::make(Executor& executor, std::string_view target,
                                                              ChannelOptions options) {
  if (!options.connector) return Failure(Error("ChannelOptions::connector is not set: nothing can make connections"));
  auto parsed = parse_target(target, *options.resolvers);
  if (!parsed) return Failure(parsed.error());
  const ResolverFactory* resolver_factory = options.resolvers->find(parsed->scheme);
  if (!resolver_factory) {
    return Failure(Error("target '" + parsed->text + "': ChannelOptions::resolvers has no '" + parsed->scheme + "'"));
  }
  const LoadBalancingPolicyFactory* policy_factory = options.policies->find(options.load_balancing_policy);
  if (!policy_factory) {
    return Failure(Error("there is no load balancing policy '" + options.load_balancing_policy +
                         "'; pick_first and round_robin are built in, others are added to ChannelOptions::policies"));
  }
  auto resolver = resolver_factory->make(*parsed, {executor, options.name_lookup, options.resolver});
  if (!resolver) return Failure(resolver.error());
  if (options.authority.empty()) options.authority = resolver_factory->default_authority(*parsed);
  std::unique_ptr<ChannelCore> core(new ChannelCore(executor, std::move(*parsed), std::move(options)));
  core->resolver_ = std::move(*resolver);
  auto policy = policy_factory->make(*core, core->options_.load_balancing_config);
  if (!policy) return Failure(policy.error());
  core->policy_ = std::move(*policy);
  return core;
}

ChannelCore::ChannelCore(Executor& executor, Target target, ChannelOptions options)
    : executor_(executor),
      target_(std::move(target)),
      options_(std::move(options)),
      authority_(options_.authority),
      user_agent_(options_.user_agent_prefix.empty() ? std::string(kUserAgent)
                                                     : options_.user_agent_prefix + " " + std::string(kUserAgent)),
      pool_(new CallPool),
      deferred_([this] { run_deferred(); }) {
  bare_headers_.first = std::make_unique<http::PreparedFields>(std::vector<http::Field>{
      {http::FieldToken::kMethod, "POST"}, {http::FieldToken::kScheme, options_.connector->scheme()}});
  bare_headers_.complete = false;
}

ChannelCore::~ChannelCore() {
  shutdown();
  // Connections end before the headers they have seen.
  buried_connections_.clear();
  buried_operations_.clear();
  pool_->close();
}

void ChannelCore::dispose(std::unique_ptr<ChannelCore> core) {
  core->shutdown();
  if (core->entered_ == 0) return;
  ChannelCore& c = *core;
  auto* late = new LateDeletion(std::move(core));
  c.executor_.timers().schedule(*late, c.executor_.now() - 2 * TimerWheel::kTick);
}

void ChannelCore::shutdown() {
  if (state_ == ConnectivityState::kShutdown) return;
  set_state(ConnectivityState::kShutdown, Status(StatusCode::kUnavailable, "the channel was shut down"));
  const Entered entered(*this);
  // Calls end one by one; what an end causes may end others.
  while (Call* call = live_.front()) {
    call->finish(Status(StatusCode::kCancelled, "the channel to " + target_.text + " was shut down"));
  }
  picker_.reset();
  policy_.reset();
  resolver_.reset();
  while (subchannels_) subchannels_->close();
  for (auto& connection : connections_) {
    connection->owner = nullptr;
    buried_connections_.push_back(std::move(connection));
  }
  connections_.clear();
  draining_.clear();
  if (entered_ == 1) {
    buried_connections_.clear();
    buried_operations_.clear();
  } else {
    deferred_.schedule(executor_);
  }
}

const MethodHeaders& ChannelCore::make_headers(const ClientMethod& method) {
  if (headers_.size() <= method.index()) headers_.resize(method.index() + 1);
  auto made = std::make_unique<MethodHeaders>();
  made->first = std::make_unique<http::PreparedFields>(
      std::vector<http::Field>{{http::FieldToken::kMethod, "POST"},
                               {http::FieldToken::kScheme, options_.connector->scheme()},
                               {http::FieldToken::kPath, method.path()},
                               {http::FieldToken::kAuthority, authority_},
                               {http::FieldToken::kContentType, "application/grpc"},
                               {http::FieldToken::kTe, "trailers"},
                               {http::FieldToken::kUserAgent, user_agent_}});
  headers_[method.index()] = std::move(made);
  return *headers_[method.index()];
}

// --- calls ---

void ChannelCore::add_live(Call& call) { live_.push_back(call.live_link_); }

void ChannelCore::enqueue(Call& call) {
  call.stage_ = Call::Stage::kPicking;
  queue_.push_back(call.queue_link_);
}

void ChannelCore::requeue(CallList& calls) {
  if (calls.empty()) return;
  queue_.take_all(calls);
  process_queue_ = true;
  deferred_.schedule(executor_);
}

void ChannelCore::begin(Call& call) {
  if (state_ == ConnectivityState::kShutdown) return call.finish_inner(Status(state_status_));
  if (!picker_) {
    enqueue(call);
    return leave_idle();
  }
  PickResult result = picker_->pick({call.method().path(), call.context_ ? &call.context_->metadata() : nullptr});
  switch (result.kind()) {
    case PickResult::Kind::kSubchannel:
      // A connection that was just lost: the policy knows and makes a new picker.
      if (!result.chosen()->core().carry(call)) enqueue(call);
      return;
    case PickResult::Kind::kQueue:
      enqueue(call);
      if (state_ == ConnectivityState::kIdle) leave_idle();
      return;
    case PickResult::Kind::kFail:
      if (!call.wait_for_ready_) return call.finish_inner(control_plane_status(std::move(result.status())));
      call.wait_reason_ = std::move(result.status());
      return enqueue(call);
    case PickResult::Kind::kDrop:
      return call.finish_inner(control_plane_status(std::move(result.status())));
  }
}

// --- resolver and policy ---

void ChannelCore::leave_idle() {
  if (state_ != ConnectivityState::kIdle) return;
  if (!resolver_started_) {
    resolver_started_ = true;
    set_state(ConnectivityState::kConnecting, Status());
    return resolver_->start(*this);
  }
  policy_->exit_idle();
}

void ChannelCore::reset_backoff() {
  if (state_ == ConnectivityState::kShutdown) return;
  resolver_->reset_backoff();
  policy_->reset_backoff();
}

void ChannelCore::on_endpoints(std::vector<Endpoint> endpoints) { policy_->update(std::move(endpoints)); }

void ChannelCore::on_error(Status status) {
  log(LogLevel::kInfo, "channel", status.message());
  policy_->resolver_error(status);
}

std::shared_ptr<Subchannel> ChannelCore::make_subchannel(const SocketAddress& address, const Attributes& attributes) {
  return std::make_shared<SubchannelCore>(*this, address, attributes);
}

void ChannelCore::update_state(ConnectivityState state, const Status& status, std::shared_ptr<Picker> picker) {
  if (state_ == ConnectivityState::kShutdown) return;
  picker_ = std::move(picker);
  set_state(state, status);
  if (!queue_.empty()) {
    process_queue_ = true;
    deferred_.schedule(executor_);
  }
}

void ChannelCore::request_resolution() {
  if (resolver_) resolver_->request_resolution();
}

void ChannelCore::set_state(ConnectivityState state, const Status& status) {
  state_status_ = status;
  if (state_ == state) return;
  state_ = state;
  if (watchers_.empty()) return;
  news_.emplace_back(state, status);
  deferred_.schedule(executor_);
}

void ChannelCore::remove_watcher(ConnectivityWatcher& watcher) {
  // Only emptied: run_deferred() may be going through the list.
  std::replace(watchers_.begin(), watchers_.end(), &watcher, static_cast<ConnectivityWatcher*>(nullptr));
}

// --- connections ---

void ChannelCore::add_subchannel(SubchannelCore& subchannel) {
  subchannel.next_ = subchannels_;
  if (subchannels_) subchannels_->previous_ = &subchannel;
  subchannels_ = &subchannel;
}

void ChannelCore::remove_subchannel(SubchannelCore& subchannel) {
  (subchannel.previous_ ? subchannel.previous_->next_ : subchannels_) = subchannel.next_;
  if (subchannel.next_) subchannel.next_->previous_ = subchannel.previous_;
  subchannel.previous_ = subchannel.next_ = nullptr;
}

Connection& ChannelCore::make_connection(SubchannelCore& owner) {
  connections_.push_back(std::make_unique<Connection>(*this, owner));
  return *connections_.back();
}

void ChannelCore::bury(Connection& connection) {
  std::erase(draining_, &connection);
  const auto it =
      std::find_if(connections_.begin(), connections_.end(), [&](const auto& one) { return one.get() == &connection; });
  if (it == connections_.end()) return;
  buried_connections_.push_back(std::move(*it));
  connections_.erase(it);
  deferred_.schedule(executor_);
}

void ChannelCore::bury(std::unique_ptr<PendingOperation> operation) {
  buried_operations_.push_back(std::move(operation));
  deferred_.schedule(executor_);
}

void ChannelCore::drain_later(Connection& connection) {
  draining_.push_back(&connection);
  deferred_.schedule(executor_);
}

// What should not happen from inside an event. In the loop's timer turn, so nothing of this channel is on the stack.
void ChannelCore::run_deferred() {
  const Entered entered(*this);
  while (!draining_.empty()) {
    Connection* connection = draining_.back();
    draining_.pop_back();
    connection->client->drain();
  }
  // Destroying a connection may bury another.
  for (auto dead = std::move(buried_connections_); !dead.empty(); dead = std::move(buried_connections_)) {
    buried_connections_.clear();
    dead.clear();
  }
  buried_operations_.clear();

  std::erase(watchers_, nullptr);
  while (!news_.empty()) {
    const auto [state, status] = std::move(news_.front());
    news_.pop_front();
    for (std::size_t i = 0; i < watchers_.size(); ++i) {
      if (watchers_[i]) watchers_[i]->on_state(state, status);
    }
  }
  if (std::exchange(process_queue_, false)) {
    CallList calls;
    calls.take_all(queue_);
    while (Call* call = calls.pop_front()) begin(*call);
  }
}

}  // namespace godwit::rpc
