#include "godwit/rpc/client/resolver/address_list.h"

#include <string>
#include <utility>
#include <variant>

#include "godwit/rpc/client/deferred.h"

namespace godwit::rpc {
namespace {

class FixedResolver final : public Resolver {
 public:
  FixedResolver(Executor& executor, std::variant<std::vector<Endpoint>, Status> outcome)
      : executor_(executor), outcome_(std::move(outcome)), report_([this] { report(); }) {}
  void start(ResolverEvents& events) override {
    events_ = &events;
    report_.schedule(executor_);
  }
  void request_resolution() override {}

 private:
  void report() {
    if (const auto* endpoints = std::get_if<std::vector<Endpoint>>(&outcome_)) return events_->on_endpoints(*endpoints);
    events_->on_error(std::get<Status>(outcome_));
  }

  Executor& executor_;
  std::variant<std::vector<Endpoint>, Status> outcome_;
  ResolverEvents* events_ = nullptr;
  Deferred report_;
};

enum class Form { kIpv4, kIpv6, kUnix, kUnixAbstract, kAny };

class AddressResolverFactory final : public ResolverFactory {
 public:
  AddressResolverFactory(std::string_view scheme, Form form) : scheme_(scheme), form_(form) {}
  std::string_view scheme() const override { return scheme_; }
  std::string default_authority(const Target& target) const override {
    switch (form_) {
      case Form::kUnix:
      case Form::kUnixAbstract:
        return "localhost";
      case Form::kAny:
        if (target.path.starts_with("unix")) return "localhost";
        [[fallthrough]];
      default:
        return target.path.substr(0, target.path.find(','));
    }
  }
  Result<std::unique_ptr<Resolver>, Error> make(const Target& target,
                                                const ResolverEnvironment& environment) const override {
    if (!target.authority.empty()) {
      return Failure(Error("target '" + target.text + "': " + scheme_ + " targets have no authority; write " + scheme_ +
                           ":" + target.path));
    }
    std::vector<Endpoint> endpoints;
    std::string_view rest = target.path;
    const bool list = form_ == Form::kIpv4 || form_ == Form::kIpv6;
    for (;;) {
      const std::size_t comma = list ? rest.find(',') : std::string_view::npos;
      auto address = parse_one(rest.substr(0, comma));
      if (!address) return Failure(Error("target '" + target.text + "': " + address.error().message));
      endpoints.push_back({{std::move(*address)}, {}});
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    return make_fixed_resolver(environment.executor, std::move(endpoints));
  }

 private:
  Result<SocketAddress, Error> parse_one(std::string_view text) const {
    switch (form_) {
      case Form::kIpv4:
      case Form::kIpv6: {
        auto address = parse_ip_address(text);
        const auto wanted = form_ == Form::kIpv4 ? SocketAddress::Kind::kIpv4 : SocketAddress::Kind::kIpv6;
        if (address && address->kind != wanted) {
          return Failure(Error("'" + std::string(text) + "' is no address of the scheme '" + scheme_ + "'; write " +
                               (form_ == Form::kIpv4 ? "ipv4:127.0.0.1:80" : "ipv6:[::1]:80")));
        }
        return address;
      }
      case Form::kUnix:
        return parse_address("unix:" + std::string(text));
      case Form::kUnixAbstract:
        return parse_address("unix-abstract:" + std::string(text));
      case Form::kAny: {
        if (text.starts_with("unix:") || text.starts_with("unix-abstract:")) return parse_address(text);
        auto address = parse_ip_address(text);
        if (!address) {
          return Failure(Error(address.error().message + "; passthrough takes addresses, for host names use dns:///"));
        }
        return address;
      }
    }
    return parse_address(text);
  }

  std::string scheme_;
  Form form_;
};

}  // namespace

std::unique_ptr<Resolver> make_fixed_resolver(Executor& executor, std::vector<Endpoint> endpoints) {
  return std::make_unique<FixedResolver>(executor, std::move(endpoints));
}
std::unique_ptr<Resolver> make_fixed_resolver(Executor& executor, Status error) {
  return std::make_unique<FixedResolver>(executor, std::move(error));
}

Result<SocketAddress, Error> parse_ip_address(std::string_view text) {
  const auto parts = split_host_port(text);
  if (!parts) return Failure(parts.error());
  std::string full = parts->host.find(':') == std::string::npos ? parts->host : "[" + parts->host + "]";
  full += ':';
  full += parts->port.empty() ? std::string(kDefaultPort) : parts->port;
  return parse_address(full);
}

std::vector<std::shared_ptr<const ResolverFactory>> make_address_resolver_factories() {
  std::vector<std::shared_ptr<const ResolverFactory>> all;
  all.push_back(std::make_shared<AddressResolverFactory>("ipv4", Form::kIpv4));
  all.push_back(std::make_shared<AddressResolverFactory>("ipv6", Form::kIpv6));
  all.push_back(std::make_shared<AddressResolverFactory>("unix", Form::kUnix));
  all.push_back(std::make_shared<AddressResolverFactory>("unix-abstract", Form::kUnixAbstract));
  all.push_back(std::make_shared<AddressResolverFactory>("passthrough", Form::kAny));
  return all;
}

}  // namespace godwit::rpc
