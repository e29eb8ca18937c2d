#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event_queue.h"
#include "godwit/async/executor.h"
#include "godwit/async/timer.h"
#include "godwit/server.h"
#include "godwit/stub/service.h"
#include "server_call.h"

namespace godwit::python {

class ServerCore;

// What the border keeps beside each loop of a server: the calls' pool, the events of this turn, and the outbox: calls
// that finish_later() ended.
//
// Outbox: a list that any thread adds to without waking the loop. The loop takes it when somebody calls flush(), and
// every kPause while its timer runs. The timer runs from the first flush on until the outbox was found empty
// kQuietTicks times in a row. finish_later() flushes by itself when the timer does not run: so no answer is left
// behind, a busy loop is not woken for single answers, and a loop with nothing to do sleeps. With explicit_flush there
// is no timer: flush() is all.
class ServerLoop final : private Work, private Timer {
 public:
  static constexpr Duration kPause = std::chrono::milliseconds(1);
  static constexpr int kQuietTicks = 16;
  static constexpr std::uint32_t kPooledCalls = 1024;

  ServerLoop(ServerCore& core, Executor& executor) : core_(core), executor_(executor), events_(executor) {}
  ~ServerLoop() override;

  ServerCore& core() { return core_; }
  Executor& executor() { return executor_; }
  EventBatch& events() { return events_; }

  // A call from the pool, with one reference. The loop's thread.
  Ref<ServerCall> take();
  // Any thread.
  void give_back(ServerCall& call);
  void post(ServerCall& call);        // with a reference
  void send_later(ServerCall& call);  // the same, without waking the loop
  // `here`: the loop's turn may be made on this thread, which has no call's mutex (Executor::post_and_turn()).
  void flush(bool here);

 private:
  void run() override;
  void on_timer() override;
  bool must_post();
  bool collect();
  void arm();

  ServerCore& core_;
  Executor& executor_;
  EventBatch events_;
  Work* free_ = nullptr;
  int quiet_ticks_ = 0;

  // Written by other threads.
  alignas(64) std::atomic<Work*> outbox_{nullptr};  // newest first
  std::atomic<bool> armed_{false};                  // the timer runs, or will before the loop sleeps
  std::atomic<bool> flushing_{false};               // posted
  alignas(64) std::atomic<Work*> returned_{nullptr};
  std::atomic<std::uint32_t> pooled_{0};
};

// What calls keep alive of their server: the engine, stopped or not, with its loops.
class ServerCore final : public Shared, private godwit::Service {
 public:
  ServerCore(const godwit::ServerOptions& options, std::int64_t maximum_concurrent_rpcs, bool explicit_flush,
             Ref<EventQueue> queue);

  bool dead() const;
  ServerLoop& loop_of(rpc::ServerCall& engine);
  // Counts a call that is going to be handled. False: there are too many.
  bool admit();
  void handled() { handling_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t handling() const { return static_cast<std::size_t>(handling_.load(std::memory_order_relaxed)); }

  const Ref<EventQueue>& queue() const { return queue_; }
  bool explicit_flush() const { return explicit_flush_; }
  void add_method(ServerMethod method) { methods_.push_back(std::move(method)); }
  std::deque<ServerMethod>& server_methods() { return methods_; }
  // Registers methods and makes what belongs to the loops; then the engine may start.
  Result<void, Error> prepare();
  godwit::Server& engine() { return engine_; }
  const std::vector<std::unique_ptr<ServerLoop>>& loops() const { return loops_; }

  void stopped();
  bool wait_stopped(TimePoint until);

 private:
  class Handler;
  ~ServerCore() override;
  void unreferenced() override;
  std::string_view service_name() const override { return "python"; }
  std::vector<rpc::Method> methods() override;

  const std::uint64_t generation_;
  const std::int64_t limit_;
  const bool explicit_flush_;
  const Ref<EventQueue> queue_;
  std::deque<ServerMethod> methods_;
  const ServerMethod unregistered_;
  alignas(64) std::atomic<std::int64_t> handling_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::vector<std::unique_ptr<ServerLoop>> loops_;
  godwit::Server engine_;  // goes first
};

}  // namespace godwit::python
