#pragma once

#include "godwit/async/executor.h"

namespace godwit::testing {

// Calls its owner in a later turn of the loop. Unlike a Work it may be destroyed while it waits: then nothing is
// called. Costs one pointer while nothing is scheduled. For the loop's thread only.
class DeferredCall {
 public:
  DeferredCall(Executor& executor, void (*function)(void*), void* argument)
      : executor_(executor), function_(function), argument_(argument) {}
  ~DeferredCall() { cancel(); }
  DeferredCall(const DeferredCall&) = delete;
  DeferredCall& operator=(const DeferredCall&) = delete;

  // No effect when it is scheduled already.
  void schedule();
  void cancel();
  bool scheduled() const { return node_ != nullptr; }

 private:
  struct Node;
  friend class DeferredNodes;
  Executor& executor_;
  void (*function_)(void*);
  void* argument_;
  Node* node_ = nullptr;
};

}  // namespace godwit::testing
