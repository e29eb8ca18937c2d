#pragma once

#include <memory>

#include "godwit/rpc/client/resolver.h"

namespace godwit::rpc {

// "dns:host:port", "dns:///host:port": host names through NameLookup, address literals without it. Each address becomes
// an endpoint. Looks up again when it is asked to, at most once in ResolverOptions::min_interval, and after an error
// with backoff.
std::shared_ptr<const ResolverFactory> make_dns_resolver_factory();

}  // namespace godwit::rpc
