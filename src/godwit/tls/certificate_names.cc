#include "godwit/tls/certificate_names.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstddef>

#include "godwit/tls/certificate.h"

namespace godwit::tls {

std::string common_name_of(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) {
    ERR_clear_error();
    return {};
  }
  std::string name(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return name.find('\0') == std::string::npos ? name : std::string();
}

namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// Calls tell(kind, text) for each name of the extension subjectAltName that is text or an IP address.
template <typename Tell>
void for_each_alt_name(X509* certificate, Tell&& tell) {
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS || name->type == GEN_URI || name->type == GEN_EMAIL) {
      const ASN1_IA5STRING* text = name->d.ia5;
      std::string value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<std::size_t>(ASN1_STRING_length(text)));
      if (value.find('\0') == std::string::npos) tell(name->type, std::move(value));
    } else if (name->type == GEN_IPADD) {
      const ASN1_OCTET_STRING* ip = name->d.iPAddress;
      const int size = ASN1_STRING_length(ip);
      char text[INET6_ADDRSTRLEN];
      if ((size == 4 || size == 16) &&
          inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof text)) {
        tell(GEN_IPADD, std::string(text));
      }
    }
  }
  GENERAL_NAMES_free(list);
  ERR_clear_error();
}

}  // namespace

std::vector<std::string> alt_names_of(X509* certificate) {
  std::vector<std::string> names;
  for_each_alt_name(certificate, [&](int kind, std::string name) {
    if (kind != GEN_EMAIL) names.push_back(std::move(name));
  });
  return names;
}

CertificateNames names_in(std::string_view pem) {
  CertificateNames names;
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = in ? PEM_read_bio_X509(in, nullptr, nullptr, nullptr) : nullptr;
  BIO* out = BIO_new(BIO_s_mem());
  if (certificate && out) {
    if (X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
      names.subject = text_of(out);
    }
    for_each_alt_name(certificate, [&](int kind, std::string name) {
      names.all.push_back(name);
      auto& list = kind == GEN_DNS     ? names.dns_names
                   : kind == GEN_URI   ? names.uris
                   : kind == GEN_EMAIL ? names.emails
                                       : names.ip_addresses;
      list.push_back(std::move(name));
    });
  }
  BIO_free_all(out);
  X509_free(certificate);
  BIO_free_all(in);
  ERR_clear_error();
  return names;
}

std::string pem_of(X509* certificate) {
  std::string text;
  BIO* bio = BIO_new(BIO_s_mem());
  if (bio && PEM_write_bio_X509(bio, certificate) == 1) {
    text = text_of(bio);
  }
  BIO_free_all(bio);
  ERR_clear_error();
  return text;
}

}  // namespace godwit::tls
