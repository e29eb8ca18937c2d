#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "godwit/async/executor.h"
#include "godwit/async/timer_wheel.h"
#include "godwit/base/error.h"
#include "godwit/base/random.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/net/loop_registry.h"

namespace godwit::net {

class Reactor;
class ReadBuffer;

// The real event loop. A turn: one look at the descriptors (asleep until something is ready, if nothing else is to be
// done), what was posted, the timer wheel, the work left for the end of the turn. In steady state a turn allocates
// nothing and costs one system call, beside what the streams receive and send.
//
// Around a fork() loops come to rest: net/fork.h.
//
// Who makes the turns: the thread in run(). While it sleeps for input, another one may make turns without input in its
// place (post_and_turn()): what would have cost two changes of threads and a wake-up is done where it came up. The
// sleeper is woken only for what the other has left: a timer earlier than it knows, input to be read on, stop(). When
// both want the loop, the one in run() gets it.
//
// Threads: post(), post_and_turn(), stop() and on_loop() from any; everything else on the thread that makes the turn,
// or, while nobody runs the loop, on one other thread at a time (to set it up and take it down).
class EventLoop final : public Executor {
 public:
  struct Options {
    // How long to look for input without sleeping before the loop sleeps. Lower latency for a busy core.
    Duration busy_poll = Duration::zero();
    std::uint64_t seed = 0;  // of random(); 0 takes one from the operating system
  };
  // The error: the process is out of descriptors (two are needed).
  static Result<std::unique_ptr<EventLoop>, Error> create(Options options);
  static Result<std::unique_ptr<EventLoop>, Error> create() { return create(Options{}); }
  // Every stream, listener and dialer of the loop must be gone. Runs what was posted and has not run yet.
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Turns until stop(), on this thread. May be called again afterwards.
  void run();
  // Makes run() return at the end of its turn; before run(), of its first turn.
  void stop();

  void post(Work& work) override;
  void post_and_turn(Work& work) override;
  bool on_loop() const override { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  void at_turn_end(Work& work) override;
  void withdraw(Work& work) override;
  TimePoint now() const override {
    if (time_is_old_) refresh_time();
    return now_;
  }
  TimerWheel& timers() override { return wheel_; }
  Random& random() override { return random_; }
  const Clock& clock() const override { return clock_; }

  std::uint64_t turns() const { return turns_; }

  // For the rest of net.
  Reactor& reactor() { return *reactor_; }
  ReadBuffer& read_buffer() { return *read_buffer_; }

 private:
  struct List {
    Work* first = nullptr;
    Work* last = nullptr;
    void push(Work& work);
    Work* pop();
    bool remove(Work& work);
  };
  explicit EventLoop(const Options& options);
  void refresh_time() const;

  // For net/fork.cc, which is what calls the first four.
  friend void register_loop(EventLoop& loop);
  friend void unregister_loop(EventLoop& loop);
  friend void before_fork();
  friend void after_fork_in_parent();
  friend void after_fork_in_child();
  // Between two turns from the next one on, until asked with 0. Any thread.
  void ask_to_rest(std::uint32_t number);
  // Nothing runs here, and nothing will while rest `number` is asked for.
  bool rests(std::uint32_t number) const {
    return resting_.load(std::memory_order_seq_cst) == number || !running_.load(std::memory_order_seq_cst);
  }
  void give_up();
  void rest();

  void turn();
  void rest_of_turn();
  void poll();
  void sleep(TimePoint until);
  void turn_for_sleeper();
  bool has_work() const;
  bool try_sleep();
  bool take_posted();

  const Options options_;
  const Clock& clock_;
  mutable TimePoint now_{};
  mutable bool time_is_old_ = true;
  std::atomic<bool> running_{false};
  std::uint64_t turns_ = 0;
  TimerWheel wheel_;
  SeededRandom random_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<ReadBuffer> read_buffer_;
  List posted_here_;   // by the loop's own thread
  List posted_there_;  // by others, already taken over, in order
  List turn_end_;
  List ending_;  // the part of turn_end_ that is being run
  std::atomic<std::thread::id> owner_{};
  LoopLink link_;
  bool given_up_ = false;                  // belongs to the parent of this process
  std::atomic<std::uint32_t> resting_{0};  // the number of the rest that it keeps, or kept last

  // Held by who makes turns: by the thread in run() but while it sleeps.
  std::mutex turn_mutex_;
  TimePoint sleeps_until_ = kNever;  // guarded by turn_mutex_

  // Posts of other threads, newest first; the address of asleep_ when the loop sleeps or is about to, and a post has
  // to wake it. On a line of its own: others write here.
  alignas(64) std::atomic<void*> posted_{nullptr};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint32_t> rest_{0};  // the number of the rest that is asked for
  std::atomic<bool> risen_{false};      // the sleeper is back and wants the loop
  char asleep_ = 0;
};

}  // namespace godwit::net
