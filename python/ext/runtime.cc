#include "runtime.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <system_error>
#include <utility>

#include "godwit/net/dialer.h"
#include "godwit/net/event_loop.h"
#include "godwit/net/fork.h"
#include "godwit/net/name_lookup.h"

namespace godwit::python {
namespace {

// Never destroyed: threads may use them while the process ends.
std::mutex& runtime_mutex() {
  static auto* made = new std::mutex;
  return *made;
}
Runtime* current = nullptr;  // guarded by the mutex
Runtime* older = nullptr;    // what children of forks have inherited: reachable, never used
std::atomic<std::uint64_t> current_generation{1};

}  // namespace

Runtime::~Runtime() = default;

Result<Runtime*, Error> Runtime::get() {
  const std::lock_guard lock(runtime_mutex());
  if (current) return current;
  auto* made = new Runtime;
  if (auto started = made->start(); !started.ok()) {
    delete made;
    return Failure(std::move(started).error());
  }
  return current = made;
}

Result<void, Error> Runtime::start() {
  auto loop = net::EventLoop::create();
  if (!loop.ok()) return Failure(std::move(loop).error());
  loop_ = std::move(*loop);
  dialer_ = std::make_unique<net::NetDialer>(*loop_);
  lookup_ = std::make_unique<net::SystemNameLookup>();
  names_ = lookup_->on(*loop_);
  events_ = std::make_unique<EventBatch>(*loop_);
  wakes_ = std::make_unique<WakeBatch>(*loop_);
  // Signals are for the interpreter's threads: one that waits in here notices at once then.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void, Error> result;
  try {
    thread_ = std::thread([l = loop_.get()] {
      pthread_setname_np(pthread_self(), "godwit-client");
      l->run();
    });
  } catch (const std::system_error& error) {
    result = Failure(error_from_errno("start the thread of the channels' event loop", error.code().value()));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

void Runtime::before_fork() {
  runtime_mutex().lock();
  net::before_fork();
}

void Runtime::after_fork_in_parent() {
  net::after_fork_in_parent();
  runtime_mutex().unlock();
}

void Runtime::after_fork_in_child() {
  net::after_fork_in_child();
  current_generation.fetch_add(1, std::memory_order_relaxed);
  if (current) {
    current->older_ = older;
    older = std::exchange(current, nullptr);
  }
  runtime_mutex().unlock();
}

std::uint64_t Runtime::generation() { return current_generation.load(std::memory_order_relaxed); }

void Runtime::stop() {
  const std::lock_guard lock(runtime_mutex());
  current_generation.fetch_add(1, std::memory_order_relaxed);
  if (!current) return;
  current->loop_->stop();
  current->thread_.join();
  current->older_ = older;
  older = std::exchange(current, nullptr);
}

}  // namespace godwit::python
