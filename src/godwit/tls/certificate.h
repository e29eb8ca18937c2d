#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace godwit::tls {

// What a certificate says about whom it stands for.
struct CertificateNames {
  std::string subject;  // as RFC 2253 writes it: "CN=client,O=Example"
  // Of the extension subjectAltName. `all` has them in its order.
  std::vector<std::string> all, dns_names, uris, emails, ip_addresses;
};

// Of the first certificate in PEM text; nothing when it can't be read.
CertificateNames names_in(std::string_view pem);

}  // namespace godwit::tls
