#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/http/field.h"
#include "godwit/rpc/client/call_list.h"
#include "godwit/rpc/client/deferred.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/client/options.h"
#include "godwit/rpc/client/subchannel_core.h"

namespace godwit::rpc {

class CallPool;

// What a channel knows of one method.
struct MethodHeaders {
  std::unique_ptr<http::PreparedFields> first;
  bool complete = true;  // false: path, authority and what follows are sent with each call
  MethodConfig config;
};

// The inside of a Channel: lives until the last frame that runs in it has returned.
class ChannelCore final : private ResolverEvents, private LoadBalancingHost {
 public:
  static Result<std::unique_ptr<ChannelCore>, Error> make(Executor& executor, std::string_view target,
                                                          ChannelOptions options);
  ~ChannelCore();
  ChannelCore(const ChannelCore&) = delete;
  ChannelCore& operator=(const ChannelCore&) = delete;

  // Deletes now, or as soon as nothing runs inside.
  static void dispose(std::unique_ptr<ChannelCore> core);

  // Held by everything that may run the user's code, so that a channel can be destroyed from inside its events.
  class Entered {
   public:
    explicit Entered(ChannelCore& core) : core_(core) { ++core_.entered_; }
    ~Entered() { --core_.entered_; }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    ChannelCore& core_;
  };

  void shutdown();
  void leave_idle();
  void reset_backoff();
  void add_watcher(ConnectivityWatcher& watcher) { watchers_.push_back(&watcher); }
  void remove_watcher(ConnectivityWatcher& watcher);

  ConnectivityState state() const { return state_; }
  const Status& state_status() const { return state_status_; }
  Executor& executor() override { return executor_; }
  std::string_view target() const override { return target_.text; }
  std::string_view authority() const { return authority_; }
  std::string_view user_agent() const { return user_agent_; }
  const ChannelOptions& options() const { return options_; }
  CallPool& pool() { return *pool_; }

  const MethodHeaders& headers_of(const ClientMethod& method) {
    const std::size_t i = method.index();
    if (i == 0) return bare_headers_;
    if (i < headers_.size() && headers_[i]) return *headers_[i];
    return make_headers(method);
  }
  // For calls with an authority of their own.
  const MethodHeaders& bare_headers() const { return bare_headers_; }

  // Calls. begin(): finds a connection for the call, or queues it, or fails it.
  void add_live(Call& call);
  void begin(Call& call);
  void requeue(CallList& calls);

  // Subchannels and connections.
  void add_subchannel(SubchannelCore& subchannel);
  void remove_subchannel(SubchannelCore& subchannel);
  Connection& make_connection(SubchannelCore& owner);
  // The connection has ended, or never came to be: destroyed when nothing runs in it.
  void bury(Connection& connection);
  void bury(std::unique_ptr<PendingOperation> operation);
  // The connection closes when its calls have ended.
  void drain_later(Connection& connection);

 private:
  ChannelCore(Executor& executor, Target target, ChannelOptions options);

  void on_endpoints(std::vector<Endpoint> endpoints) override;
  void on_error(Status status) override;
  std::shared_ptr<Subchannel> make_subchannel(const SocketAddress& address, const Attributes& attributes) override;
  void update_state(ConnectivityState state, const Status& status, std::shared_ptr<Picker> picker) override;
  void request_resolution() override;

  const MethodHeaders& make_headers(const ClientMethod& method);
  void enqueue(Call& call);
  void set_state(ConnectivityState state, const Status& status);
  void run_deferred();

  Executor& executor_;
  Target target_;
  ChannelOptions options_;
  std::string authority_;
  std::string user_agent_;
  CallPool* pool_;
  int entered_ = 0;

  ConnectivityState state_ = ConnectivityState::kIdle;
  Status state_status_;
  std::shared_ptr<Picker> picker_;  // nullptr until the policy made one
  CallList queue_;                  // calls that wait for a picker
  CallList live_;                   // every call between start and end

  std::vector<std::unique_ptr<MethodHeaders>> headers_;  // by the method's index
  MethodHeaders bare_headers_;

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> buried_connections_;
  std::vector<std::unique_ptr<PendingOperation>> buried_operations_;
  std::vector<Connection*> draining_;
  SubchannelCore* subchannels_ = nullptr;

  std::unique_ptr<Resolver> resolver_;
  bool resolver_started_ = false;
  std::unique_ptr<LoadBalancingPolicy> policy_;

  std::vector<ConnectivityWatcher*> watchers_;
  std::deque<std::pair<ConnectivityState, Status>> news_;
  bool process_queue_ = false;
  Deferred deferred_;
};

}  // namespace godwit::rpc
