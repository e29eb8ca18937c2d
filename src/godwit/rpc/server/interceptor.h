#pragma once

#include "godwit/async/task.h"
#include "godwit/rpc/method_kind.h"
#include "godwit/rpc/server/context.h"
#include "godwit/rpc/status.h"

namespace godwit {

// Stands around every call of a server: may refuse it, change metadata, look at messages, see and change the status.
//
//   Task<Status> intercept(ServerContext& context, Next next) override {
//     if (!context.client_metadata().find("authorization")) co_return Status(StatusCode::kUnauthenticated, "...");
//     Status status = co_await next();
//     co_return status;
//   }
//
// One object serves all calls on all loops: members that change must be thread-safe.
class ServerInterceptor {
 public:
  virtual ~ServerInterceptor() = default;

  // What comes after this interceptor: the next one or the handler. Call it at most once and await what it returns.
  class Next {
   public:
    Task<Status> operator()() const;

   private:
    friend class rpc::ServerCall;
    Next(rpc::ServerCall& call, std::size_t index) : call_(call), index_(index) {}
    rpc::ServerCall& call_;
    std::size_t index_;
  };

  virtual Task<Status> intercept(ServerContext& context, Next next) = 0;
  // Each message as it passes, on the loop's thread (for blocking handlers: their worker's).
  virtual void on_received(ServerContext& context, MessageHandle message) {
    (void)context;
    (void)message;
  }
  virtual void on_sending(ServerContext& context, MessageHandle message) {
    (void)context;
    (void)message;
  }
};

}  // namespace godwit
