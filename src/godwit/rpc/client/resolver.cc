#include "godwit/rpc/client/resolver.h"

#include <utility>

#include "godwit/rpc/client/resolver/address_list.h"
#include "godwit/rpc/client/resolver/dns.h"

namespace godwit {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 section 2.1. What is not well formed stays as it is: "[fe80::1%3]" is an address.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2 && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string ResolverFactory::default_authority(const Target& target) const { return target.path; }

void ResolverRegistry::add(std::shared_ptr<const ResolverFactory> factory) {
  factories_[std::string(factory->scheme())] = std::move(factory);
}

const ResolverFactory* ResolverRegistry::find(std::string_view scheme) const {
  const auto it = factories_.find(scheme);
  return it == factories_.end() ? nullptr : it->second.get();
}

const std::shared_ptr<const ResolverRegistry>& ResolverRegistry::standard() {
  static const std::shared_ptr<const ResolverRegistry> registry = [] {
    auto made = std::make_shared<ResolverRegistry>();
    made->add(rpc::make_dns_resolver_factory());
    for (auto& factory : rpc::make_address_resolver_factories()) made->add(std::move(factory));
    return made;
  }();
  return registry;
}

Result<Target, Error> parse_target(std::string_view text, const ResolverRegistry& registry) {
  if (text.empty()) return Failure(Error("the target is empty; write, for instance, dns:///localhost:50051"));
  Target target;
  target.text = text;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && registry.find(text.substr(0, colon))) {
    target.scheme = text.substr(0, colon);
    std::string_view rest = text.substr(colon + 1);
    if (rest.starts_with("//")) {
      rest.remove_prefix(2);
      const std::size_t slash = rest.find('/');
      target.authority = percent_decoded(rest.substr(0, slash));
      rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
      // A Unix socket's path keeps the '/' that ends the authority: unix:///run/x is /run/x.
      if (target.scheme == "unix") {
        target.path = "/" + percent_decoded(rest);
        return target;
      }
    }
    target.path = percent_decoded(rest);
  } else if (colon != std::string_view::npos && text.substr(colon).starts_with("://")) {
    return Failure(Error("target '" + std::string(text) + "': the scheme '" + std::string(text.substr(0, colon)) +
                         "' is not known; write host:port, or use dns, ipv4, ipv6, unix, unix-abstract or a scheme "
                         "added to ChannelOptions::resolvers"));
  } else {
    target.scheme = "dns";
    target.path = percent_decoded(text);
  }
  if (target.path.empty()) {
    return Failure(Error("target '" + std::string(text) + "' names no address after '" + target.scheme + ":'"));
  }
  return target;
}

}  // namespace godwit
