#pragma once

#include "godwit/async/executor.h"
#include "godwit/testing/manual_clock.h"

namespace bench {

// An event loop that has nothing to wait for: turn after turn in the calling thread, each a little later on a clock of
// its own, so that every run is the same.
class Loop final : public godwit::Executor {
 public:
  void post(godwit::Work& work) override { posted_.push(work); }
  bool on_loop() const override { return true; }
  void at_turn_end(godwit::Work& work) override { turn_end_.push(work); }
  void withdraw(godwit::Work& work) override { turn_end_.remove(work); }
  godwit::TimePoint now() const override { return clock_.now(); }
  godwit::TimerWheel& timers() override { return timers_; }
  godwit::Random& random() override { return random_; }
  const godwit::Clock& clock() const override { return clock_; }

  void turn() {
    List posted = posted_;
    posted_ = {};
    while (godwit::Work* work = posted.pop()) work->run();
    clock_.advance(std::chrono::microseconds(20));
    timers_.advance(clock_.now());
    while (godwit::Work* work = turn_end_.pop()) work->run();
  }

 private:
  struct List {
    godwit::Work* first = nullptr;
    godwit::Work* last = nullptr;
    void push(godwit::Work& work) {
      work.next_work = nullptr;
      (last ? last->next_work : first) = &work;
      last = &work;
    }
    godwit::Work* pop() {
      godwit::Work* work = first;
      if (work) first = work->next_work;
      if (!first) last = nullptr;
      return work;
    }
    void remove(godwit::Work& work) {
      List rest;
      while (godwit::Work* other = pop()) {
        if (other != &work) rest.push(*other);
      }
      *this = rest;
    }
  };

  godwit::testing::ManualClock clock_;
  godwit::TimerWheel timers_{clock_.now()};
  godwit::SeededRandom random_{1};
  List posted_;
  List turn_end_;
};

}  // namespace bench
