#pragma once

#include <string>
#include <string_view>

#include "godwit/base/time.h"
#include "godwit/rpc/client/connectivity.h"
#include "godwit/rpc/client/endpoint.h"

namespace godwit {

namespace rpc {
class SubchannelCore;
}

// Hears the changes of one subchannel's state. Called on the loop, also from inside connect().
class SubchannelWatcher {
 public:
  // `status` says why the state is kTransientFailure.
  virtual void on_subchannel_state(ConnectivityState state, const Status& status) = 0;

 protected:
  ~SubchannelWatcher() = default;
};

// One address of a server and at most one connection to it that takes new calls (others may be running out after a
// GOAWAY). Policies hold them by shared_ptr; when the last reference goes, the connection closes as soon as its calls
// have ended. For the channel's loop.
//
//   IDLE --connect()--> CONNECTING --> READY --connection lost or GOAWAY--> IDLE
//                           |
//                           +--> TRANSIENT_FAILURE --pause over--> IDLE
class Subchannel {
 public:
  virtual ~Subchannel() = default;
  virtual ConnectivityState state() const = 0;
  // Begins to connect when it is IDLE; no effect in other states.
  virtual void connect() = 0;
  // Ends the pause of TRANSIENT_FAILURE and starts over with the shortest.
  virtual void reset_backoff() = 0;
  // One watcher, the policy; nullptr takes it away. It must be taken away before it is destroyed.
  virtual void watch(SubchannelWatcher* watcher) = 0;
  virtual const SocketAddress& address() const = 0;
  virtual const Attributes& attributes() const = 0;
  // In TRANSIENT_FAILURE: when the pause is over.
  virtual TimePoint next_attempt() const = 0;

  // For the channel: what carries the calls. A policy that wraps subchannels passes the inner one's on.
  virtual rpc::SubchannelCore& core() = 0;

 protected:
  Subchannel() = default;
};

}  // namespace godwit
