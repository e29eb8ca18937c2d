#include "godwit/testing/certificates.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "godwit/base/assert.h"

namespace godwit::testing {
namespace {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> make_key(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::kEd25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case KeyKind::kEcdsaP256:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
      break;
    case KeyKind::kRsa2048:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
      break;
  }
  GODWIT_ASSERT(key);
  return Owned<EVP_PKEY>(key);
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string pem_of(X509* certificate) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  GODWIT_ASSERT(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  GODWIT_ASSERT(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

Owned<X509> certificate_from(const std::string& pem) {
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Owned<EVP_PKEY> key_from(const std::string& pem) {
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  GODWIT_ASSERT(extension && "the value of a certificate's extension is malformed");
  GODWIT_ASSERT(X509_add_ext(certificate, extension.get(), -1) == 1);
}

Owned<X509> make_certificate(EVP_PKEY* key, std::string_view common_name, long serial, std::int64_t not_before,
                             std::int64_t not_after) {
  Owned<X509> certificate(X509_new());
  GODWIT_ASSERT(certificate);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), static_cast<time_t>(not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), static_cast<time_t>(not_after));
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
  return certificate;
}

void sign(X509* certificate, EVP_PKEY* key) {
  const int id = EVP_PKEY_get_base_id(key);
  GODWIT_ASSERT(X509_sign(certificate, key, id == EVP_PKEY_ED25519 ? nullptr : EVP_sha256()) > 0);
}

Certificate make_authority(std::string_view common_name, KeyKind kind, const Certificate* issuer, long serial) {
  const CertificateOptions defaults;
  const Owned<EVP_PKEY> key = make_key(kind);
  const Owned<X509> certificate =
      make_certificate(key.get(), common_name, serial, defaults.not_before, defaults.not_after);
  const Owned<X509> issuer_certificate = issuer ? certificate_from(issuer->certificate_pem) : nullptr;
  const Owned<EVP_PKEY> issuer_key = issuer ? key_from(issuer->key_pem) : nullptr;
  X509* above = issuer ? issuer_certificate.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(above));
  add_extension(certificate.get(), above, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), above, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate.get(), above, NID_subject_key_identifier, "hash");
  sign(certificate.get(), issuer ? issuer_key.get() : key.get());
  return {pem_of(certificate.get()), pem_of(key.get())};
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string_view common_name, KeyKind key)
    : self_(make_authority(common_name, key, nullptr, 1)) {}

CertificateAuthority CertificateAuthority::issue_authority(std::string_view common_name) {
  return CertificateAuthority(make_authority(common_name, KeyKind::kEd25519, &self_, next_serial_++));
}

Certificate CertificateAuthority::issue(const CertificateOptions& options) {
  const Owned<X509> issuer = certificate_from(self_.certificate_pem);
  const Owned<EVP_PKEY> issuer_key = key_from(self_.key_pem);
  const Owned<EVP_PKEY> key = make_key(options.key);
  const Owned<X509> certificate =
      make_certificate(key.get(), options.common_name, next_serial_++, options.not_before, options.not_after);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  add_extension(certificate.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, options.for_client ? "clientAuth" : "serverAuth");
  std::string names;
  const auto add_names = [&](const char* kind, const std::vector<std::string>& values) {
    for (const std::string& value : values) names.append(names.empty() ? "" : ",").append(kind).append(value);
  };
  add_names("DNS:", options.dns_names);
  add_names("IP:", options.ip_addresses);
  add_names("URI:", options.uris);
  if (!names.empty()) add_extension(certificate.get(), issuer.get(), NID_subject_alt_name, names);
  sign(certificate.get(), issuer_key.get());
  return {pem_of(certificate.get()), pem_of(key.get())};
}

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  std::string pattern = std::filesystem::temp_directory_path(error).string() + "/godwit-test-XXXXXX";
  GODWIT_ASSERT(!error && mkdtemp(pattern.data()) && "the temporary folder must be writable");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string TemporaryFolder::write(std::string_view name, std::string_view content) {
  const std::string path = path_ + "/" + std::string(name);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  GODWIT_ASSERT(file);
  const std::size_t written = std::fwrite(content.data(), 1, content.size(), file);
  GODWIT_ASSERT(std::fclose(file) == 0 && written == content.size());
  return path;
}

}  // namespace godwit::testing
