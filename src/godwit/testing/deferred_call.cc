#include "godwit/testing/deferred_call.h"

#include <utility>

namespace godwit::testing {

// What waits in the executor's list. Without an owner it runs as nothing.
struct DeferredCall::Node final : Work {
  DeferredCall* owner = nullptr;
  Node* previous = nullptr;
  Node* next = nullptr;
  void run() override;
};

// All waiting nodes of a thread. Executors may go away with work in their lists; what is still here when the thread
// ends was left by those.
class DeferredNodes {
 public:
  ~DeferredNodes() {
    while (first_) remove(first_);
  }
  DeferredCall::Node* make(DeferredCall* owner) {
    auto* node = new DeferredCall::Node;
    node->owner = owner;
    node->next = first_;
    if (first_) first_->previous = node;
    first_ = node;
    return node;
  }
  void remove(DeferredCall::Node* node) {
    (node->previous ? node->previous->next : first_) = node->next;
    if (node->next) node->next->previous = node->previous;
    delete node;
  }

 private:
  DeferredCall::Node* first_ = nullptr;
};

namespace {
thread_local DeferredNodes nodes;
}

void DeferredCall::Node::run() {
  DeferredCall* call = owner;
  nodes.remove(this);
  if (!call) return;
  call->node_ = nullptr;
  call->function_(call->argument_);
}

void DeferredCall::schedule() {
  if (node_) return;
  node_ = nodes.make(this);
  executor_.post(*node_);
}

void DeferredCall::cancel() {
  if (node_) std::exchange(node_, nullptr)->owner = nullptr;
}

}  // namespace godwit::testing
