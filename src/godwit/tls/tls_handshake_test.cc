#include "godwit/tls/tls_handshake.h"

#include <gtest/gtest.h>

#include "godwit/testing/tls_world.h"

namespace godwit::tls {
namespace {

using namespace godwit::testing;
using World = TlsWorld;

using namespace std::chrono_literals;

TEST(TlsHandshake, BothSidesKnowEachOther) {
  for (const TlsVersion version : {TlsVersion::k12, TlsVersion::k13}) {
    TlsServerOptions server = tls_server_options();
    server.client_certificates = ClientCertificatePolicy::kRequire;
    TlsClientOptions client = tls_client_options();
    client.version_min = version;
    client.certificate_chain = Pem::text(TestCertificates::get().client.certificate_pem);
    client.private_key = Pem::text(TestCertificates::get().client.key_pem);
    World world;
    world.listen(server);
    world.dial(client);
    world.connect();
    ASSERT_EQ(world.dial_error, "");
    ASSERT_EQ(world.accepted.size(), 1u) << logged_text();
    const ByteStreamInfo& seen_by_client = world.client.stream().info();
    EXPECT_TRUE(seen_by_client.tls.established);
    EXPECT_EQ(seen_by_client.tls.version, "TLSv1.3");
    EXPECT_EQ(seen_by_client.tls.cipher, "TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(seen_by_client.alpn_protocol, "h2");
    EXPECT_EQ(seen_by_client.peer_text, "ipv4:127.0.0.1:443");
    EXPECT_EQ(seen_by_client.tls.subject_common_name, "the server");
    EXPECT_EQ(seen_by_client.tls.subject_alt_names,
              (std::vector<std::string>{"localhost", "*.example.test", "127.0.0.1", "::1"}));
    EXPECT_EQ(seen_by_client.tls.peer_certificate_pem, TestCertificates::get().server.certificate_pem);
    const ByteStreamInfo& seen_by_server = world.server().stream().info();
    EXPECT_EQ(seen_by_server.alpn_protocol, "h2");
    EXPECT_EQ(seen_by_server.tls.subject_common_name, "the client");
    EXPECT_EQ(seen_by_server.tls.subject_alt_names, (std::vector<std::string>{"spiffe://test/client"}));
    world.client.send("hello");
    world.server().send("welcome");
    world.simulation.run_for(1s);
    EXPECT_EQ(world.server().received(), "hello");
    EXPECT_EQ(world.client.received(), "welcome");
    EXPECT_EQ(logged_text(), "");
  }
}

TEST(TlsHandshake, OfSeveralIdentitiesTheOneWithTheNameIsShown) {
  const Certificate& first = TestCertificates::get().server;
  const Certificate other = TestCertificates::get().authority.issue(
      {.common_name = "other", .dns_names = {"other.test"}, .ip_addresses = {}});
  for (const TlsVersion version : {TlsVersion::k12, TlsVersion::k13}) {
    TlsServerOptions server = tls_server_options();
    server.more.push_back({Pem::text(other.certificate_pem), Pem::text(other.key_pem)});
    for (const auto& [name, shown] : {std::pair("localhost", &first), std::pair("other.test", &other)}) {
      TlsClientOptions client = tls_client_options();
      client.version_min = version;
      World world;
      world.listen(server);
      world.dial(client, name);
      world.connect();
      ASSERT_EQ(world.dial_error, "") << name;
      EXPECT_EQ(world.client.stream().info().tls.peer_certificate_pem, shown->certificate_pem);
    }
    World world;
    world.listen(server);
    world.dial(tls_client_options(), "nobody.test");
    world.connect();
    EXPECT_NE(world.dial_error.find("localhost"), std::string::npos) << world.dial_error;
  }
}

struct Case {
  const char* name;
  std::function<void(TlsServerOptions&)> server = {};
  std::function<void(TlsClientOptions&)> client = {};
  std::string server_name = "localhost";
  std::string dial_error = "";    // what the client is told, without "TLS handshake with ipv4:127.0.0.1:443: "
  std::string log = "";           // what the server logs, likewise without the peer; "" for nothing
  std::string stream_error = "";  // TLS 1.3 clients hear of some refusals only after their handshake
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Certificate issue(CertificateOptions options) { return TestCertificates::get().authority.issue(options); }
void identify(TlsServerOptions& options, const Certificate& certificate) {
  options.certificate_chain = Pem::text(certificate.certificate_pem);
  options.private_key = Pem::text(certificate.key_pem);
}
void identify(TlsClientOptions& options, const Certificate& certificate) {
  options.certificate_chain = Pem::text(certificate.certificate_pem);
  options.private_key = Pem::text(certificate.key_pem);
}
void require_client(TlsServerOptions& options) { options.client_certificates = ClientCertificatePolicy::kRequire; }

class TlsHandshakeTable : public ::testing::TestWithParam<Case> {};

TEST_P(TlsHandshakeTable, EndsAsTold) {
  const Case& c = GetParam();
  TlsServerOptions server = tls_server_options();
  TlsClientOptions client = tls_client_options();
  if (c.server) c.server(server);
  if (c.client) c.client(client);
  World world;
  world.listen(server);
  world.dial(client, c.server_name);
  world.connect();
  world.simulation.run_for(30s);
  EXPECT_EQ(world.dials_done, 1);
  const std::string prefix = "TLS handshake with ipv4:127.0.0.1:443: ";
  EXPECT_EQ(world.dial_error, c.dial_error.empty() ? "" : prefix + c.dial_error);
  if (c.log.empty()) {
    EXPECT_EQ(logged_text(), "");
  } else {
    ASSERT_EQ(logged().size(), 1u) << logged_text();
    EXPECT_EQ(logged()[0], "TLS handshake with ipv4:10.0.0.2:40000: " + c.log);
  }
  EXPECT_EQ(world.client.error_text(),
            c.stream_error.empty() ? "" : "TLS connection with ipv4:127.0.0.1:443: " + c.stream_error);
}

INSTANTIATE_TEST_SUITE_P(
    Tls, TlsHandshakeTable,
    ::testing::Values(
        Case{.name = "Good"}, Case{.name = "WildcardName", .server_name = "a.example.test"},
        Case{.name = "IpAddress", .server_name = "127.0.0.1"}, Case{.name = "Ip6Address", .server_name = "[::1]"},
        Case{.name = "TrailingDot", .server_name = "localhost."},
        Case{
            .name = "WrongAuthority",
            .client =
                [](TlsClientOptions& o) { o.roots = Pem::text(TestCertificates::get().stranger.certificate_pem()); },
            .dial_error = "the peer's certificate is not signed by a trusted authority (subject the server; unable to "
                          "get local issuer certificate)",
            .log =
                "the peer sent the alert unknown_ca (48): it does not trust the authority that signed our certificate"},
        Case{
            .name = "Expired",
            .server =
                [](TlsServerOptions& o) { identify(o, issue({.common_name = "old", .not_after = 1'600'000'000})); },
            .dial_error = "the peer's certificate has expired (subject old, valid until 2020-09-13 12:26:40 UTC)",
            .log = "the peer sent the alert certificate_expired (45): our certificate has expired or is not valid yet"},
        Case{.name = "NotYetValid",
             .server =
                 [](TlsServerOptions& o) { identify(o, issue({.common_name = "new", .not_before = 1'900'000'000})); },
             .dial_error = "the peer's certificate is not valid yet (subject new, valid from 2030-03-17 17:46:40 UTC)",
             .log = "the peer sent the alert bad_certificate (42): it does not accept our certificate"},
        Case{.name = "WrongHost",
             .server_name = "elsewhere.test",
             .dial_error = "the peer's certificate is not for \"elsewhere.test\" but for localhost, *.example.test, "
                           "127.0.0.1, ::1",
             .log = "the peer sent the alert bad_certificate (42): it does not accept our certificate"},
        Case{.name = "WildcardCoversOneLabel",
             .server_name = "a.b.example.test",
             .dial_error = "the peer's certificate is not for \"a.b.example.test\" but for localhost, *.example.test, "
                           "127.0.0.1, ::1",
             .log = "the peer sent the alert bad_certificate (42): it does not accept our certificate"},
        Case{.name = "WrongIp",
             .server_name = "10.9.9.9",
             .dial_error =
                 "the peer's certificate is not for \"10.9.9.9\" but for localhost, *.example.test, 127.0.0.1, ::1",
             .log = "the peer sent the alert bad_certificate (42): it does not accept our certificate"},
        Case{.name = "CommonNameDoesNotCount",
             .server =
                 [](TlsServerOptions& o) {
                   identify(o, issue({.common_name = "localhost", .dns_names = {}, .ip_addresses = {}}));
                 },
             .dial_error = "the peer's certificate is not for \"localhost\" but for no name at all (it has no subject "
                           "alternative names)",
             .log = "the peer sent the alert bad_certificate (42): it does not accept our certificate"},
        Case{.name = "CommonNameCountsIfAskedFor",
             .server =
                 [](TlsServerOptions& o) {
                   identify(o, issue({.common_name = "localhost", .dns_names = {}, .ip_addresses = {}}));
                 },
             .client = [](TlsClientOptions& o) { o.common_name_counts = true; }},
        Case{.name = "CommonNameCountsOnlyWithoutNames",
             .server =
                 [](TlsServerOptions& o) {
                   identify(o, issue({.common_name = "localhost", .dns_names = {"other.test"}, .ip_addresses = {}}));
                 },
             .client = [](TlsClientOptions& o) { o.common_name_counts = true; },
             .dial_error = "the peer's certificate is not for \"localhost\" but for other.test",
             .log = "the peer sent the alert bad_certificate (42): it does not accept our certificate"},
        Case{.name = "ClientsCertificateAsServers",
             .server = [](TlsServerOptions& o) { identify(o, issue({.common_name = "odd", .for_client = true})); },
             .dial_error = "the peer's certificate must not be used for this (subject odd; a server's needs the "
                           "extended key usage serverAuth, a client's clientAuth)",
             .log = "the peer sent the alert unsupported_certificate (43): our certificate is not of a kind or purpose "
                    "that it takes"},
        Case{.name = "NoServerName",
             .server_name = "",
             .dial_error = "\"\" is no host name or IP address to verify the server by",
             .log = "the peer closed the connection after 0 bytes"},
        Case{.name = "ClientCertificateMissing13",
             .server = require_client,
             .log = "the peer sent no certificate, and this server requires one",
             .stream_error =
                 "the peer sent the alert certificate_required (116): it wants a client certificate and we have none"},
        Case{.name = "ClientCertificateRequestedAndMissing",
             .server = [](TlsServerOptions& o) { o.client_certificates = ClientCertificatePolicy::kRequest; }},
        Case{.name = "ClientCertificateGood",
             .server = require_client,
             .client = [](TlsClientOptions& o) { identify(o, TestCertificates::get().client); }},
        Case{
            .name = "ClientCertificateOfAStranger",
            .server = [](TlsServerOptions& o) { o.client_certificates = ClientCertificatePolicy::kRequest; },
            .client =
                [](TlsClientOptions& o) {
                  identify(o, TestCertificates::get().stranger.issue({.common_name = "spy", .for_client = true}));
                },
            .log =
                "the peer's certificate is not signed by a trusted authority (subject spy; unable to get local issuer "
                "certificate)",
            .stream_error =
                "the peer sent the alert unknown_ca (48): it does not trust the authority that signed our certificate"},
        Case{
            .name = "AlpnMismatch",
            .server = [](TlsServerOptions& o) { o.alpn_protocols = {"h2"}; },
            .client = [](TlsClientOptions& o) { o.alpn_protocols = {"http/1.1", "spdy/3"}; },
            .dial_error = "the peer sent the alert no_application_protocol (120): it speaks none of the application "
                          "protocols that we offer (ALPN)",
            .log =
                "no common application protocol (ALPN): the client offers 'http/1.1', 'spdy/3', this server speaks h2"},
        Case{.name = "AlpnMissingOnServer",
             .server = [](TlsServerOptions& o) { o.alpn_protocols = {}; },
             .dial_error = "the server chose no application protocol (ALPN); we offered h2"},
        Case{.name = "AlpnMissingOnClient", .client = [](TlsClientOptions& o) { o.alpn_protocols = {}; }},
        Case{.name = "EcdsaKey",
             .server = [](TlsServerOptions& o) { identify(o, issue({.key = testing::KeyKind::kEcdsaP256})); }},
        Case{.name = "RsaKey",
             .server = [](TlsServerOptions& o) { identify(o, issue({.key = testing::KeyKind::kRsa2048})); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace godwit::tls
