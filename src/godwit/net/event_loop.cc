#include "godwit/net/event_loop.h"

#include <algorithm>
#include <utility>

#include "godwit/async/futex.h"
#include "godwit/base/assert.h"
#include "godwit/net/reactor.h"
#include "godwit/net/read_buffer.h"

namespace godwit::net {
namespace {

// Longer rests end by themselves: see net/fork.h.
constexpr Duration kLongestRest = std::chrono::seconds(10);

}  // namespace

void EventLoop::List::push(Work& work) {
  work.next_work = nullptr;
  (last ? last->next_work : first) = &work;
  last = &work;
}

Work* EventLoop::List::pop() {
  Work* work = first;
  if (work) {
    first = work->next_work;
    if (!first) last = nullptr;
  }
  return work;
}

bool EventLoop::List::remove(Work& work) {
  Work* previous = nullptr;
  for (Work* w = first; w; previous = w, w = w->next_work) {
    if (w != &work) continue;
    (previous ? previous->next_work : first) = work.next_work;
    if (last == &work) last = previous;
    return true;
  }
  return false;
}

Result<std::unique_ptr<EventLoop>, Error> EventLoop::create(Options options) {
  std::unique_ptr<EventLoop> loop(new EventLoop(options));
  if (auto opened = loop->reactor_->open(); !opened.ok()) return Failure(std::move(opened).error());
  return loop;
}

EventLoop::EventLoop(const Options& options)
    : options_(options),
      clock_(system_clock()),
      wheel_(clock_.now()),
      random_(options.seed != 0 ? options.seed : system_seed()),
      reactor_(std::make_unique<Reactor>()),
      read_buffer_(std::make_unique<ReadBuffer>()) {
  register_loop(*this);
}

EventLoop::~EventLoop() {
  GODWIT_ASSERT(!running_ && "an event loop is destroyed after run() has returned");
  unregister_loop(*this);
  // Work that frees itself would leak otherwise. Bounded: work that posts itself again and again is left.
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  for (int round = 0; round < 100; ++round) {
    take_posted();
    List list = std::exchange(posted_there_, {});
    List here = std::exchange(posted_here_, {});
    if (!list.first && !here.first) break;
    while (Work* work = list.pop()) work->run();
    while (Work* work = here.pop()) work->run();
  }
}

void EventLoop::refresh_time() const {
  now_ = clock_.now();
  time_is_old_ = !running_.load(std::memory_order_relaxed);  // outside of run() there are no turns to refresh it
}

void EventLoop::post(Work& work) {
  if (on_loop()) return posted_here_.push(work);
  void* head = posted_.load(std::memory_order_relaxed);
  do {
    work.next_work = head == &asleep_ ? nullptr : static_cast<Work*>(head);
  } while (!posted_.compare_exchange_weak(head, &work, std::memory_order_release, std::memory_order_relaxed));
  if (head == &asleep_) reactor_->wake();
}

void EventLoop::post_and_turn(Work& work) {
  if (on_loop()) return posted_here_.push(work);
  std::unique_lock turns(turn_mutex_, std::defer_lock);
  if (given_up_ || posted_.load(std::memory_order_relaxed) != &asleep_ || risen_.load(std::memory_order_relaxed) ||
      !turns.try_lock()) {
    return post(work);
  }
  void* expected = &asleep_;
  if (!posted_.compare_exchange_strong(expected, nullptr, std::memory_order_acquire, std::memory_order_relaxed)) {
    turns.unlock();
    return post(work);
  }
  // Whatever is posted from here on is seen by try_sleep().
  const std::thread::id sleeper = owner_.load(std::memory_order_relaxed);
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  posted_here_.push(work);
  turn_for_sleeper();
  owner_.store(sleeper, std::memory_order_relaxed);
}

// Some turns without input. At the end the sleeper sleeps on, or was woken.
void EventLoop::turn_for_sleeper() {
  constexpr int kTurns = 4;
  for (int i = 0; i < kTurns; ++i) {
    ++turns_;
    time_is_old_ = true;
    rest_of_turn();
    if (stop_.load(std::memory_order_relaxed) || rest_.load(std::memory_order_relaxed) != 0) break;
    if (has_work()) continue;
    if (risen_.load(std::memory_order_relaxed)) return;  // it looks around by itself
    if (wheel_.next() < sleeps_until_) break;
    if (try_sleep()) return;
  }
  reactor_->wake();
}

bool EventLoop::has_work() const {
  return posted_here_.first || posted_there_.first || turn_end_.first || reactor_->has_again() ||
         posted_.load(std::memory_order_relaxed) != nullptr || stop_.load(std::memory_order_relaxed) ||
         rest_.load(std::memory_order_relaxed) != 0;
}

// Takes over what other threads have posted, in order. True when there is anything.
bool EventLoop::take_posted() {
  void* head = posted_.load(std::memory_order_relaxed);
  if (head == nullptr) return posted_there_.first != nullptr;
  head = posted_.exchange(nullptr, std::memory_order_acquire);
  if (head == &asleep_ || head == nullptr) return posted_there_.first != nullptr;
  Work* reversed = nullptr;
  Work* const newest = static_cast<Work*>(head);
  for (Work* work = newest; work;) {
    Work* next = work->next_work;
    work->next_work = reversed;
    reversed = work;
    work = next;
  }
  (posted_there_.last ? posted_there_.last->next_work : posted_there_.first) = reversed;
  posted_there_.last = newest;
  return true;
}

// Says that a post must wake the loop from now on; false when one has come already.
bool EventLoop::try_sleep() {
  void* expected = nullptr;
  return posted_.compare_exchange_strong(expected, &asleep_, std::memory_order_acq_rel, std::memory_order_relaxed);
}

void EventLoop::stop() {
  stop_.store(true, std::memory_order_release);
  // The owner of the eventfd outlives the call: wake() needs no list.
  if (!on_loop()) reactor_->wake();
}

void EventLoop::at_turn_end(Work& work) { turn_end_.push(work); }

void EventLoop::withdraw(Work& work) {
  if (!turn_end_.remove(work)) ending_.remove(work);
}

void EventLoop::poll() {
  time_is_old_ = true;
  if (has_work()) {
    reactor_->poll();
    return;
  }
  if (options_.busy_poll > Duration::zero()) {
    const TimePoint until = add_saturating(clock_.now(), options_.busy_poll);
    for (;;) {
      if (reactor_->poll() > 0 || posted_.load(std::memory_order_relaxed) != nullptr ||
          stop_.load(std::memory_order_relaxed) || rest_.load(std::memory_order_relaxed) != 0) {
        return;
      }
      const TimePoint time = clock_.now();
      if (time >= wheel_.next()) return;
      if (time >= until) break;
    }
  }
  sleep(wheel_.next());
  reactor_->hand_out();
}

// Until something is ready or posted, or the time has come. Meanwhile the loop may be another thread's.
void EventLoop::sleep(TimePoint until) {
  const Duration timeout = until == kNever ? Duration(-1) : std::max(until - clock_.now(), Duration::zero());
  if (timeout == Duration::zero() || !try_sleep()) return reactor_->wait(Duration::zero());
  sleeps_until_ = until;
  reactor_->begin_wait();
  turn_mutex_.unlock();
  reactor_->wait(timeout);
  // From here on posts wake nobody, and nobody else takes the loop.
  risen_.store(true, std::memory_order_relaxed);
  void* expected = &asleep_;
  posted_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed, std::memory_order_relaxed);
  turn_mutex_.lock();
  risen_.store(false, std::memory_order_relaxed);
  expected = &asleep_;
  posted_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed, std::memory_order_relaxed);
  time_is_old_ = true;
}

