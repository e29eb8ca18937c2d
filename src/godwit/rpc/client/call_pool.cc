#include "godwit/rpc/client/call_pool.h"

#include "godwit/rpc/client/attempt.h"
#include "godwit/rpc/client/call.h"

namespace godwit::rpc {

CallPool::~CallPool() {
  while (calls_) {
    Call* next = calls_->next_free_;
    delete calls_;
    calls_ = next;
  }
  while (attempts_) {
    Attempt* next = attempts_->next_free_;
    delete attempts_;
    attempts_ = next;
  }
}

Call& CallPool::take_call() {
  ++out_;
  if (calls_) {
    Call& call = *calls_;
    calls_ = call.next_free_;
    --kept_calls_;
    return call;
  }
  auto* call = new Call;
  call->pool_ = this;
  return *call;
}

void CallPool::put(Call& call) {
  if (kept_calls_ < kKept) {
    call.next_free_ = calls_;
    calls_ = &call;
    ++kept_calls_;
  } else {
    delete &call;
  }
  one_back();
}

Attempt& CallPool::take_attempt() {
  ++out_;
  if (attempts_) {
    Attempt& attempt = *attempts_;
    attempts_ = attempt.next_free_;
    --kept_attempts_;
    return attempt;
  }
  auto* attempt = new Attempt;
  attempt->pool_ = this;
  return *attempt;
}

void CallPool::put(Attempt& attempt) {
  if (kept_attempts_ < kKept) {
    attempt.next_free_ = attempts_;
    attempts_ = &attempt;
    ++kept_attempts_;
  } else {
    delete &attempt;
  }
  one_back();
}

void CallPool::one_back() {
  if (--out_ == 0 && closed_) delete this;
}

void CallPool::close() {
  closed_ = true;
  if (out_ == 0) delete this;
}

}  // namespace godwit::rpc
