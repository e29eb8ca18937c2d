#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/base/random.h"
#include "godwit/testing/manual_clock.h"
#include "godwit/testing/trace.h"

namespace godwit::testing {

class Simulation;

// One event loop ("host") of a simulation. Owned by the Simulation. A turn is one event of the common queue: input that
// is ready, posted work, the timer wheel, then the work left for the turn's end, all at one moment of virtual time.
class SimExecutor final : public Executor {
 public:
  ~SimExecutor() override;
  SimExecutor(const SimExecutor&) = delete;
  SimExecutor& operator=(const SimExecutor&) = delete;

  void post(Work& work) override;  // the simulation's thread only
  bool on_loop() const override { return true; }
  void at_turn_end(Work& work) override;
  void withdraw(Work& work) override;
  TimePoint now() const override;
  TimerWheel& timers() override { return wheel_; }
  Random& random() override { return random_; }
  const Clock& clock() const override;

  const std::string& name() const { return name_; }
  std::size_t index() const { return index_; }  // 0 for the first executor of the simulation
  Simulation& simulation() { return simulation_; }

  // Runs `action` as input of the next turn, which begins now (or after the random turn delay). Actions keep their
  // order. Returns a number for cancel_input().
  std::uint64_t input(std::function<void()> action);
  void cancel_input(std::uint64_t id);
  // No turn begins before `time`: the host is busy or stopped. Moves only forward.
  void freeze_until(TimePoint time);
  std::uint64_t turns() const { return turns_; }

 private:
  friend class Simulation;
  struct WorkList {
    Work* first = nullptr;
    Work* last = nullptr;
    bool empty() const { return first == nullptr; }
    void push(Work& work);
    Work* pop();
    void remove(Work& work);
  };
  SimExecutor(Simulation& simulation, std::string name, std::size_t index, std::uint64_t seed);
  void need_turn(TimePoint time);
  void schedule_timers();
  void turn();

  Simulation& simulation_;
  const std::string name_;
  const std::size_t index_;
  TimerWheel wheel_;
  SeededRandom random_;
  SeededRandom turn_random_;
  WorkList posted_;
  WorkList turn_end_;
  std::map<std::uint64_t, std::function<void()>> input_;
  std::uint64_t next_input_ = 1;
  std::uint64_t turns_ = 0;
  TimePoint frozen_until_{};
  TimePoint turn_wanted_ = kNever;  // the earliest time at which there is something to do
  TimePoint turn_at_ = kNever;      // of the scheduled turn
  std::uint64_t turn_event_ = 0;
  bool in_turn_ = false;
};

struct SimulationOptions {
  std::uint64_t seed = 1;
  // Each turn of a loop begins up to this much after it became ready, chosen at random: shuffles the order of hosts.
  Duration turn_delay_max{0};
  bool keep_trace_text = true;             // else only the hash: for long runs
  std::uint64_t events_max = 100'000'000;  // a run that needs more ends with RunEnd::kEventLimit
  std::int64_t wall_nanos = ManualClock::kDefaultWallNanos;
};

enum class RunEnd : std::uint8_t { kDone, kTime, kIdle, kEventLimit };
std::string_view text_of(RunEnd end);

// A whole run from one seed: virtual time, one queue of events ordered by (time, number of scheduling), several loops,
// a trace. One thread. Nothing in it depends on addresses, hash seeds or the real clock. Objects that live on the
// executors must be destroyed before the simulation.
class Simulation {
 public:
  using EventId = std::pair<TimePoint, std::uint64_t>;

  explicit Simulation(SimulationOptions options = {});
  explicit Simulation(std::uint64_t seed) : Simulation(SimulationOptions{.seed = seed}) {}
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // The executor of that name, made at the first call.
  SimExecutor& executor(std::string_view name = "host");
  TimePoint now() const { return clock_.now(); }
  ManualClock& clock() { return clock_; }
  Trace& trace() { return trace_; }
  std::uint64_t seed() const { return options_.seed; }
  const SimulationOptions& options() const { return options_; }
  // A seed for a part of the run, from the run's seed and the label alone: parts do not disturb one another.
  std::uint64_t seed_for(std::string_view label) const;

  // Runs `action` at `time` (now when that has passed), outside of any executor's turn.
  EventId at(TimePoint time, std::function<void()> action);
  EventId after(Duration delay, std::function<void()> action) {
    return at(add_saturating(now(), delay), std::move(action));
  }
  // No effect on an event that has run.
  void cancel(EventId id);

  // Runs the next event; false when there is none.
  bool step();
  // Runs until `done` is true (asked before the first and after every event), nothing is left to do, or `limit` of
  // virtual time is over (then the clock stands at that moment).
  RunEnd run_until(const std::function<bool()>& done, Duration limit = std::chrono::hours(24));
  // Runs whatever happens up to and including `time`; the clock then stands at `time`.
  RunEnd run_until(TimePoint time);
  RunEnd run_for(Duration duration) { return run_until(add_saturating(now(), duration)); }
  // kIdle when nothing is left to do.
  RunEnd run_until_idle(Duration limit = std::chrono::hours(24));
  std::uint64_t events_run() const { return events_run_; }

  // Adds a line to the trace at the current time.
  void note(std::string_view subject, std::string_view text) { trace_.add(now(), subject, text); }

 private:
  friend class SimExecutor;
  SimulationOptions options_;
  ManualClock clock_;
  Trace trace_;
  std::map<EventId, std::function<void()>> events_;
  std::uint64_t next_event_ = 1;
  std::uint64_t events_run_ = 0;
  std::vector<std::unique_ptr<SimExecutor>> executors_;
};

}  // namespace godwit::testing
