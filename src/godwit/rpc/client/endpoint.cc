#include "godwit/rpc/client/endpoint.h"

namespace godwit {

std::string uri_of(const SocketAddress& address) {
  switch (address.kind) {
    case SocketAddress::Kind::kIpv4:
      return "ipv4:" + address.text();
    case SocketAddress::Kind::kIpv6:
      return "ipv6:" + address.text();
    case SocketAddress::Kind::kUnix:
      return address.text();
  }
  return address.text();
}

}  // namespace godwit
