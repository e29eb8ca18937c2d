#pragma once

#include <map>
#include <string>
#include <vector>

#include "godwit/async/address.h"

namespace godwit {

// What a resolver or a policy says about an endpoint (zone, weight, host name for TLS, ...). Ordered, so that equal
// inputs give equal runs. Keys are chosen by those who agree on them: "package.name".
using Attributes = std::map<std::string, std::string, std::less<>>;

// One server, reachable at one or several addresses (gRFC A61).
struct Endpoint {
  std::vector<SocketAddress> addresses;
  Attributes attributes;

  bool operator==(const Endpoint&) const = default;
};

}  // namespace godwit