void EventLoop::turn() {
  ++turns_;
  poll();
  rest_of_turn();
}

void EventLoop::rest_of_turn() {
  // What is posted from here on belongs to the next turn, but for what input made ready in this one.
  if (take_posted() || posted_here_.first) {
    List there = std::exchange(posted_there_, {});
    List here = std::exchange(posted_here_, {});
    while (Work* work = there.pop()) work->run();
    while (Work* work = here.pop()) work->run();
  }
  if (wheel_.size() > 0) wheel_.advance(now());
  GODWIT_DEBUG_ASSERT(!ending_.first);
  ending_ = std::exchange(turn_end_, {});
  while (Work* work = ending_.pop()) work->run();
}

void EventLoop::run() {
  GODWIT_ASSERT(!running_ && "an event loop is run by one thread at a time");
  turn_mutex_.lock();
  running_.store(true, std::memory_order_seq_cst);
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  if (rest_.load(std::memory_order_seq_cst) != 0) rest();
  do {
    turn();
    if (rest_.load(std::memory_order_relaxed) != 0) rest();
  } while (!stop_.load(std::memory_order_acquire));
  stop_.store(false, std::memory_order_relaxed);
  owner_.store(std::thread::id(), std::memory_order_relaxed);
  time_is_old_ = true;
  running_.store(false, std::memory_order_seq_cst);
  turn_mutex_.unlock();
}

void EventLoop::ask_to_rest(std::uint32_t number) {
  rest_.store(number, std::memory_order_seq_cst);
  if (number != 0) {
    reactor_->wake();
  } else {
    futex_wake_all(rest_);
  }
}

void EventLoop::rest() {
  const std::uint32_t number = rest_.load(std::memory_order_seq_cst);
  if (number == 0) return;
  resting_.store(number, std::memory_order_seq_cst);
  futex_wake_all(resting_);
  const TimePoint until = clock_.now() + kLongestRest;
  while (rest_.load(std::memory_order_acquire) == number) {
    const Duration left = until - clock_.now();
    if (left <= Duration::zero()) {
      std::uint32_t expected = number;
      rest_.compare_exchange_strong(expected, 0, std::memory_order_relaxed);
      break;
    }
    futex_wait(rest_, number, left);
  }
  time_is_old_ = true;
}

void EventLoop::give_up() {
  given_up_ = true;
  rest_.store(0, std::memory_order_relaxed);
  // If this thread is in a turn of it: run() returns at its end.
  if (on_loop()) {
    stop_.store(true, std::memory_order_relaxed);
  } else {
    running_.store(false, std::memory_order_relaxed);
  }
}

}  // namespace godwit::net
