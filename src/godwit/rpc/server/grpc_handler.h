#pragma once

#include <cstddef>
#include <string_view>

#include "godwit/http/exchange.h"
#include "godwit/rpc/server/environment.h"
#include "godwit/rpc/server/server_call.h"

namespace godwit::rpc {

// gRPC over HTTP/2 as an ExchangeHandler (PROTOCOL-HTTP2.md), one for each loop. Requests that are not gRPC get an
// answer of HTTP: 415, 405 or 404 with a text that says what is served here.
class GrpcHandler final : public http::ExchangeHandler {
 public:
  // The environment must outlive the handler.
  explicit GrpcHandler(const ServerEnvironment& environment);
  // All exchanges must be closed by then. Handlers that still run are destroyed where they wait.
  ~GrpcHandler() override;

  http::ExchangeEvents* on_request(http::Exchange& exchange, const http::FieldViews& fields, bool end) override;

  std::size_t active_calls() const { return active_count_; }
  // Ends every running call with this status (the server stops).
  void cancel_all(const Status& status);
  // Called when active_calls() becomes 0, from then on each time.
  void set_idle_listener(void (*function)(void*), void* argument) {
    idle_function_ = function;
    idle_argument_ = argument;
  }

 private:
  friend class ServerCall;
  static constexpr std::size_t kPooledCalls = 1024;  // about 3 MiB a loop at most

  ServerCall& take_call();
  void release_call(ServerCall& call);

  const ServerEnvironment& environment_;
  ServerCall* pool_ = nullptr;
  std::size_t pool_count_ = 0;
  ServerCall* active_ = nullptr;
  std::size_t active_count_ = 0;
  void (*idle_function_)(void*) = nullptr;
  void* idle_argument_ = nullptr;
};

}  // namespace godwit::rpc
