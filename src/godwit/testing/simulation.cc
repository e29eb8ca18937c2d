#include "godwit/testing/simulation.h"

#include <algorithm>
#include <cstdio>

#include "godwit/base/assert.h"

namespace godwit::testing {

void SimExecutor::WorkList::push(Work& work) {
  work.next_work = nullptr;
  if (last) {
    last->next_work = &work;
  } else {
    first = &work;
  }
  last = &work;
}

Work* SimExecutor::WorkList::pop() {
  Work* work = first;
  first = work->next_work;
  if (!first) last = nullptr;
  work->next_work = nullptr;
  return work;
}

void SimExecutor::WorkList::remove(Work& work) {
  Work* previous = nullptr;
  for (Work* w = first; w; previous = w, w = w->next_work) {
    if (w != &work) continue;
    (previous ? previous->next_work : first) = w->next_work;
    if (last == w) last = previous;
    w->next_work = nullptr;
    return;
  }
}

SimExecutor::SimExecutor(Simulation& simulation, std::string name, std::size_t index, std::uint64_t seed)
    : simulation_(simulation),
      name_(std::move(name)),
      index_(index),
      wheel_(simulation.now()),
      random_(seed),
      turn_random_(seed ^ 0x7475726e) {}

SimExecutor::~SimExecutor() = default;

void SimExecutor::post(Work& work) {
  posted_.push(work);
  need_turn(now());
}

void SimExecutor::at_turn_end(Work& work) {
  turn_end_.push(work);
  need_turn(now());
}

void SimExecutor::withdraw(Work& work) { turn_end_.remove(work); }

TimePoint SimExecutor::now() const { return simulation_.now(); }
const Clock& SimExecutor::clock() const { return simulation_.clock_; }

std::uint64_t SimExecutor::input(std::function<void()> action) {
  const std::uint64_t id = next_input_++;
  input_.emplace(id, std::move(action));
  need_turn(now());
  return id;
}

void SimExecutor::cancel_input(std::uint64_t id) { input_.erase(id); }

void SimExecutor::freeze_until(TimePoint time) {
  if (time <= frozen_until_) return;
  frozen_until_ = time;
  if (turn_at_ < time) {
    simulation_.cancel({turn_at_, turn_event_});
    turn_at_ = turn_wanted_ = kNever;
    need_turn(now());
  }
}

// While a turn runs nothing is scheduled: turn() looks itself at what is left.
void SimExecutor::need_turn(TimePoint time) {
  if (in_turn_) return;
  time = std::max({time, now(), frozen_until_});
  if (turn_wanted_ <= time) return;
  if (turn_at_ != kNever) simulation_.cancel({turn_at_, turn_event_});
  turn_wanted_ = turn_at_ = time;
  const Duration delay_max = simulation_.options_.turn_delay_max;
  if (delay_max > Duration::zero()) {
    turn_at_ +=
        Duration(static_cast<Duration::rep>(turn_random_.below(static_cast<std::uint64_t>(delay_max.count()) + 1)));
  }
  turn_event_ = simulation_.at(turn_at_, [this] { turn(); }).second;
}

void SimExecutor::schedule_timers() {
  const TimePoint next = wheel_.next();
  if (next != kNever) need_turn(next);
}

void SimExecutor::turn() {
  turn_at_ = turn_wanted_ = kNever;
  in_turn_ = true;
  ++turns_;
  WorkList ready = std::exchange(posted_, {});  // what is posted from now on belongs to a later turn
  std::size_t inputs = 0, works = 0, ends = 0;
  for (const std::uint64_t limit = next_input_; !input_.empty() && input_.begin()->first < limit; ++inputs) {
    const auto action = std::move(input_.begin()->second);
    input_.erase(input_.begin());
    action();
  }
  for (; !ready.empty(); ++works) ready.pop()->run();
  const std::size_t timers = wheel_.advance(now());
  for (; !turn_end_.empty(); ++ends) turn_end_.pop()->run();
  in_turn_ = false;
  if (inputs + works + timers + ends > 0) {
    char text[96];
    const int length =
        std::snprintf(text, sizeof text, "turn inputs=%zu posts=%zu timers=%zu ends=%zu", inputs, works, timers, ends);
    simulation_.note(name_, {text, static_cast<std::size_t>(length)});
  }
  if (!input_.empty() || !posted_.empty() || !turn_end_.empty()) need_turn(now());
}

std::string_view text_of(RunEnd end) {
  switch (end) {
    case RunEnd::kDone:
      return "done";
    case RunEnd::kTime:
      return "time is over";
    case RunEnd::kIdle:
      return "nothing left to do";
    case RunEnd::kEventLimit:
      return "too many events";
  }
  return "?";
}

Simulation::Simulation(SimulationOptions options)
    : options_(options),
      clock_(ManualClock::kDefaultStart, options.wall_nanos),
      trace_(ManualClock::kDefaultStart, options.keep_trace_text) {}

Simulation::~Simulation() {
  events_.clear();  // they may refer to executors
}

SimExecutor& Simulation::executor(std::string_view name) {
  for (const auto& executor : executors_) {
    if (executor->name() == name) return *executor;
  }
  const std::string label = "executor " + std::string(name);
  executors_.emplace_back(new SimExecutor(*this, std::string(name), executors_.size(), seed_for(label)));
  return *executors_.back();
}

std::uint64_t Simulation::seed_for(std::string_view label) const {
  // One step of a generator spreads the bits: seeds 1, 2, 3 shall not give related parts.
  return SeededRandom(stable_hash(label) ^ SeededRandom(options_.seed).next()).next();
}

Simulation::EventId Simulation::at(TimePoint time, std::function<void()> action) {
  const EventId id{std::max(time, now()), next_event_++};
  events_.emplace(id, std::move(action));
  return id;
}

void Simulation::cancel(EventId id) { events_.erase(id); }

bool Simulation::step() {
  // Timers may have been scheduled from outside of a turn.
  for (const auto& executor : executors_) executor->schedule_timers();
  if (events_.empty()) return false;
  const auto first = events_.begin();
  const auto action = std::move(first->second);
  clock_.advance_to(first->first.first);
  events_.erase(first);
  ++events_run_;
  action();
  return true;
}

RunEnd Simulation::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = add_saturating(now(), limit);
  while (true) {
    if (done && done()) return RunEnd::kDone;
    if (events_run_ >= options_.events_max) {
      note("simulation", "too many events");
      return RunEnd::kEventLimit;
    }
    for (const auto& executor : executors_) executor->schedule_timers();
    if (events_.empty()) return RunEnd::kIdle;
    if (events_.begin()->first.first > end) {
      clock_.advance_to(end);
      return RunEnd::kTime;
    }
    step();
  }
}

RunEnd Simulation::run_until(TimePoint time) {
  const RunEnd end = run_until({}, time - now());
  if (end == RunEnd::kIdle && time != kNever) clock_.advance_to(time);
  return end;
}

RunEnd Simulation::run_until_idle(Duration limit) { return run_until({}, limit); }

}  // namespace godwit::testing
