#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "godwit/async/address.h"

namespace godwit::net {

// The kernel's form of a SocketAddress and back.
struct NativeAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  NativeAddress() = default;
  // Paths longer than the kernel takes are cut: parse_address() refuses them before.
  explicit NativeAddress(const SocketAddress& address);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  // An IPv4 address that came in through an IPv6 socket (::ffff:1.2.3.4) is given as IPv4.
  SocketAddress address() const;
};

}  // namespace godwit::net
