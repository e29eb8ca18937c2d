#pragma once

#include "godwit/async/timer_wheel.h"
#include "godwit/base/random.h"
#include "godwit/base/time.h"

namespace godwit {

// A piece of work that waits in at most one list at a time. Owned by its user: it must live until run() is called or
// the executor is gone.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  virtual void run() = 0;

 protected:
  ~Work() = default;

 public:
  Work* next_work = nullptr;  // for the list that holds it
};

// One event loop as everything above sees it: the real one (net) and the simulated one (testing). A turn of the loop:
// run what is ready, turn the timer wheel, run what was left for the end of the turn (each dirty connection is flushed
// once there), then wait for input, a timer or a post from another thread.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `work` in a later turn. Any thread. Work posted by one thread runs in the order of its posts.
  virtual void post(Work& work) = 0;
  // As post(). When the loop sleeps, its turn may be made here and now, on the caller's thread, which is the loop's for
  // so long: no other thread has to be woken. The caller holds nothing that work of the loop could wait for.
  virtual void post_and_turn(Work& work) { post(work); }
  // True on the loop's own thread (always true in a simulation).
  virtual bool on_loop() const = 0;

  // All that follows is for the loop's own thread.

  // Runs `work` once at the end of this turn, after everything that is ready now and what that makes ready.
  virtual void at_turn_end(Work& work) = 0;
  // Takes `work` out of the work left for the end of the turn, if it is there: for users that are destroyed before it.
  virtual void withdraw(Work& work) = 0;
  // The time at which the current turn began (or was refreshed); cheap.
  virtual TimePoint now() const = 0;
  virtual TimerWheel& timers() = 0;
  virtual Random& random() = 0;
  virtual const Clock& clock() const = 0;
};

}  // namespace godwit
