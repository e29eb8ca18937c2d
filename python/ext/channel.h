#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "event_queue.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/connectivity.h"
#include "godwit/tls/tls_context.h"

namespace godwit::python {

class Runtime;

// grpc.* channel options, as the caller wrote them: those that the engine knows are used, the rest is the Python side's
// to accept or to complain about.
using OptionValue = std::variant<std::int64_t, std::string>;
using Options = std::vector<std::pair<std::string, OptionValue>>;

// A channel on the process's client loop (runtime.h). All functions: any thread, none waits but where it says so. After
// a fork, and when the process ends, it is as if closed.
//
// Known options: grpc.max_receive_message_length, grpc.max_send_message_length (-1: no limit), grpc.default_authority,
// grpc.ssl_target_name_override, grpc.primary_user_agent, grpc.secondary_user_agent, grpc.lb_policy_name,
// grpc.initial_reconnect_backoff_ms, grpc.min_reconnect_backoff_ms, grpc.max_reconnect_backoff_ms,
// grpc.http2.lookahead_bytes, grpc.max_metadata_size, grpc.enable_retries (no effect yet).
class Channel final : public Shared {
 public:
  // The error names the option, and what to do. What is wrong with a target is told by the calls (refused_target.h).
  static Result<Ref<Channel>, Error> make(std::string target, const Options& options, const tls::TlsClientOptions* tls);

  const std::string& target() const { return target_; }
  // The last state that the loop has told.
  ConnectivityState state() const;
  void connect();
  // Watches: `source` gets kArrived whenever the state has changed; look at state() then. Until unwatch() or close().
  void watch(Ref<EventSource> source);
  void unwatch(EventSource& source);
  // Waits, without Python's lock, for a state other than `last`. False at `until`, or earlier when a signal came.
  bool wait_state_change(ConnectivityState last, TimePoint until);
  // For good: running calls end with CANCELLED "Channel closed!", new ones too. Returns at once.
  void close();
  bool closed() const;

 private:
  friend class ClientCall;
  class Engine;
  Channel(std::string target, Runtime& runtime, Engine* engine);
  ~Channel() override;
  bool alive() const;
  // On the loop.
  rpc::ChannelCore& core() const;

  const std::string target_;
  Runtime& runtime_;
  const std::uint64_t generation_;
  Engine* const engine_;  // belongs to the loop
};

}  // namespace godwit::python
