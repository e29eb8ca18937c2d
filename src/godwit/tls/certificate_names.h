#pragma once

#include <string>
#include <vector>

struct x509_st;

// Reading certificates. Internal to this library.
namespace godwit::tls {

// UTF-8; "" when there is none. A name with a NUL byte in it counts as none.
std::string common_name_of(x509_st* certificate);
// DNS names, IP addresses (as text) and URIs of the extension subjectAltName, in its order.
std::vector<std::string> alt_names_of(x509_st* certificate);
std::string pem_of(x509_st* certificate);

}  // namespace godwit::tls
