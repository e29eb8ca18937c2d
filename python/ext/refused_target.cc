#include "refused_target.h"

#include <utility>

#include "godwit/rpc/client/resolver/address_list.h"

namespace godwit::python {
namespace {

class RefusingFactory final : public ResolverFactory {
 public:
  explicit RefusingFactory(Status why) : why_(std::move(why)) {}
  std::string_view scheme() const override { return kRefusedTarget.substr(0, kRefusedTarget.find(':')); }
  Result<std::unique_ptr<Resolver>, Error> make(const Target&, const ResolverEnvironment& environment) const override {
    return rpc::make_fixed_resolver(environment.executor, why_);
  }

 private:
  Status why_;
};

}  // namespace

std::optional<Error> target_problem(std::string_view target, const ResolverRegistry& registry,
                                    const ResolverEnvironment& environment) {
  const auto parsed = parse_target(target, registry);
  if (!parsed) return parsed.error();
  const auto resolver = registry.find(parsed->scheme)->make(*parsed, environment);
  if (!resolver) return resolver.error();
  return {};
}

std::shared_ptr<const ResolverRegistry> refusing_registry(const Error& why) {
  auto registry = std::make_shared<ResolverRegistry>();
  registry->add(std::make_shared<RefusingFactory>(Status(StatusCode::kUnavailable, why.message)));
  return registry;
}

}  // namespace godwit::python
