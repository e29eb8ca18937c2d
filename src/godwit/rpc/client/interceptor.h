#pragma once

#include <cstddef>
#include <string_view>

#include "godwit/async/task.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/metadata.h"
#include "godwit/rpc/method_kind.h"
#include "godwit/rpc/status.h"

namespace godwit {

// One call as an interceptor sees it.
class ClientCallInfo {
 public:
  virtual const ClientMethod& method() const = 0;
  // nullptr when the caller gave none.
  virtual ClientContext* context() = 0;
  // More metadata for the request, sent after the context's. To be filled before next().
  Metadata& extra_metadata() { return extra_metadata_; }
  // kNever without one. May be brought forward with limit_deadline() before next().
  virtual TimePoint deadline() const = 0;
  virtual void limit_deadline(TimePoint deadline) = 0;

 protected:
  ~ClientCallInfo() = default;
  Metadata extra_metadata_;
};

// Stands around every call of a channel: may refuse it, add metadata, look at messages, see and change the status.
//
//   Task<Status> intercept(ClientCallInfo& call, Next next) override {
//     call.extra_metadata().add("authorization", token_);
//     Status status = co_await next();
//     co_return status;
//   }
//
// One object serves all calls of a channel, on its loop; given to channels of several loops, its members must be
// thread-safe. When the call is cancelled or its deadline passes while intercept() waits for something of its own, its
// coroutine is destroyed there.
class ClientInterceptor {
 public:
  virtual ~ClientInterceptor() = default;

  // What comes after this interceptor: the next one or the call itself. Call it at most once and await what it returns:
  // it ends when the call has. Messages pass meanwhile.
  class Next {
   public:
    Task<Status> operator()() const;

   private:
    friend class rpc::Call;
    Next(rpc::Call& call, std::size_t index) : call_(call), index_(index) {}
    rpc::Call& call_;
    std::size_t index_;
  };

  virtual Task<Status> intercept(ClientCallInfo& call, Next next) = 0;
  // Each message as it passes.
  virtual void on_sending(ClientCallInfo& call, MessageHandle message) {
    (void)call;
    (void)message;
  }
  virtual void on_received(ClientCallInfo& call, MessageHandle message) {
    (void)call;
    (void)message;
  }
};

}  // namespace godwit
