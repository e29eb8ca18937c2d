#pragma once

#include <string_view>

#include "godwit/async/cancellation.h"
#include "godwit/async/executor.h"
#include "godwit/base/arena.h"
#include "godwit/base/time.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/metadata.h"

namespace godwit {

namespace rpc {
class GrpcHandler;
class ServerCall;
}  // namespace rpc

// One call as its handler sees it. Lives until the handler's task has ended. Unless a method says otherwise, it is for
// the handler's own thread: the loop, or the worker that runs a blocking handler.
class ServerContext {
 public:
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  std::string_view method() const;     // "/package.Service/Method"
  std::string_view authority() const;  // as the client sent it
  std::string_view peer() const;       // "ipv4:127.0.0.1:50000"
  const http::ConnectionInfo& connection() const;

  // What the client sent, without the protocol's own fields; "user-agent" is there.
  const Metadata& client_metadata() const { return client_metadata_; }
  // To be sent before the first message; changes after it was sent have no effect.
  Metadata& initial_metadata() { return initial_metadata_; }
  // To be sent with the status.
  Metadata& trailing_metadata() { return trailing_metadata_; }
  // Sends the initial metadata now instead of with the first message. From a blocking handler it takes effect at once
  // too. No effect when it was sent already.
  void send_initial_metadata();

  // kNever when the client set none.
  TimePoint deadline() const { return deadline_; }
  // Until the deadline; Duration::max() without one, zero when it has passed.
  Duration time_left() const;
  // True when nobody waits for the answer any more: the client cancelled or is gone, the deadline has passed, or the
  // server was stopped. Any thread.
  bool is_cancelled() const;
  // For awaiting operations: fires when is_cancelled() becomes true. For the loop's thread.
  CancellationToken cancellation();

  // Memory that lives as long as the call.
  Arena& arena() { return arena_; }
  Executor& executor();

 private:
  friend class rpc::GrpcHandler;
  friend class rpc::ServerCall;
  explicit ServerContext(rpc::ServerCall& call)
      : call_(call), arena_(MutableBytes(first_memory_, sizeof first_memory_)),
        client_metadata_(arena_), initial_metadata_(arena_), trailing_metadata_(arena_) {}
  void reset();

  static constexpr std::size_t kFirstMemory = 1536;  // request, reply and coroutine of a small call

  rpc::ServerCall& call_;
  TimePoint deadline_ = kNever;
  Arena arena_;
  Metadata client_metadata_;
  Metadata initial_metadata_;
  Metadata trailing_metadata_;
  alignas(std::max_align_t) std::uint8_t first_memory_[kFirstMemory];
};

// Coroutines that take a ServerContext& have their frame in the call's arena.
inline Arena* coroutine_arena(ServerContext& context) { return &context.arena(); }

}  // namespace godwit
