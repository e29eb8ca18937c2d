#include "refused_target.h"

#include <utility>

#include "godwit/rpc/client/deferred.h"

namespace godwit::python {
namespace {

class RefusingResolver final : public Resolver {
 public:
  RefusingResolver(Executor& executor, Status why)
      : executor_(executor), why_(std::move(why)), report_([this] { events_->on_error(why_); }) {}
  void start(ResolverEvents& events) override {
    events_ = &events;
    report_.schedule(executor_);
  }
  void request_resolution() override {}

 private:
  Executor& executor_;
  Status why_;
  ResolverEvents* events_ = nullptr;
  rpc::Deferred report_;
};

class RefusingFactory final : public ResolverFactory {
 public:
  explicit RefusingFactory(Status why) : why_(std::move(why)) {}
  std::string_view scheme() const override { return kRefusedTarget.substr(0, kRefusedTarget.find(':')); }
  Result<std::unique_ptr<Resolver>, Error> make(const Target&, const ResolverEnvironment& environment) const override {
    return std::unique_ptr<Resolver>(std::make_unique<RefusingResolver>(environment.executor, why_));
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
