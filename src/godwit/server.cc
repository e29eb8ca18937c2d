#include "godwit/server.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "godwit/async/worker_pool.h"
#include "godwit/base/log.h"
#include "godwit/net/event_loop.h"
#include "godwit/net/listener.h"
#include "godwit/net/loop_group.h"
#include "godwit/net/name_lookup.h"
#include "godwit/rpc/server/grpc_handler.h"
#include "godwit/tls/tls_handshake.h"
#include "godwit/transport/server_transport.h"

namespace godwit {
namespace {

// A function to run on a loop, once; deletes itself.
class Posted final : public Work {
 public:
  explicit Posted(std::function<void()> function) : function_(std::move(function)) {}
  void run() override {
    function_();
    delete this;
  }

 private:
  std::function<void()> function_;
};

class Later final : public Timer {
 public:
  explicit Later(std::function<void()> function) : function_(std::move(function)) {}

 private:
  void on_timer() override { function_(); }
  std::function<void()> function_;
};

// An address to listen on; names are looked up now.
Result<SocketAddress, Error> resolve(std::string_view text) {
  auto literal = parse_address(text);
  if (literal.ok()) return literal;
  auto split = split_host_port(text);
  if (!split.ok() || split->host.empty() || split->port.empty()) return literal;
  auto loop = net::EventLoop::create();
  if (!loop.ok()) return Failure(std::move(loop.error()));
  net::EventLoop& looking = **loop;
  net::SystemNameLookup names(1);
  Result<std::vector<SocketAddress>, Error> found = Failure(Error("no answer"));
  auto lookup = names.on(looking);
  auto operation = lookup->lookup(split->host, split->port, [&](auto result) {
    found = std::move(result);
    looking.stop();
  });
  looking.run();
  if (!found.ok()) return Failure(std::move(found.error()));
  if (found->empty()) return Failure(Error("listen on " + std::string(text) + ": the name has no address"));
  return found->front();
}

}  // namespace

struct Server::State {
  // One event loop with everything that serves its connections.
  struct Loop {
    Loop(State& owner, std::unique_ptr<net::EventLoop> l)
        : state(owner),
          loop(std::move(l)),
          environment{*loop,
                      owner.methods,
                      {owner.options.max_receive_message_bytes, owner.options.max_send_message_bytes},
                      owner.options.interceptors,
                      nullptr},
          handler(environment),
          transport(*loop, handler, owner.transport_options()) {
      handler.set_idle_listener([](void* self) { static_cast<Loop*>(self)->check_ended(); }, this);
      transport.set_idle_listener([](void* self) { static_cast<Loop*>(self)->check_ended(); }, this);
    }

    void begin_shutdown(Duration grace) {
      stopping = true;
      listeners.clear();
      transport.shutdown();
      cancel_timer.emplace([this] { end_now(); });
      loop->timers().schedule(*cancel_timer, add_saturating(loop->now(), grace));
      check_ended();
    }
    void end_now() {
      handler.cancel_all(Status(StatusCode::kUnavailable, "the server was stopped"));
      transport.close_all("the server was stopped");
      check_ended();
    }
    // No connection is left and no handler runs (one that blocks may outlive its connection).
    void check_ended() {
      if (!stopping || ended || transport.connections() > 0 || handler.active_calls() > 0) return;
      ended = true;
      cancel_timer.reset();
      loop->stop();
    }

    State& state;
    std::unique_ptr<net::EventLoop> loop;
    rpc::ServerEnvironment environment;
    rpc::GrpcHandler handler;
    transport::ServerTransport transport;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::optional<Later> cancel_timer;
    std::thread thread;
    bool stopping = false;
    bool ended = false;
  };
  enum class Stage : std::uint8_t { kNew, kServing, kStopping, kStopped };

  explicit State(ServerOptions o) : options(std::move(o)) {}

  transport::ServerTransportOptions transport_options() const {
    transport::ServerTransportOptions out;
    out.http2.max_concurrent_streams = options.max_concurrent_streams;
    out.http2.max_header_list_size = options.max_metadata_bytes;
    out.http2.initial_stream_window = options.initial_stream_window;
    out.http2.max_stream_window = options.max_stream_window;
    out.http2.max_frame_size = http2::kRoomyFrameSize;
    out.max_connections = options.max_connections;
    return out;
  }
  Result<void, Error> make_loops();
  Result<std::uint16_t, Error> listen(std::string_view address, std::shared_ptr<const tls::TlsContext> context);

  ServerOptions options;
  rpc::MethodRegistry methods;
  std::optional<Error> bad_service;  // what add() found; start() reports it
  bool needs_workers = false;
  std::unique_ptr<WorkerPool> workers;
  std::vector<std::unique_ptr<Loop>> loops;

