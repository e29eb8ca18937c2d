#include "godwit/async/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace godwit {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

TEST(Address, ParsesAndFormats) {
  using Kind = SocketAddress::Kind;
  struct Case {
    std::string text;
    Kind kind;
    std::uint16_t port;
    bool loopback;
    std::string formatted;
  };
  const Case cases[] = {
      {"127.0.0.1:80", Kind::kIpv4, 80, true, "127.0.0.1:80"},
      {"127.8.9.1:0", Kind::kIpv4, 0, true, "127.8.9.1:0"},
      {"0.0.0.0:65535", Kind::kIpv4, 65535, false, "0.0.0.0:65535"},
      {"[::1]:80", Kind::kIpv6, 80, true, "[::1]:80"},
      {"[::]:443", Kind::kIpv6, 443, false, "[::]:443"},
      {"[2001:DB8:0:0::1]:1", Kind::kIpv6, 1, false, "[2001:db8::1]:1"},
      {"[fe80::1%3]:80", Kind::kIpv6, 80, false, "[fe80::1%3]:80"},
      {"[::ffff:127.0.0.1]:80", Kind::kIpv6, 80, true, "[::ffff:127.0.0.1]:80"},
      {"unix:/run/x", Kind::kUnix, 0, true, "unix:/run/x"},
      {"unix:x.sock", Kind::kUnix, 0, true, "unix:x.sock"},
      {"unix:///run/x", Kind::kUnix, 0, true, "unix:/run/x"},
      {"unix-abstract:x", Kind::kUnix, 0, true, "unix-abstract:x"},
      {"unix:/" + std::string(106, 'a'), Kind::kUnix, 0, true, "unix:/" + std::string(106, 'a')},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_address(c.text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->kind, c.kind);
    EXPECT_EQ(parsed->port, c.port);
    EXPECT_EQ(parsed->is_loopback(), c.loopback);
    EXPECT_EQ(parsed->text(), c.formatted);
    EXPECT_EQ(parse_address(parsed->text()).value(), *parsed);
  }
  EXPECT_EQ(parse_address("unix-abstract:a").value().path, "\0a"s);
  EXPECT_EQ(parse_address("127.0.0.1:7").value(), SocketAddress::ipv4_loopback(7));
}

TEST(Address, ErrorsNameThePlaceAndTheForm) {
  struct Case {
    std::string text, part;
  };
  const Case cases[] = {
      {"", "it is empty; write 127.0.0.1:PORT"},
      {"127.0.0.1", "the port is missing"},
      {"127.0.0.1:", "the port '' is no number from 0 to 65535"},
      {"127.0.0.1:65536", "the port '65536'"},
      {"127.0.0.1:-1", "the port '-1'"},
      {"127.0.0.1:8a", "the port '8a'"},
      {"127.0.0.1: 8", "the port ' 8'"},
      {"127.0.0.1:99999999999999999999", "is no number from 0 to 65535"},
      {"256.0.0.1:80", "'256.0.0.1' is no IPv4 address"},
      {"127.1:80", "'127.1' is no IPv4 address"},
      {"localhost:80", "host names need a look-up"},
      {"::1:80", "an IPv6 address stands in brackets"},
      {"[::1:80", "the ']' after the IPv6 address is missing"},
      {"[::1]", "the port is missing; write [ADDRESS]:PORT"},
      {"[::1]80", "the port is missing; write [ADDRESS]:PORT"},
      {"[::g]:80", "'::g' is no IPv6 address"},
      {"[1.2.3.4]:80", "'1.2.3.4' is no IPv6 address"},
      {"[fe80::1%eth0]:80", "the number of an interface"},
      {"unix:", "the path is empty; write unix:/PATH"},
      {"unix://run/x", "after unix:// comes an absolute path"},
      {"unix-abstract:", "the name is empty"},
      {"unix:/" + std::string(107, 'a'), "at most 107 bytes, this one 108"},
      {"unix-abstract:" + std::string(107, 'a'), "at most 106 bytes, this one 107"},
      {"unix:/a\0b"s, "a path holds no NUL byte"},
      {"\x01\n:80", "'\\x01\\x0a:80'"},
      {std::string(1000, 'x'), "xxx...'"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_address(c.text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_THAT(parsed.error().message, HasSubstr(c.part));
  }
}

TEST(Address, SplitsHostAndPort) {
  struct Case {
    std::string text, host, port, error;
  };
  const Case cases[] = {
      {"localhost:80", "localhost", "80", ""},
      {"localhost", "localhost", "", ""},
      {"localhost:http", "localhost", "http", ""},
      {"[::1]:80", "::1", "80", ""},
      {"[::1]", "::1", "", ""},
      {"::1", "::1", "", ""},
      {"1.2.3.4:5", "1.2.3.4", "5", ""},
      {"", "", "", "the host is empty"},
      {":80", "", "", "the host is empty"},
      {"localhost:", "", "", "the port after ':' is empty"},
      {"[::1]:", "", "", "the port after ':' is empty"},
      {"[::1", "", "", "the ']' after the IPv6 address is missing"},
      {"[::1]x", "", "", "after ']' comes nothing or :PORT"},
      {"[name]:80", "", "", "brackets hold an IPv6 address"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto split = split_host_port(c.text);
    ASSERT_EQ(split.ok(), c.error.empty());
    if (split.ok()) {
      EXPECT_EQ(split->host, c.host);
      EXPECT_EQ(split->port, c.port);
    } else {
      EXPECT_THAT(split.error().message, HasSubstr(c.error));
    }
  }
}

}  // namespace
}  // namespace godwit
