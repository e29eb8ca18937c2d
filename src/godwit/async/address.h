#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"

namespace godwit {

// Where a byte stream leads: an IPv4 or IPv6 address with a port, or a Unix socket. A plain value; knows no socket.
struct SocketAddress {
  enum class Kind : std::uint8_t { kIpv4, kIpv6, kUnix };
  Kind kind = Kind::kIpv4;
  std::uint16_t port = 0;                // IP only
  std::uint32_t scope = 0;               // IPv6 only: the interface of a link-local address
  std::array<std::uint8_t, 16> ip = {};  // network order; IPv4 uses the first four
  std::string path;                      // Unix only; a leading NUL byte means an abstract socket

  static SocketAddress ipv4_loopback(std::uint16_t port);
  bool is_loopback() const;  // 127.0.0.0/8, ::1 and Unix sockets
  bool operator==(const SocketAddress&) const = default;

  // "127.0.0.1:80", "[::1]:80", "[fe80::1%3]:80", "unix:/run/x", "unix-abstract:x": what parse_address() takes.
  std::string text() const;
};

// An address literal with a port ("1.2.3.4:80", "[::1]:80"), "unix:PATH", "unix:///PATH" or "unix-abstract:NAME".
// Names of hosts are not addresses: see NameLookup. The error says what is wrong and shows the form.
Result<SocketAddress, Error> parse_address(std::string_view text);

// "host:port", "[v6]:port", "host" or a bare IPv6 literal, split; `port` is empty when none is given.
struct HostPort {
  std::string host;
  std::string port;
};
Result<HostPort, Error> split_host_port(std::string_view text);

// As errors and peers show it: "ipv4:127.0.0.1:80", "ipv6:[::1]:80", "unix:/run/x", "unix-abstract:x"; "unix:" for a
// Unix client without a name.
std::string uri_of(const SocketAddress& address);

}  // namespace godwit
