#include "godwit/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace godwit::net {

NativeAddress::NativeAddress(const SocketAddress& address) {
  switch (address.kind) {
    case SocketAddress::Kind::kIpv4: {
      auto& in = reinterpret_cast<sockaddr_in&>(storage);
      in.sin_family = AF_INET;
      in.sin_port = htons(address.port);
      std::memcpy(&in.sin_addr, address.ip.data(), 4);
      size = sizeof in;
      break;
    }
    case SocketAddress::Kind::kIpv6: {
      auto& in = reinterpret_cast<sockaddr_in6&>(storage);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(address.port);
      in.sin6_scope_id = address.scope;
      std::memcpy(&in.sin6_addr, address.ip.data(), 16);
      size = sizeof in;
      break;
    }
    case SocketAddress::Kind::kUnix: {
      auto& un = reinterpret_cast<sockaddr_un&>(storage);
      un.sun_family = AF_UNIX;
      const std::size_t length = std::min(address.path.size(), sizeof un.sun_path - 1);
      std::memcpy(un.sun_path, address.path.data(), length);
      const bool abstract = length > 0 && address.path[0] == '\0';  // then the length counts, without a final NUL
      size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (abstract ? 0 : 1));
      break;
    }
  }
}

SocketAddress NativeAddress::address() const {
  SocketAddress out;
  switch (storage.ss_family) {
    case AF_INET: {
      const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
      out.port = ntohs(in.sin_port);
      std::memcpy(out.ip.data(), &in.sin_addr, 4);
      break;
    }
    case AF_INET6: {
      const auto& in = reinterpret_cast<const sockaddr_in6&>(storage);
      out.port = ntohs(in.sin6_port);
      if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
        std::memcpy(out.ip.data(), in.sin6_addr.s6_addr + 12, 4);
        break;
      }
      out.kind = SocketAddress::Kind::kIpv6;
      out.scope = in.sin6_scope_id;
      std::memcpy(out.ip.data(), &in.sin6_addr, 16);
      break;
    }
    default: {
      const auto& un = reinterpret_cast<const sockaddr_un&>(storage);
      out.kind = SocketAddress::Kind::kUnix;
      if (size <= offsetof(sockaddr_un, sun_path)) break;  // without a name
      const std::size_t length = std::min<std::size_t>(size - offsetof(sockaddr_un, sun_path), sizeof un.sun_path);
      if (un.sun_path[0] == '\0') {
        out.path.assign(un.sun_path, length);
      } else {
        out.path.assign(un.sun_path, strnlen(un.sun_path, length));
      }
      break;
    }
  }
  return out;
}

}  // namespace godwit::net
