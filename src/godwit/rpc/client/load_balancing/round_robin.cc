#include "godwit/rpc/client/load_balancing/round_robin.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "godwit/rpc/client/load_balancing/pick_first.h"

namespace godwit::rpc {
namespace {

class RoundRobinPicker final : public Picker {
 public:
  RoundRobinPicker(std::vector<std::shared_ptr<Picker>> ready, std::size_t first)
      : ready_(std::move(ready)), next_(first) {}
  PickResult pick(const PickArguments& arguments) override {
    if (next_ >= ready_.size()) next_ = 0;
    return ready_[next_++]->pick(arguments);
  }

 private:
  std::vector<std::shared_ptr<Picker>> ready_;
  std::size_t next_;
};

class RoundRobin final : public LoadBalancingPolicy {
 public:
  explicit RoundRobin(LoadBalancingHost& host) : host_(host) {}

  void update(std::vector<Endpoint> endpoints) override {
    std::vector<std::unique_ptr<Child>> old = std::move(children_);
    children_.clear();
    quiet_ = true;  // one picker for the whole list
    for (Endpoint& endpoint : endpoints) {
      if (endpoint.addresses.empty()) continue;
      auto is_same = [&](const auto& child) { return child && child->endpoint == endpoint; };
      if (std::find_if(children_.begin(), children_.end(), is_same) != children_.end()) continue;
      if (const auto same = std::find_if(old.begin(), old.end(), is_same); same != old.end()) {
        children_.push_back(std::move(*same));
        continue;
      }
      children_.push_back(std::make_unique<Child>(*this, std::move(endpoint)));
      Child& child = *children_.back();
      child.policy->update({child.endpoint});
    }
    quiet_ = false;
    publish();
    // The new picker no longer leads to those that are gone.
    old.clear();
  }
  void resolver_error(const Status& status) override {
    if (!children_.empty()) return;
    host_.update_state(ConnectivityState::kTransientFailure, status, make_fail_picker(status));
  }
  void exit_idle() override {
    for (const auto& child : children_) child->policy->exit_idle();
  }
  void reset_backoff() override {
    for (const auto& child : children_) child->policy->reset_backoff();
  }

 private:
  // One endpoint: a pick_first and what it said last.
  struct Child final : LoadBalancingHost {
    Child(RoundRobin& parent, Endpoint what)
        : owner(parent),
          endpoint(std::move(what)),
          name("one endpoint of " + std::string(parent.host_.target())),
          policy(make_pick_first(*this, false)) {}
    std::shared_ptr<Subchannel> make_subchannel(const SocketAddress& address, const Attributes& attributes) override {
      return owner.host_.make_subchannel(address, attributes);
    }
    void update_state(ConnectivityState to, const Status& why, std::shared_ptr<Picker> with) override {
      state = to;
      status = why;
      picker = std::move(with);
      // Round robin wants every endpoint connected.
      if (state == ConnectivityState::kIdle) return policy->exit_idle();
      owner.publish();
    }
    void request_resolution() override { owner.host_.request_resolution(); }
    Executor& executor() override { return owner.host_.executor(); }
    std::string_view target() const override { return name; }

    RoundRobin& owner;
    Endpoint endpoint;
    std::string name;  // for messages
    ConnectivityState state = ConnectivityState::kConnecting;
    Status status;
    std::shared_ptr<Picker> picker;
    std::unique_ptr<LoadBalancingPolicy> policy;  // dies first: it calls the rest
  };

  void publish() {
    if (quiet_) return;
    std::vector<std::shared_ptr<Picker>> ready;
    bool connecting = false;
    const Child* failed = nullptr;
    for (const auto& child : children_) {
      if (child->state == ConnectivityState::kReady) {
        ready.push_back(child->picker);
      } else if (child->state == ConnectivityState::kTransientFailure) {
        failed = child.get();
      } else {
        connecting = true;
      }
    }
    if (!ready.empty()) {
      // A random start, so that many clients do not begin with the same server.
      const std::size_t first = host_.executor().random().below(ready.size());
      host_.update_state(ConnectivityState::kReady, Status(),
                         std::make_shared<RoundRobinPicker>(std::move(ready), first));
    } else if (connecting) {
      host_.update_state(ConnectivityState::kConnecting, Status(), make_queue_picker());
    } else if (failed) {
      host_.update_state(ConnectivityState::kTransientFailure, failed->status, failed->picker);
    } else {
      const Status status(StatusCode::kUnavailable, "no addresses were found for " + std::string(host_.target()));
      host_.update_state(ConnectivityState::kTransientFailure, status, make_fail_picker(status));
    }
  }

  LoadBalancingHost& host_;
  std::vector<std::unique_ptr<Child>> children_;
  bool quiet_ = false;
};

class RoundRobinFactory final : public LoadBalancingPolicyFactory {
 public:
  std::string_view name() const override { return "round_robin"; }
  Result<std::unique_ptr<LoadBalancingPolicy>, Error> make(LoadBalancingHost& host,
                                                           const LoadBalancingConfig& config) const override {
    if (!config.empty()) return Failure(Error("round_robin has no option '" + config.begin()->first + "'"));
    return std::unique_ptr<LoadBalancingPolicy>(std::make_unique<RoundRobin>(host));
  }
};

}  // namespace

std::shared_ptr<const LoadBalancingPolicyFactory> make_round_robin_factory() {
  return std::make_shared<RoundRobinFactory>();
}

}  // namespace godwit::rpc
