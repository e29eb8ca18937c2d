#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/rpc/client/connectivity.h"
#include "godwit/rpc/client/endpoint.h"
#include "godwit/rpc/client/subchannel.h"
#include "godwit/rpc/metadata.h"
#include "godwit/rpc/status.h"

namespace godwit {

// What a picker decided for one call.
class PickResult {
 public:
  enum class Kind : std::uint8_t {
    kSubchannel,  // send the call there
    kQueue,       // wait for the next picker
    kFail,        // fail with the status; calls that wait for ready wait for the next picker instead
    kDrop,        // fail with the status, wait for ready or not
  };
  // The subchannel must stay alive until the pick's user returns to the loop: pickers hold it.
  static PickResult subchannel(Subchannel& chosen) { return PickResult(Kind::kSubchannel, &chosen, {}); }
  static PickResult queue() { return PickResult(Kind::kQueue, nullptr, {}); }
  static PickResult fail(Status status) { return PickResult(Kind::kFail, nullptr, std::move(status)); }
  static PickResult drop(Status status) { return PickResult(Kind::kDrop, nullptr, std::move(status)); }

  Kind kind() const { return kind_; }
  Subchannel* chosen() const { return chosen_; }
  Status& status() { return status_; }

 private:
  PickResult(Kind kind, Subchannel* chosen, Status status) : kind_(kind), chosen_(chosen), status_(std::move(status)) {}
  Kind kind_;
  Subchannel* chosen_;
  Status status_;
};

struct PickArguments {
  std::string_view path;     // "/package.Service/Method"
  const Metadata* metadata;  // what the caller sends; nullptr when there is none
};

// A snapshot of a policy's decision: which subchannel the next call takes. It does not change (but for counters of its
// own) and asks nobody. Used on the channel's loop only.
class Picker {
 public:
  virtual ~Picker() = default;
  virtual PickResult pick(const PickArguments& arguments) = 0;
};

// Pickers that always say the same.
std::shared_ptr<Picker> make_queue_picker();
std::shared_ptr<Picker> make_fail_picker(Status status);

// The channel (or a parent policy) as a policy sees it. Outlives the policy.
class LoadBalancingHost {
 public:
  // A new subchannel, IDLE.
  virtual std::shared_ptr<Subchannel> make_subchannel(const SocketAddress& address, const Attributes& attributes) = 0;
  // The state of the whole and the picker for it. `status` says why it is kTransientFailure.
  virtual void update_state(ConnectivityState state, const Status& status, std::shared_ptr<Picker> picker) = 0;
  // The endpoints seem to be out of date.
  virtual void request_resolution() = 0;
  virtual Executor& executor() = 0;
  virtual std::string_view target() const = 0;  // for messages

 protected:
  ~LoadBalancingHost() = default;
};

// Decides which connections a channel has and which call takes which. For one loop; owned by its channel. The host is
// told with update_state() from inside any of these or later; a policy calls it at least once for each update().
class LoadBalancingPolicy {
 public:
  virtual ~LoadBalancingPolicy() = default;
  // A new list of endpoints, perhaps empty.
  virtual void update(std::vector<Endpoint> endpoints) = 0;
  // The resolver failed. A policy that has endpoints goes on with them.
  virtual void resolver_error(const Status& status) = 0;
  // Leave IDLE: a call came, or the user asked. No effect in other states.
  virtual void exit_idle() = 0;
  // Forget the pauses between attempts.
  virtual void reset_backoff() = 0;
};

// The user's choices for a policy, "key": "value". A policy says which it knows.
using LoadBalancingConfig = std::map<std::string, std::string, std::less<>>;

class LoadBalancingPolicyFactory {
 public:
  virtual ~LoadBalancingPolicyFactory() = default;
  virtual std::string_view name() const = 0;  // "round_robin"
  // The error names the key or value that the policy does not take.
  virtual Result<std::unique_ptr<LoadBalancingPolicy>, Error> make(LoadBalancingHost& host,
                                                                   const LoadBalancingConfig& config) const = 0;
};

// The policies a channel knows. A plain object, filled before channels use it; no lock.
class LoadBalancingRegistry {
 public:
  // Replaces a factory of the same name.
  void add(std::shared_ptr<const LoadBalancingPolicyFactory> factory);
  const LoadBalancingPolicyFactory* find(std::string_view name) const;
  // pick_first, round_robin. Constant and shared; copy it to add policies.
  static const std::shared_ptr<const LoadBalancingRegistry>& standard();

 private:
  std::map<std::string, std::shared_ptr<const LoadBalancingPolicyFactory>, std::less<>> factories_;
};

}  // namespace godwit
