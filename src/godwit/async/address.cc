#include "godwit/async/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace godwit {
namespace {

// sun_path holds 108 bytes, the final NUL among them.
constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += text.size() > kShown ? "...'" : "'";
  return out;
}

Failure<Error> failed(std::string_view text, std::string_view reason) {
  return Failure(Error("address " + in_quotes(text) + ": " + std::string(reason)));
}

bool parse_number(std::string_view text, std::uint32_t limit, std::uint32_t& out) {
  if (text.empty() || text.size() > 10) return false;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > limit) return false;
  out = static_cast<std::uint32_t>(value);
  return true;
}

bool parse_ip(int family, std::string_view text, void* out) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != text.npos) return false;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  return inet_pton(family, buffer, out) == 1;
}

Result<SocketAddress, Error> parse_unix(std::string_view whole, std::string_view path, bool abstract) {
  if (path.empty()) {
    return failed(whole,
                  abstract ? "the name is empty; write unix-abstract:NAME" : "the path is empty; write unix:/PATH");
  }
  if (!abstract && path.find('\0') != path.npos) return failed(whole, "a path holds no NUL byte");
  if (path.size() + abstract > kMaxUnixPath) {
    return failed(whole, "the path of a Unix socket has at most " + std::to_string(kMaxUnixPath - abstract) +
                             " bytes, this one " + std::to_string(path.size()));
  }
  SocketAddress address;
  address.kind = SocketAddress::Kind::kUnix;
  if (abstract) address.path.push_back('\0');
  address.path += path;
  return address;
}

}  // namespace

SocketAddress SocketAddress::ipv4_loopback(std::uint16_t port) {
  SocketAddress address;
  address.port = port;
  address.ip[0] = 127;
  address.ip[3] = 1;
  return address;
}

bool SocketAddress::is_loopback() const {
  switch (kind) {
    case Kind::kIpv4:
      return ip[0] == 127;
    case Kind::kIpv6: {
      static constexpr std::array<std::uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
      static constexpr std::uint8_t kMapped[13] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
      return ip == kLoopback || std::memcmp(ip.data(), kMapped, sizeof kMapped) == 0;  // ::ffff:127.x.y.z
    }
    case Kind::kUnix:
      return true;
  }
  return false;
}

std::string SocketAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  switch (kind) {
    case Kind::kIpv4:
      inet_ntop(AF_INET, ip.data(), buffer, sizeof buffer);
      return buffer + (':' + std::to_string(port));
    case Kind::kIpv6: {
      inet_ntop(AF_INET6, ip.data(), buffer, sizeof buffer);
      std::string out = "[";
      out += buffer;
      if (scope != 0) out += '%' + std::to_string(scope);
      return out + "]:" + std::to_string(port);
    }
    case Kind::kUnix:
      if (!path.empty() && path[0] == '\0') return "unix-abstract:" + path.substr(1);
      return "unix:" + path;
  }
  return {};
}

Result<SocketAddress, Error> parse_address(std::string_view text) {
  if (text.starts_with("unix-abstract:")) return parse_unix(text, text.substr(14), true);
  if (text.starts_with("unix:")) {
    std::string_view path = text.substr(5);
    if (path.starts_with("//")) {
      path.remove_prefix(2);
      if (!path.starts_with('/'))
        return failed(text, "after unix:// comes an absolute path, as in unix:///run/name.sock");
    }
    return parse_unix(text, path, false);
  }
  if (text.empty()) return failed(text, "it is empty; write 127.0.0.1:PORT, [::1]:PORT or unix:/PATH");
  SocketAddress address;
  std::string_view port;
  if (text[0] == '[') {
    const std::size_t close = text.find(']');
    if (close == text.npos) return failed(text, "the ']' after the IPv6 address is missing; write [ADDRESS]:PORT");
    std::string_view host = text.substr(1, close - 1);
    address.kind = SocketAddress::Kind::kIpv6;
    if (const std::size_t percent = host.find('%'); percent != host.npos) {
      if (!parse_number(host.substr(percent + 1), 0xffffffff, address.scope)) {
        return failed(text, "the scope after '%' is the number of an interface, as in [fe80::1%3]:80");
      }
      host = host.substr(0, percent);
    }
    if (!parse_ip(AF_INET6, host, address.ip.data())) return failed(text, in_quotes(host) + " is no IPv6 address");
    port = text.substr(close + 1);
    if (!port.starts_with(':')) return failed(text, "the port is missing; write [ADDRESS]:PORT");
    port.remove_prefix(1);
  } else {
    const std::size_t colon = text.find(':');
    if (colon != text.npos && text.find(':', colon + 1) != text.npos) {
      return failed(text, "an IPv6 address stands in brackets; write [ADDRESS]:PORT");
    }
    const std::string_view host = text.substr(0, colon);
    if (!parse_ip(AF_INET, host, address.ip.data())) {
      return failed(text, in_quotes(host) + " is no IPv4 address (host names need a look-up); write 127.0.0.1:PORT");
    }
    if (colon == text.npos) return failed(text, "the port is missing; write ADDRESS:PORT");
    port = text.substr(colon + 1);
  }
  std::uint32_t number = 0;
  if (!parse_number(port, 65535, number)) {
    return failed(text, "the port " + in_quotes(port) + " is no number from 0 to 65535");
  }
  address.port = static_cast<std::uint16_t>(number);
  return address;
}

Result<HostPort, Error> split_host_port(std::string_view text) {
  HostPort out;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == text.npos) return failed(text, "the ']' after the IPv6 address is missing; write [ADDRESS]:PORT");
    out.host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest[0] != ':') return failed(text, "after ']' comes nothing or :PORT");
      if (rest.size() == 1) return failed(text, "the port after ':' is empty");
      out.port = rest.substr(1);
    }
    if (out.host.find(':') == out.host.npos) return failed(text, "brackets hold an IPv6 address");
  } else {
    const std::size_t colon = text.find(':');
    if (colon != text.npos && text.find(':', colon + 1) == text.npos) {
      out.host = text.substr(0, colon);
      out.port = text.substr(colon + 1);
      if (out.port.empty()) return failed(text, "the port after ':' is empty");
    } else {
      out.host = text;  // a name alone, or a bare IPv6 literal
    }
  }
  if (out.host.empty()) return failed(text, "the host is empty; write HOST:PORT");
  return out;
}

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
