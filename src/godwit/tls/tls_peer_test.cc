// Our filter against OpenSSL used directly: versions, suites, renegotiation, key updates.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "godwit/testing/tls_world.h"

namespace godwit::tls {
namespace {

using namespace godwit::testing;
using World = TlsWorld;

using namespace std::chrono_literals;

// A TLS client made of nothing but OpenSSL and a plain stream.
class RawClient {
 public:
  explicit RawClient(World& world)
      : world_(world), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
    world.dial_plain(plain_);
    world.simulation.run_for(10ms);
  }
  ~RawClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  SSL* ssl() { return ssl_; }
  StreamRecorder& plain() { return plain_; }

  // Runs `operation` until it needs no more input; true when it succeeded.
  bool run(const std::function<int()>& operation) {
    for (int round = 0; round < 20; ++round) {
      ERR_clear_error();
      const int result = operation();
      const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
      flush();
      world_.simulation.run_for(10ms);
      const std::string received = plain_.take_received();
      BIO_write(SSL_get_rbio(ssl_), received.data(), static_cast<int>(received.size()));
      if (error == SSL_ERROR_NONE) return true;
      if (error != SSL_ERROR_WANT_READ) return false;
      if (received.empty() && plain_.over()) return false;
    }
    return false;
  }
  bool handshake() {
    return run([this] { return SSL_do_handshake(ssl_); });
  }
  bool write(std::string_view text) {
    return run([&] { return SSL_write(ssl_, text.data(), static_cast<int>(text.size())); });
  }
  std::string read() {
    char buffer[4096];
    int count = 0;
    run([&] { return count = SSL_read(ssl_, buffer, sizeof buffer); });
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
  }

 private:
  void flush() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &data);
    plain_.send({data, static_cast<std::size_t>(size)});
    (void)BIO_reset(SSL_get_wbio(ssl_));
  }

  World& world_;
  SSL_CTX* context_;
  SSL* ssl_;
  StreamRecorder plain_;
};

TEST(TlsPeer, Tls12WithForwardSecretSuites) {
  for (const char* suite : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    World world;
    world.listen(tls_server_options());
    RawClient client(world);
    SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
    SSL_set_cipher_list(client.ssl(), suite);
    ASSERT_TRUE(client.handshake()) << logged_text();
    ASSERT_EQ(world.accepted.size(), 1u);
    EXPECT_EQ(world.server().stream().info().tls.version, "TLSv1.2");
    EXPECT_EQ(world.server().stream().info().alpn_protocol, "");
    ASSERT_TRUE(client.write("ping"));
    EXPECT_EQ(world.server().received(), "ping");
    world.server().send("pong");
    EXPECT_EQ(client.read(), "pong");
  }
}

struct Refusal {
  const char* name;
  int version_max;
  const char* ciphers;
  TlsVersion server_min;
  std::string log;
};

TEST(TlsPeer, OldVersionsAndWeakSuitesAreRefused) {
  const Refusal cases[] = {
      {"TLS 1.1", TLS1_1_VERSION, "ALL:@SECLEVEL=0", TlsVersion::k12,
       "no common version of TLS: the peer's is too old (unsupported protocol)"},
      {"TLS 1.2 where 1.3 is wanted", TLS1_2_VERSION, "ALL", TlsVersion::k13,
       "no common version of TLS: the peer's is too old (unsupported protocol)"},
      {"CBC alone", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", TlsVersion::k12,
       "no common cipher suite (no shared cipher); TLS 1.2 peers need an ECDHE suite with AES-GCM or ChaCha20"},
      {"no forward secrecy", TLS1_2_VERSION, "AES128-GCM-SHA256", TlsVersion::k12,
       "no common cipher suite (no shared cipher); TLS 1.2 peers need an ECDHE suite with AES-GCM or ChaCha20"},
  };
  for (const Refusal& c : cases) {
    SCOPED_TRACE(c.name);
    World world;
    TlsServerOptions options = tls_server_options();
    options.version_min = c.server_min;
    world.listen(options);
    RawClient client(world);
    ASSERT_EQ(SSL_set_cipher_list(client.ssl(), c.ciphers), 1);
    SSL_set_min_proto_version(client.ssl(), c.version_max);
    SSL_set_max_proto_version(client.ssl(), c.version_max);
    EXPECT_FALSE(client.handshake());
    world.simulation.run_for(5s);
    EXPECT_EQ(logged_text(), "TLS handshake with ipv4:10.0.0.2:40000: " + c.log);
    EXPECT_TRUE(world.accepted.empty());
  }
}

TEST(TlsPeer, RenegotiationIsDeclined) {
  World world;
  world.listen(tls_server_options());
  RawClient client(world);
  SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
  ASSERT_TRUE(client.handshake());
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  EXPECT_FALSE(client.handshake());
  EXPECT_EQ(world.accepted.size(), 1u);
  EXPECT_EQ(world.server().received(), "");
}

// RFC 8446 section 4.6.3.
TEST(TlsPeer, KeyUpdatesGoUnnoticed) {
  World world;
  world.listen(tls_server_options());
  RawClient client(world);
  ASSERT_TRUE(client.handshake());
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    const std::string text = "message " + std::to_string(i) + ";";
    ASSERT_TRUE(client.write(text)) << i << world.server().error_text();
    sent += text;
    world.server().send("answer");
    ASSERT_EQ(client.read(), "answer") << i;
  }
  EXPECT_EQ(world.server().received(), sent);
}

// Section 6.1: our close_notify comes, and the peer's is understood.
TEST(TlsPeer, CloseNotifyBothWays) {
  World world;
  world.listen(tls_server_options());
  RawClient client(world);
  ASSERT_TRUE(client.handshake());
  world.server().finish();
  EXPECT_EQ(client.read(), "");
  EXPECT_EQ(SSL_get_shutdown(client.ssl()), SSL_RECEIVED_SHUTDOWN);
  EXPECT_FALSE(world.server().over());
  client.run([&] { return SSL_shutdown(client.ssl()) >= 0 ? 1 : -1; });
  EXPECT_TRUE(world.server().ended());
  EXPECT_FALSE(world.server().error());
}

}  // namespace
}  // namespace godwit::tls
