#pragma once

#include <memory>

#include "godwit/rpc/client/load_balancing.h"

namespace godwit::rpc {

// round_robin: keeps a connection to every endpoint and gives calls to the READY ones in turn. Each endpoint is a
// pick_first of its addresses (gRFC A61), so a lost one is connected again at once. READY when one is; otherwise
// CONNECTING while one connects; TRANSIENT_FAILURE when all have failed.
std::shared_ptr<const LoadBalancingPolicyFactory> make_round_robin_factory();

}  // namespace godwit::rpc
