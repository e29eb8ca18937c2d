#include "godwit/rpc/client/resolver/dns.h"

#include <string>
#include <utility>
#include <vector>

#include "godwit/rpc/client/deferred.h"
#include "godwit/rpc/client/resolver/address_list.h"

namespace godwit::rpc {
namespace {

class DnsResolver final : public Resolver {
 public:
  DnsResolver(std::string target, HostPort name, const ResolverEnvironment& environment)
      : target_(std::move(target)),
        name_(std::move(name)),
        executor_(environment.executor),
        lookup_(*environment.name_lookup),
        min_interval_(environment.options.min_interval),
        backoff_(environment.options.backoff),
        again_([this] { look_up(); }) {}

  void start(ResolverEvents& events) override {
    events_ = &events;
    look_up();
  }
  void request_resolution() override {
    // A look-up that runs, or waits for its time, will do.
    if (running_ || again_.scheduled()) return;
    schedule(add_saturating(last_success_, min_interval_));
  }
  void reset_backoff() override {
    backoff_.reset();
    if (failed_ && again_.scheduled()) schedule(executor_.now());
  }

 private:
  void schedule(TimePoint when) { executor_.timers().schedule(again_, when); }
  void look_up() {
    operation_.reset();  // the one before, which has ended
    running_ = true;
    operation_ = lookup_.lookup(name_.host, name_.port, [this](auto result) { on_result(std::move(result)); });
  }
  void on_result(Result<std::vector<SocketAddress>, Error> result) {
    running_ = false;
    failed_ = !result.ok();
    if (failed_) {
      schedule(add_saturating(executor_.now(), backoff_.next(executor_.random())));
      return events_->on_error(
          Status(StatusCode::kUnavailable, "looking up the addresses of " + target_ + ": " + result.error().message));
    }
    backoff_.reset();
    last_success_ = executor_.now();
    std::vector<Endpoint> endpoints;
    endpoints.reserve(result->size());
    for (SocketAddress& address : *result) endpoints.push_back({{std::move(address)}, {}});
    events_->on_endpoints(std::move(endpoints));
  }

  std::string target_;
  HostPort name_;
  Executor& executor_;
  NameLookup& lookup_;
  Duration min_interval_;
  Backoff backoff_;
  ResolverEvents* events_ = nullptr;
  FunctionTimer again_;
  std::unique_ptr<PendingOperation> operation_;
  TimePoint last_success_{};
  bool running_ = false;
  bool failed_ = false;
};

class DnsResolverFactory final : public ResolverFactory {
 public:
  std::string_view scheme() const override { return "dns"; }
  Result<std::unique_ptr<Resolver>, Error> make(const Target& target,
                                                const ResolverEnvironment& environment) const override {
    if (!target.authority.empty()) {
      return Failure(Error("target '" + target.text + "': a name server of your own ('" + target.authority +
                           "') can't be chosen, names go through the system's resolver; write dns:///" + target.path));
    }
    if (auto literal = parse_ip_address(target.path)) {
      return make_fixed_resolver(environment.executor, {Endpoint{{std::move(*literal)}, {}}});
    }
    auto name = split_host_port(target.path);
    if (!name) return Failure(Error("target '" + target.text + "': " + name.error().message));
    if (name->host.empty()) {
      return Failure(
          Error("target '" + target.text + "' has no host name; write, for instance, dns:///localhost:50051"));
    }
    if (name->port.empty()) name->port = kDefaultPort;
    if (!environment.name_lookup) {
      return Failure(Error("target '" + target.text +
                           "' has a host name, and ChannelOptions::name_lookup is not set; "
                           "set it, or write an address: ipv4:127.0.0.1:50051"));
    }
    return std::unique_ptr<Resolver>(std::make_unique<DnsResolver>(target.text, std::move(*name), environment));
  }
};

}  // namespace

std::shared_ptr<const ResolverFactory> make_dns_resolver_factory() { return std::make_shared<DnsResolverFactory>(); }

}  // namespace godwit::rpc
