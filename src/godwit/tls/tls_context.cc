#include "godwit/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>

#include "godwit/tls/tls_error.h"
#include "godwit/tls/tls_stream.h"

namespace godwit::tls {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// TLS 1.2: forward secrecy and authenticated encryption alone. TLS 1.3 has only such suites.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// A PEM file larger than this is a mistake; the system's list of roots has a quarter of it.
constexpr std::size_t kPemBytesMax = 4 * 1024 * 1024;

// "certificate file /x" or "certificate (PEM text)".
std::string name_of(std::string_view what, const Pem& pem) {
  std::string name(what);
  return pem.is_file() ? name + " file " + pem.value() : name + " (PEM text)";
}

Result<std::string, Error> load(std::string_view what, const Pem& pem) {
  if (!pem.is_file()) return pem.value();
  std::FILE* file = std::fopen(pem.value().c_str(), "rbe");
  if (!file) return Failure(error_from_errno(name_of(what, pem), errno));
  std::string text;
  char buffer[16384];
  std::size_t n = sizeof buffer;
  while (n == sizeof buffer && text.size() <= kPemBytesMax) {
    n = std::fread(buffer, 1, sizeof buffer, file);
    text.append(buffer, n);
  }
  const int failed = std::ferror(file) ? errno : 0;
  std::fclose(file);
  if (failed) return Failure(error_from_errno(name_of(what, pem), failed));
  if (text.size() > kPemBytesMax) return Failure(Error(name_of(what, pem) + " is larger than 4 MiB: not a PEM file"));
  return text;
}

// Never asks on the terminal.
int no_password(char*, int, int, void*) { return -1; }

Result<std::vector<Owned<X509>>, Error> load_certificates(std::string_view what, const Pem& pem) {
  auto text = load(what, pem);
  if (!text) return Failure(std::move(text).error());
  std::vector<Owned<X509>> certificates;
  ERR_clear_error();
  const Owned<BIO> bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const unsigned long code = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return Failure(Error(name_of(what, pem) + ": certificate " + std::to_string(certificates.size() + 1) +
                         " is damaged (" + take_openssl_reason("unreadable") + ")"));
  }
  ERR_clear_error();
  if (certificates.empty()) {
    return Failure(Error(name_of(what, pem) + " has no certificate: expected \"-----BEGIN CERTIFICATE-----\""));
  }
  return certificates;
}

Result<Owned<EVP_PKEY>, Error> load_key(const Pem& pem) {
  auto text = load("key", pem);
  if (!text) return Failure(std::move(text).error());
  ERR_clear_error();
  const Owned<BIO> bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (key) return key;
  if (text->find("ENCRYPTED") != std::string::npos) {
    ERR_clear_error();
    return Failure(Error(name_of("key", pem) + " is encrypted: decrypt it first (openssl pkey -in FILE -out NEW)"));
  }
  if (text->find("PRIVATE KEY-----") == std::string::npos) {
    ERR_clear_error();
    return Failure(Error(name_of("key", pem) + " has no private key: expected \"-----BEGIN PRIVATE KEY-----\""));
  }
  return Failure(Error(name_of("key", pem) + " is damaged (" + take_openssl_reason("unreadable") + ")"));
}

// A certificate with its chain and its key.
struct LoadedIdentity {
  std::vector<Owned<X509>> certificates;
  Owned<EVP_PKEY> key;
};

Result<LoadedIdentity, Error> load_identity(const Pem& chain, const Pem& key_pem) {
  auto certificates = load_certificates("certificate", chain);
  if (!certificates) return Failure(std::move(certificates).error());
  auto key = load_key(key_pem);
  if (!key) return Failure(std::move(key).error());
  if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return Failure(Error(name_of("certificate", chain) + " does not match " + name_of("key", key_pem) +
                         " (the first certificate of the chain must be the key's)"));
  }
  return LoadedIdentity{std::move(*certificates), std::move(*key)};
}

Result<void, Error> use_identity(SSL_CTX* context, const Pem& chain, const LoadedIdentity& identity) {
  const auto& certificates = identity.certificates;
  if (SSL_CTX_use_certificate(context, certificates.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, identity.key.get()) != 1) {
    return Failure(Error(name_of("certificate", chain) + " can't be used: " + take_openssl_reason("no reason given")));
  }
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1) {
      return Failure(Error(name_of("certificate", chain) + ", certificate " + std::to_string(i + 1) +
                           " can't be used: " + take_openssl_reason("no reason given")));
    }
  }
  return {};
}

Result<void, Error> use_identity(SSL_CTX* context, const Pem& chain, const Pem& key) {
  const auto identity = load_identity(chain, key);
  if (!identity) return Failure(identity.error());
  return use_identity(context, chain, *identity);
}

Result<void, Error> trust(SSL_CTX* context, const Pem& roots, bool announce) {
  auto certificates = load_certificates("root certificate", roots);
  if (!certificates) return Failure(std::move(certificates).error());
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Owned<X509>& root : *certificates) {
    if (X509_STORE_add_cert(store, root.get()) != 1 || (announce && SSL_CTX_add_client_CA(context, root.get()) != 1)) {
      return Failure(
          Error(name_of("root certificate", roots) + " can't be used: " + take_openssl_reason("no reason given")));
    }
  }
  return {};
}

