#include "godwit/server.h"

#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
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

// The addresses to listen on; names are looked up now. Never empty.
Result<std::vector<SocketAddress>, Error> resolve(std::string_view text) {
  auto literal = parse_address(text);
  if (literal.ok()) return std::vector<SocketAddress>{std::move(*literal)};
  auto split = split_host_port(text);
  if (!split.ok() || split->host.empty() || split->port.empty()) return Failure(std::move(literal).error());
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
  return found;
}

// "[::]" as it is where the system has no IPv6.
SocketAddress any_ipv4(std::uint16_t port) {
  SocketAddress address;
  address.port = port;
  return address;
}
bool has_no_ipv6(const Error& error) { return error.os_error == EAFNOSUPPORT || error.os_error == EADDRNOTAVAIL; }
bool is_any_ipv6(const SocketAddress& address) {
  return address.kind == SocketAddress::Kind::kIpv6 && address.ip == std::array<std::uint8_t, 16>{};
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

    // Again and again, perhaps: the earliest end counts.
    void begin_shutdown(TimePoint end) {
      if (ended) return;
      if (!stopping) {
        stopping = true;
        listeners.clear();
        transport.shutdown();
        cancel_timer.emplace([this] { end_now(); });
        loop->timers().schedule(*cancel_timer, end);
      } else if (cancel_timer->scheduled() && end < cancel_timer->deadline()) {
        loop->timers().schedule(*cancel_timer, end);
      }
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
    bool stopping = false;
    bool ended = false;  // before the loop: what was posted late runs in its destructor
    std::unique_ptr<net::EventLoop> loop;
    rpc::ServerEnvironment environment;
    rpc::GrpcHandler handler;
    transport::ServerTransport transport;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::optional<Later> cancel_timer;
    std::thread thread;
  };
  enum class Stage : std::uint8_t { kNew, kServing, kStopping, kStopped };

  explicit State(ServerOptions o) : options(std::move(o)) {}

  transport::ServerTransportOptions transport_options() const {
    transport::ServerTransportOptions out;
    out.http2.max_concurrent_streams = options.max_concurrent_streams;
    out.http2.max_header_list_size = options.max_metadata_bytes;
    out.http2.blanks_around_values = options.blanks_around_metadata;
    out.http2.initial_stream_window = options.initial_stream_window;
    out.http2.max_stream_window = options.max_stream_window;
    out.max_connections = options.max_connections;
    return out;
  }
  Result<void, Error> make_loops();
  Result<std::uint16_t, Error> open(const SocketAddress& address,
                                    const std::shared_ptr<const tls::TlsContext>& context);
  Result<std::uint16_t, Error> listen(std::string_view address, std::shared_ptr<const tls::TlsContext> context);

  ServerOptions options;
  rpc::MethodRegistry methods;
  std::optional<Error> bad_service;  // what add() found; start() reports it
  bool needs_workers = false;
  std::unique_ptr<WorkerPool> workers;
  std::vector<std::unique_ptr<Loop>> loops;

  void loop_ended();

  mutable std::mutex mutex;
  std::condition_variable changed;
  Stage stage = Stage::kNew;
  bool told_all = false;  // kStopped, and every listener has been called
  std::size_t running_loops = 0;
  std::vector<std::function<void()>> stopped_listeners;
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

// One address on all loops.
Result<std::uint16_t, Error> Server::State::open(const SocketAddress& address,
                                                 const std::shared_ptr<const tls::TlsContext>& context) {
  std::vector<net::EventLoop*> all;
  for (auto& loop : loops) all.push_back(loop->loop.get());
  auto listeners = net::listen_on_all(all, address, {.share_port = options.share_ports});
  if (!listeners.ok() && is_any_ipv6(address) && has_no_ipv6(listeners.error())) {
    listeners = net::listen_on_all(all, any_ipv4(address.port), {.share_port = options.share_ports});
  }
  if (!listeners.ok()) return Failure(std::move(listeners.error()));
  const std::uint16_t port = listeners->front()->address().port;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    std::unique_ptr<Listener> listener = std::move((*listeners)[i]);
    if (context) listener = tls::make_tls_listener(*all[i], std::move(listener), {.context = context});
    loops[i]->listeners.push_back(std::move(listener));
  }
  return port;
}

