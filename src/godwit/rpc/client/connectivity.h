#pragma once

#include <cstdint>
#include <string_view>

#include "godwit/rpc/status.h"

namespace godwit {

// The states of a channel and of a subchannel (connectivity-semantics-and-api.md).
enum class ConnectivityState : std::uint8_t {
  kIdle,              // no connection and nobody asked for one
  kConnecting,        // names are looked up, connections made
  kReady,             // calls can be sent
  kTransientFailure,  // the last attempts failed; another follows after a pause
  kShutdown,          // for good
};
// "IDLE", "CONNECTING", ...
std::string_view name_of(ConnectivityState state);

// Hears every change of a channel's state, in order. Called on the channel's loop, never from inside a call to the
// channel.
class ConnectivityWatcher {
 public:
  // `status` says why the state is kTransientFailure or kShutdown; OK otherwise.
  virtual void on_state(ConnectivityState state, const Status& status) = 0;

 protected:
  ~ConnectivityWatcher() = default;
};

}  // namespace godwit
