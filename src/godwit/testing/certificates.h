#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace godwit::testing {

// Ed25519 keys are made in no time, and their signatures all have one length, so that the sizes of a simulated
// handshake repeat. Not every foreign TLS library takes them: use kEcdsaP256 or kRsa2048 towards those.
enum class KeyKind : std::uint8_t { kEd25519, kEcdsaP256, kRsa2048 };

struct CertificateOptions {
  std::string common_name = "localhost";
  std::vector<std::string> dns_names = {"localhost"};
  std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
  std::vector<std::string> uris = {};
  bool for_client = false;  // extended key usage clientAuth instead of serverAuth
  KeyKind key = KeyKind::kEd25519;
  // Validity in seconds since 1970. The default, 2020 to 2049, holds for the simulated and for the real clock.
  std::int64_t not_before = 1'577'836'800;
  std::int64_t not_after = 2'493'072'000;
};

// A certificate with its private key, both PEM texts.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

// A certification authority that lives in memory and signs what it is asked to. Made new each time: never a secret.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(std::string_view common_name = "Godwit Test CA", KeyKind key = KeyKind::kEd25519);

  const std::string& certificate_pem() const { return self_.certificate_pem; }
  Certificate issue(const CertificateOptions& options = {});
  // A certificate authority below this one; chain = its certificate followed by this one's is the caller's to join.
  CertificateAuthority issue_authority(std::string_view common_name);

 private:
  explicit CertificateAuthority(Certificate self) : self_(std::move(self)) {}
  Certificate self_;
  long next_serial_ = 2;
};

// A folder below the temporary folder that is removed with its files at the end of the object's life.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  // Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view content);

 private:
  std::string path_;
};

}  // namespace godwit::testing
