#include "godwit/rpc/client/load_balancing.h"

#include "godwit/rpc/client/load_balancing/pick_first.h"
#include "godwit/rpc/client/load_balancing/round_robin.h"

namespace godwit {
namespace {

class QueuePicker final : public Picker {
 public:
  PickResult pick(const PickArguments&) override { return PickResult::queue(); }
};

class FailPicker final : public Picker {
 public:
  explicit FailPicker(Status status) : status_(std::move(status)) {}
  PickResult pick(const PickArguments&) override { return PickResult::fail(status_); }

 private:
  Status status_;
};

}  // namespace

std::shared_ptr<Picker> make_queue_picker() { return std::make_shared<QueuePicker>(); }
std::shared_ptr<Picker> make_fail_picker(Status status) { return std::make_shared<FailPicker>(std::move(status)); }

void LoadBalancingRegistry::add(std::shared_ptr<const LoadBalancingPolicyFactory> factory) {
  factories_[std::string(factory->name())] = std::move(factory);
}

const LoadBalancingPolicyFactory* LoadBalancingRegistry::find(std::string_view name) const {
  const auto it = factories_.find(name);
  return it == factories_.end() ? nullptr : it->second.get();
}

const std::shared_ptr<const LoadBalancingRegistry>& LoadBalancingRegistry::standard() {
  static const std::shared_ptr<const LoadBalancingRegistry> registry = [] {
    auto made = std::make_shared<LoadBalancingRegistry>();
    made->add(rpc::make_pick_first_factory());
    made->add(rpc::make_round_robin_factory());
    return made;
  }();
  return registry;
}

}  // namespace godwit
