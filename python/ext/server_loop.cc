#include "server_loop.h"

#include <algorithm>
#include <utility>

#include "godwit/rpc/server/server_call.h"
#include "godwit/stub/server_method.h"
#include "runtime.h"

namespace godwit::python {

// --- ServerLoop ---

ServerLoop::~ServerLoop() {
  for (Work* list : {free_, returned_.load(std::memory_order_acquire)}) {
    while (list) delete static_cast<ServerCall*>(std::exchange(list, list->next_work));
  }
}

Ref<ServerCall> ServerLoop::take() {
  if (!free_) free_ = returned_.exchange(nullptr, std::memory_order_acquire);
  if (!free_) return Ref<ServerCall>::adopt(new ServerCall(*this));
  auto* call = static_cast<ServerCall*>(free_);
  free_ = call->next_work;
  pooled_.fetch_sub(1, std::memory_order_relaxed);
  return Ref<ServerCall>::share(call);
}

void ServerLoop::give_back(ServerCall& call) {
  if (pooled_.fetch_add(1, std::memory_order_relaxed) >= kPooledCalls) {
    pooled_.fetch_sub(1, std::memory_order_relaxed);
    delete &call;
    return;
  }
  Work* const work = &call;
  Work* head = returned_.load(std::memory_order_relaxed);
  do {
    work->next_work = head;
  } while (!returned_.compare_exchange_weak(head, work, std::memory_order_release, std::memory_order_relaxed));
}

void ServerLoop::post(ServerCall& call) { executor_.post(call); }

void ServerLoop::send_later(ServerCall& call) {
  Work* const work = &call;
  Work* head = outbox_.load(std::memory_order_relaxed);
  do {
    work->next_work = head;
  } while (!outbox_.compare_exchange_weak(head, work, std::memory_order_seq_cst, std::memory_order_relaxed));
  // Either the loop sees the call when it looks for the last time, or this sees that the timer does not run.
  if (!core_.explicit_flush() && !armed_.load(std::memory_order_seq_cst) && must_post()) executor_.post(*this);
}

void ServerLoop::flush(bool here) {
  if (must_post()) here ? executor_.post_and_turn(*this) : executor_.post(*this);
}

bool ServerLoop::must_post() {
  if (outbox_.load(std::memory_order_seq_cst) == nullptr) return false;
  return !flushing_.exchange(true, std::memory_order_acq_rel);
}

void ServerLoop::run() {
  flushing_.store(false, std::memory_order_release);
  collect();
  if (!core_.explicit_flush()) arm();
}

void ServerLoop::arm() {
  quiet_ticks_ = 0;
  armed_.store(true, std::memory_order_seq_cst);
  if (!scheduled()) executor_.timers().schedule(*this, add_saturating(executor_.now(), kPause));
}

void ServerLoop::on_timer() {
  if (collect()) {
    quiet_ticks_ = 0;
  } else if (++quiet_ticks_ >= kQuietTicks) {
    armed_.store(false, std::memory_order_seq_cst);
    if (!collect()) return;
    armed_.store(true, std::memory_order_seq_cst);
    quiet_ticks_ = 0;
  }
  executor_.timers().schedule(*this, add_saturating(executor_.now(), kPause));
}

// In the order in which the calls were ended. True when there were any.
bool ServerLoop::collect() {
  Work* newest = outbox_.exchange(nullptr, std::memory_order_seq_cst);
  if (!newest) return false;
  Work* oldest = nullptr;
  while (newest) {
    Work* next = newest->next_work;
    newest->next_work = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) std::exchange(oldest, oldest->next_work)->run();
  return true;
}

// --- ServerCore ---

class ServerCore::Handler final : public rpc::MethodHandler {
 public:
  Handler(ServerCore& core, const ServerMethod& method) : core_(core), method_(method) {}
  Task<Status> invoke(rpc::ServerCall& engine) override {
    if (!core_.admit()) {
      return godwit::internal::ended_call(engine.context(),
                                          Status(StatusCode::kResourceExhausted, "Concurrent RPC limit exceeded!"));
    }
    ServerLoop& loop = core_.loop_of(engine);
    if (method_.client_streams || method_.server_streams) return ServerCall::handle_stream(engine, loop, method_);
    return ServerCall::handle_unary(engine, loop, method_);
  }

 private:
  ServerCore& core_;
  const ServerMethod& method_;
};

ServerCore::ServerCore(const godwit::ServerOptions& options, std::int64_t maximum_concurrent_rpcs, bool explicit_flush,
                       Ref<EventQueue> queue)
    : generation_(Runtime::generation()),
      limit_(maximum_concurrent_rpcs),
      explicit_flush_(explicit_flush),
      queue_(std::move(queue)),
      engine_(options) {}

ServerCore::~ServerCore() = default;

bool ServerCore::dead() const { return generation_ != Runtime::generation(); }

// In the child of a fork what belongs to the parent's loops stays as it is.
void ServerCore::unreferenced() {
  if (!dead()) delete this;
}

ServerLoop& ServerCore::loop_of(rpc::ServerCall& engine) {
  const Executor* executor = &engine.environment().executor;
  std::size_t i = 0;
  while (&loops_[i]->executor() != executor) ++i;
  return *loops_[i];
}

bool ServerCore::admit() {
  const std::int64_t before = handling_.fetch_add(1, std::memory_order_relaxed);
  if (limit_ < 0 || before < limit_) return true;
  handled();
  return false;
}

Result<void, Error> ServerCore::prepare() {
  engine_.add(*this);
  engine_.set_fallback(std::make_shared<Handler>(*this, unregistered_));
  auto executors = engine_.executors();
  if (!executors.ok()) return Failure(std::move(executors.error()));
  for (Executor* executor : *executors) loops_.push_back(std::make_unique<ServerLoop>(*this, *executor));
  return {};
}

std::vector<rpc::Method> ServerCore::methods() {
  std::vector<rpc::Method> methods;
  for (const ServerMethod& method : methods_) {
    MethodKind kind = MethodKind::kUnary;
    if (method.client_streams) {
      kind = method.server_streams ? MethodKind::kBidiStreaming : MethodKind::kClientStreaming;
    } else if (method.server_streams) {
      kind = MethodKind::kServerStreaming;
    }
    methods.push_back({method.path, kind, std::make_shared<Handler>(*this, method)});
  }
  return methods;
}

void ServerCore::stopped() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool ServerCore::wait_stopped(TimePoint until) {
  std::unique_lock lock(mutex_);
  if (until == kNever) {
    changed_.wait(lock, [&] { return stopped_; });
    return true;
  }
  return changed_.wait_for(lock, until - system_clock().now(), [&] { return stopped_; });
}

}  // namespace godwit::python