Result<std::string, Error> alpn_wire_of(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& name : protocols) {
    if (name.empty() || name.size() > 255) {
      return Failure(Error("ALPN protocol \"" + name + "\": a name has 1 to 255 bytes (RFC 7301)"));
    }
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

Result<Owned<SSL_CTX>, Error> make_native(bool is_server, TlsVersion version_min) {
  ERR_clear_error();
  Owned<SSL_CTX> context(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  if (!context) return Failure(Error("TLS can't be set up: " + take_openssl_reason("no reason given")));
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, version_min == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(c, kCiphers12) != 1) {
    return Failure(Error("TLS can't be set up: " + take_openssl_reason("no cipher suite")));
  }
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Sessions are resumed from tickets that the client keeps; the server's memory holds none.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(c, 1);
  static constexpr unsigned char kSessionContext[] = "godwit";
  SSL_CTX_set_session_id_context(c, kSessionContext, sizeof kSessionContext - 1);
  return context;
}

}  // namespace

// All identities of a server, the first one first.
class TlsContext::Identities {
 public:
  void add(LoadedIdentity identity) { all_.push_back(std::move(identity)); }

  // OpenSSL's question which certificate a client gets, before it answers it.
  static int choose(SSL* ssl, int*, void* pointer) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!name) return SSL_TLSEXT_ERR_NOACK;
    const auto& all = static_cast<const Identities*>(pointer)->all_;
    for (const LoadedIdentity& identity : all) {
      if (X509_check_host(identity.certificates.front().get(), name, 0, 0, nullptr) != 1) continue;
      if (&identity != &all.front() && !use(ssl, identity)) return SSL_TLSEXT_ERR_ALERT_FATAL;
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

 private:
  static bool use(SSL* ssl, const LoadedIdentity& identity) {
    STACK_OF(X509)* chain = sk_X509_new_null();
    for (std::size_t i = 1; chain && i < identity.certificates.size(); ++i) {
      sk_X509_push(chain, identity.certificates[i].get());
    }
    const bool used =
        chain && SSL_use_cert_and_key(ssl, identity.certificates.front().get(), identity.key.get(), chain, 1) == 1;
    sk_X509_free(chain);
    return used;
  }

  std::vector<LoadedIdentity> all_;
};

TlsContext::TlsContext(SSL_CTX* context, bool is_server) : context_(context), is_server_(is_server) {}
TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>, Error> TlsContext::server(const TlsServerOptions& options) {
  if (options.certificate_chain.empty()) return Failure(Error("a TLS server needs a certificate chain"));
  if (options.private_key.empty()) return Failure(Error("a TLS server needs the private key of its certificate"));
  auto native = make_native(true, options.version_min);
  if (!native) return Failure(std::move(native).error());
  auto wire = alpn_wire_of(options.alpn_protocols);
  if (!wire) return Failure(std::move(wire).error());
  SSL_CTX* c = native->get();
  auto first = load_identity(options.certificate_chain, options.private_key);
  if (!first) return Failure(std::move(first).error());
  if (auto used = use_identity(c, options.certificate_chain, *first); !used) return Failure(std::move(used).error());
  std::unique_ptr<Identities> identities;
  if (!options.more.empty()) {
    identities = std::make_unique<Identities>();
    identities->add(std::move(*first));
    for (const auto& more : options.more) {
      auto identity = load_identity(more.certificate_chain, more.private_key);
      if (!identity) return Failure(std::move(identity).error());
      identities->add(std::move(*identity));
    }
    SSL_CTX_set_tlsext_servername_callback(c, &Identities::choose);
    SSL_CTX_set_tlsext_servername_arg(c, identities.get());
  }
  if (options.client_certificates != ClientCertificatePolicy::kNone) {
    if (options.client_roots.empty()) {
      return Failure(Error("a TLS server that asks for client certificates needs the roots that may sign them"));
    }
    if (auto trusted = trust(c, options.client_roots, true); !trusted) return Failure(std::move(trusted).error());
    int mode = SSL_VERIFY_PEER;
    if (options.client_certificates == ClientCertificatePolicy::kRequire) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(c, mode, TlsStream::verify_callback);
  }
  std::shared_ptr<TlsContext> context(new TlsContext(native->release(), true));
  context->identities_ = std::move(identities);
  context->alpn_protocols_ = options.alpn_protocols;
  context->alpn_wire_ = std::move(*wire);
  if (!context->alpn_wire_.empty()) SSL_CTX_set_alpn_select_cb(c, TlsStream::alpn_callback, &context->alpn_wire_);
  return std::shared_ptr<const TlsContext>(std::move(context));
}

Result<std::shared_ptr<const TlsContext>, Error> TlsContext::client(const TlsClientOptions& options) {
  auto native = make_native(false, options.version_min);
  if (!native) return Failure(std::move(native).error());
  auto wire = alpn_wire_of(options.alpn_protocols);
  if (!wire) return Failure(std::move(wire).error());
  SSL_CTX* c = native->get();
  if (options.roots.empty()) {
    if (SSL_CTX_set_default_verify_paths(c) != 1) {
      return Failure(Error("the system's root certificates can't be used: " + take_openssl_reason("no reason given")));
    }
  } else if (auto trusted = trust(c, options.roots, false); !trusted) {
    return Failure(std::move(trusted).error());
  }
  if (options.certificate_chain.empty() != options.private_key.empty()) {
    return Failure(Error("a TLS client's identity needs both a certificate chain and its private key"));
  }
  if (!options.certificate_chain.empty()) {
    if (auto used = use_identity(c, options.certificate_chain, options.private_key); !used) {
      return Failure(std::move(used).error());
    }
  }
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, TlsStream::verify_callback);
  if (!wire->empty()) {
    SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(wire->data()),
                            static_cast<unsigned>(wire->size()));
  }
  std::shared_ptr<TlsContext> context(new TlsContext(native->release(), false));
  context->alpn_required_ = options.alpn_required && !options.alpn_protocols.empty();
  context->common_name_counts_ = options.common_name_counts;
  context->alpn_protocols_ = options.alpn_protocols;
  context->alpn_wire_ = std::move(*wire);
  return std::shared_ptr<const TlsContext>(std::move(context));
}

}  // namespace godwit::tls