  mutable std::mutex mutex;
  std::condition_variable changed;
  Stage stage = Stage::kNew;
};

Server::Server(ServerOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Server::~Server() { shutdown(); }

void Server::add(Service& service) {
  GODWIT_ASSERT(state_->stage == State::Stage::kNew && "add() comes before start()");
  for (rpc::Method& method : service.methods()) {
    auto added = state_->methods.add(std::move(method));
    if (!added.ok() && !state_->bad_service) state_->bad_service = std::move(added.error());
  }
  state_->needs_workers |= service.blocks();
}

void Server::set_fallback(std::shared_ptr<rpc::MethodHandler> handler) {
  state_->methods.set_fallback(std::move(handler));
}

Result<void, Error> Server::State::make_loops() {
  if (!loops.empty()) return {};
  std::size_t count = options.loops;
  if (count == 0) count = net::usable_processors();
  for (std::size_t i = 0; i < count; ++i) {
    auto loop = net::EventLoop::create({.busy_poll = options.busy_poll});
    if (!loop.ok()) return Failure(std::move(loop.error()));
    loops.push_back(std::make_unique<Loop>(*this, std::move(loop.value())));
  }
  return {};
}

Result<std::uint16_t, Error> Server::State::listen(std::string_view text,
                                                   std::shared_ptr<const tls::TlsContext> context) {
  GODWIT_ASSERT(stage == Stage::kNew && "listen() comes before start()");
  if (auto made = make_loops(); !made.ok()) return Failure(std::move(made.error()));
  auto address = resolve(text);
  if (!address.ok()) return Failure(std::move(address.error()));
  std::vector<net::EventLoop*> all;
  for (auto& loop : loops) all.push_back(loop->loop.get());
  auto listeners = net::listen_on_all(all, *address);
  if (!listeners.ok()) return Failure(std::move(listeners.error()));
  const std::uint16_t port = listeners->front()->address().port;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    std::unique_ptr<Listener> listener = std::move((*listeners)[i]);
    if (context) listener = tls::make_tls_listener(*all[i], std::move(listener), {.context = context});
    loops[i]->listeners.push_back(std::move(listener));
  }
  return port;
}

Result<std::uint16_t, Error> Server::listen(std::string_view address) { return state_->listen(address, nullptr); }

Result<std::uint16_t, Error> Server::listen(std::string_view address, const tls::TlsServerOptions& tls) {
  auto context = tls::TlsContext::server(tls);
  if (!context.ok()) return Failure(std::move(context.error()));
  return state_->listen(address, std::move(context.value()));
}

Result<void, Error> Server::start() {
  State& state = *state_;
  if (state.bad_service) return Failure(Error(*state.bad_service));
  if (auto made = state.make_loops(); !made.ok()) return made;
  std::lock_guard lock(state.mutex);
  GODWIT_ASSERT(state.stage == State::Stage::kNew && "a server starts once");
  state.stage = State::Stage::kServing;
  if (state.needs_workers) {
    state.workers = std::make_unique<WorkerPool>(
        WorkerPool::Options{.threads = state.options.worker_threads, .queue_limit = state.options.worker_queue});
  }
  for (auto& loop : state.loops) {
    loop->environment.workers = state.workers.get();
    loop->thread = std::thread([l = loop.get()] {
      pthread_setname_np(pthread_self(), "godwit-loop");
      for (auto& listener : l->listeners) listener->start(l->transport);
      l->loop->run();
    });
  }
  return {};
}

void Server::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock,
                       [&] { return state_->stage == State::Stage::kStopped || state_->stage == State::Stage::kNew; });
}

void Server::shutdown(Duration grace) {
  State& state = *state_;
  {
    std::unique_lock lock(state.mutex);
    if (state.stage == State::Stage::kNew) {
      for (auto& loop : state.loops) loop->listeners.clear();
      state.stage = State::Stage::kStopped;
      return;
    }
    if (state.stage != State::Stage::kServing) {
      state.changed.wait(lock, [&] { return state.stage == State::Stage::kStopped; });
      return;
    }
    state.stage = State::Stage::kStopping;
  }
  for (auto& loop : state.loops) loop->loop->post(*new Posted([l = loop.get(), grace] { l->begin_shutdown(grace); }));
  for (auto& loop : state.loops) loop->thread.join();
  if (state.workers) state.workers->stop();
  std::lock_guard lock(state.mutex);
  state.stage = State::Stage::kStopped;
  state.changed.notify_all();
}

namespace {

// While it lives, SIGINT and SIGTERM are blocked in this thread and in those it starts: serve() takes them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  void wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
  }

 private:
  sigset_t set_;
  sigset_t before_;
};

}  // namespace

int Server::run(std::string_view address) { return serve(listen(address)); }
int Server::run(std::string_view address, const tls::TlsServerOptions& tls) { return serve(listen(address, tls)); }

int Server::serve(Result<std::uint16_t, Error> port) {
  const BlockedSignals signals;
  auto started = port.ok() ? start() : Result<void, Error>(Failure(std::move(port.error())));
  if (!started.ok()) {
    std::fprintf(stderr, "error: %s\n", started.error().message.c_str());
    return 1;
  }
  signals.wait();
  shutdown(std::chrono::seconds(5));
  return 0;
}

std::size_t Server::active_calls() const {
  std::atomic<std::size_t> count{0};
  std::size_t waiting = 0;
  std::mutex mutex;
  std::condition_variable done;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stage != State::Stage::kServing) return 0;
    for (auto& loop : state_->loops) {
      ++waiting;
      loop->loop->post(*new Posted([&, l = loop.get()] {
        count += l->handler.active_calls();
        std::lock_guard inner(mutex);
        --waiting;
        done.notify_one();
      }));
    }
  }
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return waiting == 0; });
  return count;
}

}  // namespace godwit
