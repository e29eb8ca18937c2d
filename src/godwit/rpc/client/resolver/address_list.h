#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "godwit/async/address.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/rpc/client/resolver.h"

namespace godwit::rpc {

// ipv4, ipv6, unix, unix-abstract and passthrough: targets that are addresses already. They are told once, never again.
std::vector<std::shared_ptr<const ResolverFactory>> make_address_resolver_factories();

// The port of targets that give none (naming.md).
inline constexpr std::string_view kDefaultPort = "443";

// "1.2.3.4:80", "[::1]:80", or without a port, then kDefaultPort's. The error shows the form.
Result<SocketAddress, Error> parse_ip_address(std::string_view text);

// A resolver that says the same once: endpoints, or why there are none.
std::unique_ptr<Resolver> make_fixed_resolver(Executor& executor, std::vector<Endpoint> endpoints);
std::unique_ptr<Resolver> make_fixed_resolver(Executor& executor, Status error);

}  // namespace godwit::rpc
