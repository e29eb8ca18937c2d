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

// As errors and peers show it: "ipv4:127.0.0.1:80", "ipv6:[::1]:80", "unix:/run/x", "unix-abstract:x".
std::string uri_of(const SocketAddress& address);

}  // namespace godwit
