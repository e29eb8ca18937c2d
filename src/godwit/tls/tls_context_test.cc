#include "godwit/tls/tls_context.h"

#include <gtest/gtest.h>

#include "godwit/testing/certificates.h"
#include "godwit/testing/tls_world.h"

namespace godwit::tls {
namespace {

using namespace godwit::testing;

std::string server_error(const TlsServerOptions& options) {
  const auto context = TlsContext::server(options);
  return context.ok() ? "ok" : context.error().message;
}
std::string client_error(const TlsClientOptions& options) {
  const auto context = TlsContext::client(options);
  return context.ok() ? "ok" : context.error().message;
}

TEST(TlsContext, GoodOptions) {
  EXPECT_EQ(server_error(tls_server_options()), "ok");
  EXPECT_EQ(client_error(tls_client_options()), "ok");
  EXPECT_EQ(client_error({}), "ok");  // the system's roots
}

TEST(TlsContext, ErrorsNameFileAndReason) {
  testing::TemporaryFolder folder;
  const auto& certificates = TestCertificates::get();
  const std::string certificate = folder.write("server.pem", certificates.server.certificate_pem);
  const std::string key = folder.write("server.key", certificates.server.key_pem);
  const std::string other_key = folder.write("other.key", certificates.client.key_pem);
  const std::string empty = folder.write("empty.pem", "");
  std::string broken_text = certificates.server.certificate_pem;
  broken_text.replace(broken_text.find('\n') + 20, 4, "!!!!");
  const std::string broken = folder.write("broken.pem", broken_text);
  const std::string encrypted = folder.write(
      "encrypted.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
  const std::string missing = folder.path() + "/missing";

  const auto with = [](Pem chain, Pem private_key) {
    TlsServerOptions options;
    options.certificate_chain = std::move(chain);
    options.private_key = std::move(private_key);
    return options;
  };
  EXPECT_EQ(server_error(with(Pem::file(certificate), Pem::file(key))), "ok");
  EXPECT_EQ(server_error(with(Pem::file(certificate), Pem::file(other_key))),
            "certificate file " + certificate + " does not match key file " + other_key +
                " (the first certificate of the chain must be the key's)");
  EXPECT_EQ(server_error(with(Pem::file(missing), Pem::file(key))),
            "certificate file " + missing + ": No such file or directory");
  EXPECT_EQ(server_error(with(Pem::file(certificate), Pem::file(missing))),
            "key file " + missing + ": No such file or directory");
  EXPECT_EQ(server_error(with(Pem::file(folder.path()), Pem::file(key))),
            "certificate file " + folder.path() + ": Is a directory");
  EXPECT_EQ(server_error(with(Pem::file(empty), Pem::file(key))),
            "certificate file " + empty + " has no certificate: expected \"-----BEGIN CERTIFICATE-----\"");
  EXPECT_EQ(server_error(with(Pem::file(broken), Pem::file(key)))
                .find("certificate file " + broken + ": certificate 1 is damaged ("),
            0u);
  EXPECT_EQ(server_error(with(Pem::file(certificate), Pem::file(certificate))),
            "key file " + certificate + " has no private key: expected \"-----BEGIN PRIVATE KEY-----\"");
  EXPECT_EQ(server_error(with(Pem::file(certificate), Pem::file(encrypted))),
            "key file " + encrypted + " is encrypted: decrypt it first (openssl pkey -in FILE -out NEW)");
  EXPECT_EQ(server_error(with(Pem::text("nothing"), Pem::file(key))),
            "certificate (PEM text) has no certificate: expected \"-----BEGIN CERTIFICATE-----\"");
  EXPECT_EQ(server_error(with({}, Pem::file(key))), "a TLS server needs a certificate chain");
  EXPECT_EQ(server_error(with(Pem::file(certificate), {})), "a TLS server needs the private key of its certificate");

  TlsServerOptions no_roots = tls_server_options();
  no_roots.client_roots = {};
  no_roots.client_certificates = ClientCertificatePolicy::kRequire;
  EXPECT_EQ(server_error(no_roots),
            "a TLS server that asks for client certificates needs the roots that may sign them");
  TlsServerOptions long_name = tls_server_options();
  long_name.alpn_protocols = {""};
  EXPECT_EQ(server_error(long_name), "ALPN protocol \"\": a name has 1 to 255 bytes (RFC 7301)");

  TlsClientOptions client = tls_client_options();
  client.roots = Pem::file(missing);
  EXPECT_EQ(client_error(client), "root certificate file " + missing + ": No such file or directory");
  client = tls_client_options();
  client.certificate_chain = Pem::file(certificate);
  EXPECT_EQ(client_error(client), "a TLS client's identity needs both a certificate chain and its private key");
}

}  // namespace
}  // namespace godwit::tls
