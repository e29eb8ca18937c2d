#pragma once

#include <memory>

#include "godwit/rpc/client/load_balancing.h"

namespace godwit::rpc {

// pick_first (gRFC A62): tries the addresses in order and sends every call to the first that answers. When all have
// failed it stays in TRANSIENT_FAILURE until one is READY; when the READY one is lost it goes IDLE. The option
// "shuffle"
// ("true" or "false", the default) shuffles each list of endpoints.
std::shared_ptr<const LoadBalancingPolicyFactory> make_pick_first_factory();
std::unique_ptr<LoadBalancingPolicy> make_pick_first(LoadBalancingHost& host, bool shuffle);

}  // namespace godwit::rpc
