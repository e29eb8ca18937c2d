#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"

struct ssl_ctx_st;

namespace godwit::tls {

// PEM text, given directly or as the name of a file that is read when the context is made. Errors name the file, or
// say "certificate chain (PEM text)".
class Pem {
 public:
  Pem() = default;
  static Pem text(std::string pem) { return Pem(std::move(pem), false); }
  static Pem file(std::string path) { return Pem(std::move(path), true); }
  bool empty() const { return value_.empty(); }
  bool is_file() const { return is_file_; }
  const std::string& value() const { return value_; }

 private:
  Pem(std::string value, bool is_file) : value_(std::move(value)), is_file_(is_file) {}
  std::string value_;
  bool is_file_ = false;
};

enum class TlsVersion : std::uint8_t { k12, k13 };

// What a server does about certificates of its clients.
enum class ClientCertificatePolicy : std::uint8_t {
  kNone,     // does not ask
  kRequest,  // asks; none is fine, one that does not verify is refused
  kRequire,  // asks and refuses clients that send none
};

struct TlsServerOptions {
  Pem certificate_chain;  // the server's certificate first, then the intermediate ones
  Pem private_key;
  ClientCertificatePolicy client_certificates = ClientCertificatePolicy::kNone;
  Pem client_roots;  // who may sign clients' certificates; needed unless the policy is kNone
  // Protocols that the server speaks, the preferred first. A client that offers protocols and none of these gets the
  // alert no_application_protocol (RFC 7301); one that offers none at all is served.
  std::vector<std::string> alpn_protocols = {"h2"};
  TlsVersion version_min = TlsVersion::k12;
  // Further identities, for clients that ask by name (RFC 6066 section 3) for a server that the first one does not
  // stand for. Where no certificate has the name, the first is shown.
  struct Identity {
    Pem certificate_chain, private_key;
  };
  std::vector<Identity> more;
};

struct TlsClientOptions {
  Pem roots;                                         // who may sign servers' certificates; empty: the system's list
  Pem certificate_chain, private_key;                // the client's own identity, for servers that ask; both or neither
  std::vector<std::string> alpn_protocols = {"h2"};  // offered, the preferred first
  // Fails when the server chooses none of them. Off: info().alpn_protocol is then "".
  bool alpn_required = true;
  TlsVersion version_min = TlsVersion::k12;
  // The common name of a certificate that has no names counts as its name, as it does for older clients. RFC 9525 does
  // without; certificates that people make by hand have often no more than it.
  bool common_name_counts = false;
};

// The unchanging half of TLS: keys, trust, policy. Shared by all connections, by any thread.
// TLS 1.2 suites are the forward secret AEAD ones alone (RFC 9113 section 9.2.2). No renegotiation, no compression.
class TlsContext {
 public:
  // Errors name the file and say in plain words what is wrong: "certificate file F does not match key file K".
  static Result<std::shared_ptr<const TlsContext>, Error> server(const TlsServerOptions& options);
  static Result<std::shared_ptr<const TlsContext>, Error> client(const TlsClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool is_server() const { return is_server_; }
  bool alpn_required() const { return alpn_required_; }
  bool common_name_counts() const { return common_name_counts_; }
  const std::vector<std::string>& alpn_protocols() const { return alpn_protocols_; }
  ssl_ctx_st* native() const { return context_; }  // OpenSSL's SSL_CTX, for the filter and for tests

 private:
  class Identities;
  TlsContext(ssl_ctx_st* context, bool is_server);
  ssl_ctx_st* context_;
  std::unique_ptr<const Identities> identities_;  // of a server that has several
  bool is_server_;
  bool alpn_required_ = false;
  bool common_name_counts_ = false;
  std::vector<std::string> alpn_protocols_;
  std::string alpn_wire_;  // RFC 7301 section 3.1: each name after its length
};

}  // namespace godwit::tls