Result<std::uint16_t, Error> Server::State::listen(std::string_view text,
                                                   std::shared_ptr<const tls::TlsContext> context) {
  GODWIT_ASSERT(stage == Stage::kNew && "listen() comes before start()");
  if (auto made = make_loops(); !made.ok()) return Failure(std::move(made.error()));
  auto addresses = resolve(text);
  if (!addresses.ok()) return Failure(std::move(addresses.error()));
  std::optional<std::uint16_t> port;
  std::optional<Error> problem;
  for (SocketAddress& address : *addresses) {
    if (port && address.port == 0) address.port = *port;  // a free port was chosen: the same one everywhere
    auto opened = open(address, context);
    if (opened.ok()) {
      if (!port) port = *opened;
    } else if (!problem) {
      problem = std::move(opened.error());
    }
  }
  if (!port) return Failure(std::move(*problem));
  return *port;
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
  state.running_loops = state.loops.size();
  for (auto& loop : state.loops) {
    loop->environment.workers = state.workers.get();
    loop->thread = std::thread([l = loop.get()] {
      pthread_setname_np(pthread_self(), "godwit-loop");
      for (auto& listener : l->listeners) listener->start(l->transport);
      l->loop->run();
      l->state.loop_ended();
    });
  }
  return {};
}

// The last thing that a loop's thread does.
void Server::State::loop_ended() {
  {
    std::lock_guard lock(mutex);
    if (--running_loops > 0) return;
  }
  if (workers) workers->stop();
  std::vector<std::function<void()>> listeners;
  {
    std::lock_guard lock(mutex);
    stage = Stage::kStopped;
    listeners.swap(stopped_listeners);
  }
  // The listeners first: who waits for the end may destroy what they use.
  for (auto& listener : listeners) listener();
  std::lock_guard lock(mutex);
  told_all = true;
  changed.notify_all();
}

void Server::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->told_all || state_->stage == State::Stage::kNew; });
}

void Server::shutdown(Duration grace) {
  State& state = *state_;
  begin_shutdown(grace);
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.told_all; });
  for (auto& loop : state.loops) {
    if (loop->thread.joinable()) loop->thread.join();  // it needs the lock no more
  }
}

void Server::begin_shutdown(Duration grace, std::function<void()> stopped) {
  State& state = *state_;
  {
    std::lock_guard lock(state.mutex);
    if (state.stage == State::Stage::kNew) {
      for (auto& loop : state.loops) loop->listeners.clear();
      state.stage = State::Stage::kStopped;
      state.told_all = true;
    }
    if (state.stage != State::Stage::kStopped) {
      state.stage = State::Stage::kStopping;
      if (stopped) state.stopped_listeners.push_back(std::move(stopped));
      const TimePoint end = add_saturating(system_clock().now(), grace);
      for (auto& loop : state.loops) loop->loop->post(*new Posted([l = loop.get(), end] { l->begin_shutdown(end); }));
      return;
    }
  }
  if (stopped) stopped();
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

Result<std::vector<Executor*>, Error> Server::executors() {
  if (auto made = state_->make_loops(); !made.ok()) return Failure(std::move(made.error()));
  std::vector<Executor*> executors;
  for (auto& loop : state_->loops) executors.push_back(loop->loop.get());
  return executors;
}

std::size_t Server::active_calls() const {
  std::atomic<std::size_t> count{0};
  std::size_t waiting = state_->loops.size();
  std::mutex mutex;
  std::condition_variable done;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stage != State::Stage::kServing) return 0;
    for (auto& loop : state_->loops) {
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
