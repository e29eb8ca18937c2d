#include "godwit/net/fork.h"

#include <atomic>
#include <mutex>

#include "godwit/async/futex.h"
#include "godwit/base/time.h"
#include "godwit/net/descriptor.h"
#include "godwit/net/event_loop.h"
#include "godwit/net/loop_registry.h"

namespace godwit::net {
namespace {

constexpr Duration kPatience = std::chrono::seconds(1);
constexpr Duration kLook = std::chrono::milliseconds(10);

// Never destroyed: loops may run while the process ends. The mutex is held from before_fork() to after_fork_...().
std::mutex& fork_mutex() {
  static auto* made = new std::mutex;
  return *made;
}
EventLoop* first_loop = nullptr;      // the loops of this process
EventLoop* given_up_loops = nullptr;  // those of its ancestors
std::uint32_t fork_number = 0;        // a number for each fork, never 0

std::atomic<std::uint32_t> forking{0};
std::atomic<std::uint32_t> waited_for{0};  // ForkWaits that exist

}  // namespace

void register_loop(EventLoop& loop) {
  const std::lock_guard lock(fork_mutex());
  loop.link_.next = first_loop;
  if (first_loop) first_loop->link_.previous = &loop;
  first_loop = &loop;
}

void unregister_loop(EventLoop& loop) {
  const std::lock_guard lock(fork_mutex());
  EventLoop*& head = loop.given_up_ ? given_up_loops : first_loop;
  (loop.link_.previous ? loop.link_.previous->link_.next : head) = loop.link_.next;
  if (loop.link_.next) loop.link_.next->link_.previous = loop.link_.previous;
}

void before_fork() {
  fork_mutex().lock();
  if (++fork_number == 0) ++fork_number;
  forking.store(1, std::memory_order_seq_cst);
  for (EventLoop* loop = first_loop; loop; loop = loop->link_.next) {
    if (!loop->on_loop()) loop->ask_to_rest(fork_number);
  }
  const TimePoint until = system_clock().now() + kPatience;
  auto in_time = [&] { return system_clock().now() < until; };
  for (EventLoop* loop = first_loop; loop; loop = loop->link_.next) {
    if (loop->on_loop()) continue;
    while (!loop->rests(fork_number) && in_time()) futex_wait(loop->resting_, loop->resting_.load(), kLook);
  }
  for (;;) {
    const std::uint32_t count = waited_for.load(std::memory_order_seq_cst);
    if (count == 0 || !in_time()) return;
    futex_wait(waited_for, count, kLook);
  }
}

void after_fork_in_parent() {
  for (EventLoop* loop = first_loop; loop; loop = loop->link_.next) loop->ask_to_rest(0);
  forking.store(0, std::memory_order_release);
  futex_wake_all(forking);
  fork_mutex().unlock();
}

void after_fork_in_child() {
  close_descriptors_of_parent();
  while (first_loop) {
    EventLoop& loop = *first_loop;
    first_loop = loop.link_.next;
    if (first_loop) first_loop->link_.previous = nullptr;
    loop.give_up();
    loop.link_.next = given_up_loops;
    if (given_up_loops) given_up_loops->link_.previous = &loop;
    given_up_loops = &loop;
  }
  forking.store(0, std::memory_order_relaxed);
  waited_for.store(0, std::memory_order_relaxed);
  fork_mutex().unlock();
}

std::uint64_t fork_generation() { return fork_count.load(std::memory_order_relaxed); }

ForkWaits::ForkWaits() : generation_(fork_count.load(std::memory_order_relaxed)) {
  for (;;) {
    waited_for.fetch_add(1, std::memory_order_seq_cst);
    if (forking.load(std::memory_order_seq_cst) == 0) return;
    waited_for.fetch_sub(1, std::memory_order_seq_cst);
    futex_wake_all(waited_for);
    futex_wait(forking, 1, kPatience);
  }
}

ForkWaits::~ForkWaits() {
  if (generation_ != fork_count.load(std::memory_order_relaxed)) return;  // counted in the parent
  waited_for.fetch_sub(1, std::memory_order_seq_cst);
  if (forking.load(std::memory_order_seq_cst) != 0) futex_wake_all(waited_for);
}

}  // namespace godwit::net
