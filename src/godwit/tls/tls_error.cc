#include "godwit/tls/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "godwit/tls/certificate_names.h"

namespace godwit::tls {
namespace {

std::string time_text(const ASN1_TIME* time) {
  tm parts;
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable time";
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

struct Alert {
  int number;
  const char* name;
  const char* meaning;  // when the peer sends it; may be null
};
constexpr Alert kAlerts[] = {
    {0, "close_notify", nullptr},
    {10, "unexpected_message", nullptr},
    {20, "bad_record_mac", "bytes were changed on the way"},
    {22, "record_overflow", nullptr},
    {40, "handshake_failure", "no common cipher suite or signature algorithm, or it wants a client certificate"},
    {42, "bad_certificate", "it does not accept our certificate"},
    {43, "unsupported_certificate", "our certificate is not of a kind or purpose that it takes"},
    {44, "certificate_revoked", "our certificate was revoked"},
    {45, "certificate_expired", "our certificate has expired or is not valid yet"},
    {46, "certificate_unknown", "it does not accept our certificate"},
    {47, "illegal_parameter", nullptr},
    {48, "unknown_ca", "it does not trust the authority that signed our certificate"},
    {49, "access_denied", nullptr},
    {50, "decode_error", nullptr},
    {51, "decrypt_error", nullptr},
    {70, "protocol_version", "no common version of TLS"},
    {71, "insufficient_security", nullptr},
    {80, "internal_error", nullptr},
    {86, "inappropriate_fallback", nullptr},
    {90, "user_canceled", nullptr},
    {109, "missing_extension", nullptr},
    {110, "unsupported_extension", nullptr},
    {112, "unrecognized_name", "it does not serve the server name that we sent"},
    {113, "bad_certificate_status_response", nullptr},
    {115, "unknown_psk_identity", nullptr},
    {116, "certificate_required", "it wants a client certificate and we have none"},
    {120, "no_application_protocol", "it speaks none of the application protocols that we offer (ALPN)"},
};
const Alert* find_alert(int number) {
  for (const Alert& alert : kAlerts) {
    if (alert.number == number) return &alert;
  }
  return nullptr;
}

}  // namespace

std::string alert_name(int number) {
  const Alert* alert = find_alert(number);
  return std::string(alert ? alert->name : "alert") + " (" + std::to_string(number) + ")";
}

std::string take_openssl_reason(std::string_view fallback) {
  const unsigned long code = ERR_peek_error();
  std::string text;
  if (code != 0) {
    if (const char* reason = ERR_reason_error_string(code)) {
      text = reason;
    } else {
      char buffer[256];
      ERR_error_string_n(code, buffer, sizeof buffer);
      text = buffer;
    }
  }
  ERR_clear_error();
  return text.empty() ? std::string(fallback) : text;
}

std::string take_tls_reason() {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    ERR_clear_error();
    const int number = reason - SSL_AD_REASON_OFFSET;
    std::string text = "the peer sent the alert " + alert_name(number);
    const Alert* alert = find_alert(number);
    if (alert && alert->meaning) text.append(": ").append(alert->meaning);
    return text;
  }
  std::string text = take_openssl_reason("the TLS library gave no reason");
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer sent no certificate, and this server requires one";
    case SSL_R_NO_SHARED_CIPHER:
      return "no common cipher suite (no shared cipher); TLS 1.2 peers need an ECDHE suite with AES-GCM or ChaCha20";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
      return "no common version of TLS: the peer's is too old (" + text + ")";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return "a record does not decrypt: its bytes were changed on the way (" + text + ")";
    case SSL_R_WRONG_VERSION_NUMBER:
      return "the peer's bytes are not TLS (" + text + ")";
    default:
      return text;
  }
}

std::string subject_of(X509* certificate) {
  if (!certificate) return "unknown";
  const std::string common_name = common_name_of(certificate);
  if (!common_name.empty()) return common_name;
  char* line = X509_NAME_oneline(X509_get_subject_name(certificate), nullptr, 0);
  std::string text = line ? line : "";
  OPENSSL_free(line);
  return text.empty() ? "without a name" : text;
}

std::string describe_verify_error(X509_STORE_CTX* store, std::string_view server_name) {
  const int code = X509_STORE_CTX_get_error(store);
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const std::string subject = subject_of(certificate);
  const bool own = X509_STORE_CTX_get_error_depth(store) == 0;
  const std::string which = own ? "the peer's certificate" : "a certificate in the peer's chain";
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return which + " has expired (subject " + subject + ", valid until " +
             time_text(certificate ? X509_get0_notAfter(certificate) : nullptr) + ")";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return which + " is not valid yet (subject " + subject + ", valid from " +
             time_text(certificate ? X509_get0_notBefore(certificate) : nullptr) + ")";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      std::string names;
      if (certificate) {
        for (const std::string& name : alt_names_of(certificate)) names.append(names.empty() ? "" : ", ").append(name);
      }
      return "the peer's certificate is not for \"" + std::string(server_name) + "\" but for " +
             (names.empty() ? "no name at all (it has no subject alternative names)" : names);
    }
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return which + " is not signed by a trusted authority (subject " + subject + "; " +
             X509_verify_cert_error_string(code) + ")";
    case X509_V_ERR_INVALID_PURPOSE:
      return which + " must not be used for this (subject " + subject +
             "; a server's needs the extended key usage serverAuth, a client's clientAuth)";
    default:
      return which + " was refused: " + X509_verify_cert_error_string(code) + " (subject " + subject + ")";
  }
}

std::string quote_first_bytes(Bytes bytes) {
  std::string text = "'";
  std::size_t count = 0;
  for (const std::uint8_t byte : bytes) {
    if (count == 24) break;
    if (count > 0 && (byte == '\r' || byte == '\n')) break;
    ++count;
    if (byte >= 0x20 && byte < 0x7f && byte != '\'' && byte != '\\') {
      text += static_cast<char>(byte);
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      text += hex;
    }
  }
  return text + "'";
}

}  // namespace godwit::tls
