#include "godwit/rpc/client/context.h"

#include "godwit/base/assert.h"
#include "godwit/rpc/client/call.h"

namespace godwit {

// Guards the few words that cancel() shares with the loop. Held for a few instructions, so waiting spins.
class ClientContext::Lock {
 public:
  explicit Lock(ClientContext& context) : locked_(context.lock_) {
    while (locked_.exchange(true, std::memory_order_acquire)) {
    }
  }
  ~Lock() { locked_.store(false, std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  std::atomic<bool>& locked_;
};

// Carries a cancel() from another thread to the loop. Owns itself; the context forgets it when its call ends first.
class ClientContext::CancelWork final : public Work {
 public:
  explicit CancelWork(ClientContext& context) : context_(&context) {}
  void forget() { context_ = nullptr; }  // loop only
  void run() override {
    rpc::Call* call = nullptr;
    if (context_) {
      const Lock lock(*context_);
      context_->cancel_work_ = nullptr;
      call = context_->call_;
    }
    delete this;
    if (call) call->cancel();
  }

 private:
  ClientContext* context_;
};

ClientContext::~ClientContext() {
  if (call_) {
    rpc::Call& call = *call_;
    detach();
    call.context_ = nullptr;
    call.cancel();
  }
}

void ClientContext::cancel() {
  rpc::Call* call = nullptr;
  {
    const Lock lock(*this);
    cancelled_.store(true, std::memory_order_release);
    if (!call_) return;
    if (executor_->on_loop()) {
      call = call_;
    } else if (!cancel_work_) {
      cancel_work_ = new CancelWork(*this);
      executor_->post(*cancel_work_);
    }
  }
  if (call) call->cancel();
}

void ClientContext::attach(rpc::Call& call, Executor& executor) {
  GODWIT_ASSERT(!call_ && "a ClientContext serves one call at a time");
  forget_results();
  const Lock lock(*this);
  call_ = &call;
  executor_ = &executor;
}

void ClientContext::detach() {
  const Lock lock(*this);
  call_ = nullptr;
  if (cancel_work_) {
    cancel_work_->forget();
    cancel_work_ = nullptr;
  }
}

void ClientContext::forget_results() {
  initial_metadata_.clear();
  trailing_metadata_.clear();
  peer_ = {};
}

void ClientContext::reset() {
  GODWIT_ASSERT(!call_ && "reset() of a ClientContext whose call runs");
  send_metadata_.rebind(arena_);
  initial_metadata_.rebind(arena_);
  trailing_metadata_.rebind(arena_);
  arena_.reset();
  authority_ = peer_ = {};
  timeout_.reset();
  deadline_ = kNever;
  wait_for_ready_.reset();
  max_receive_message_bytes_.reset();
  max_send_message_bytes_.reset();
  cancelled_.store(false, std::memory_order_relaxed);
}

}  // namespace godwit
