#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "godwit/base/bytes.h"

struct ssl_st;
struct x509_st;
struct x509_store_ctx_st;

// OpenSSL's errors in plain words. Internal to this library.
namespace godwit::tls {

// Empties the thread's queue of errors and tells the first one's reason; `fallback` when it is empty.
std::string take_openssl_reason(std::string_view fallback);

// Why SSL_do_handshake(), SSL_read() or SSL_write() failed, from the thread's queue, which is emptied.
std::string take_tls_reason();

// Why a certificate was refused, for the verification callback: code, subject, and what would help.
std::string describe_verify_error(x509_store_ctx_st* store, std::string_view server_name);

// "certificate_expired (45)" and so on (RFC 8446 section 6, RFC 7301 section 3.2).
std::string alert_name(int alert);

// At most 24 of the bytes, quoted: 'GET / HTTP/1.1' or '\x00\x00\x12\x04'.
std::string quote_first_bytes(Bytes bytes);

// The certificate's subject: its common name, else the whole name on one line.
std::string subject_of(x509_st* certificate);

}  // namespace godwit::tls
