#include "seed_run.h"

#include <errno.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "crash_note.h"
#include "heap.h"
#include "status_table.h"
#include "world.h"

namespace godwit::simulation {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::FaultKind;
using testing::FaultRates;

// One kind of trouble for each seed, in turn, so that each is seen alone and with others.
FaultRates random_rates(Random& random, std::uint64_t seed) {
  FaultRates rates;
  switch (seed % 10) {
    case 0:
      break;  // a clean network
    case 1:
      rates.dial_refused = 0.4;
      rates.dial_timeout = 0.2;
      rates.close_after_connect = 0.3;
      break;
    case 2:
      rates.reset = 0.7;
      break;
    case 3:
      rates.end = 0.5;
      break;
    case 4:
      rates.stall = 0.6;
      break;
    case 5:
      rates.stall_forever = 0.4;
      break;
    case 6:
      rates.lookup_failure = 0.5;
      rates.lookup_delay = 0.5;
      break;
    case 7:
      rates.partial_read = random.unit() * 0.9;
      rates.partial_write = random.unit() * 0.9;
      break;
    case 8:
      rates = FaultRates::all(0.2);
      break;
    case 9:
      rates = FaultRates::all(0.07);
      break;
  }
  rates.at_byte_max = std::uint64_t{1024} << random.below(11);  // 1 KiB to 1 MiB
  rates.after_max = random.chance(0.3) ? Duration(milliseconds(20)) : Duration(seconds(6));
  return rates;
}

testing::LinkOptions random_link(Random& random) {
  testing::LinkOptions link;
  link.delay = microseconds(20 + random.below(random.chance(0.5) ? 200 : 20'000));
  if (random.chance(0.5)) link.jitter = link.delay / 2;
  if (random.chance(0.2)) link.bytes_per_second = 200'000 + random.below(20'000'000);
  link.buffer = std::size_t{8 * 1024} << random.below(6);
  link.segment_max = std::size_t{1400} << random.below(6);
  return link;
}

// No fault that may change a status.
bool harmless(const testing::FaultCounts& faults) {
  for (std::size_t i = 0; i < testing::kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    if (kind != FaultKind::kPartialRead && kind != FaultKind::kPartialWrite && faults[kind] > 0) return false;
  }
  return true;
}

class SeedRun {
 public:
  SeedRun(std::uint64_t seed, const SeedOptions& options) {
    report_.seed = seed;
    report_.plant = options.plant;
    heap_before_ = heap_bytes();
    testing::SimulationOptions simulation{.seed = seed, .keep_trace_text = options.keep_trace, .events_max = 3'000'000};
    SeededRandom random(seed * 0x9e3779b97f4a7c15 + 1);
    if (random.chance(0.5)) simulation.turn_delay_max = microseconds(random.below(50));
    world_options_.simulation = simulation;
    world_options_.network.rates = random_rates(random, seed);
    world_options_.network.to_server = random_link(random);
    world_options_.network.to_client = random_link(random);
    world_options_.network.lookup_delay = microseconds(random.below(50'000));
    world_options_.http2.max_stream_window = 256 * 1024;
    world_options_.http2.initial_connection_window = 256 * 1024;
    world_options_.dead_address = random.chance(0.15);
    if (random.chance(0.3)) world_options_.load_balancing_policy = "round_robin";
    if (random.chance(0.1))
      world_options_.http2.max_concurrent_streams = 1 + static_cast<std::uint32_t>(random.below(3));
    world_options_.planted = options.planted;
    world_options_.plant = options.plant;
    world_.emplace(world_options_);
    plans_ = random_plans(random, 4 + static_cast<int>(random.below(13)));
  }

  SeedReport run() {
    const CrashNote note(
        [](void* self) {
          auto& run = *static_cast<SeedRun*>(self);
          run.report_.problems.push_back("the process dies");
          run.report_.faults = run.world_->network.fault_counts();
          run.collect();
          return run.report_.text();
        },
        this);
    World& world = *world_;
    for (const CallPlan& plan : plans_) {
      world.simulation.note("plan", text_of(plan));
      world.schedule(world.add_call(plan));
    }
    wait_for_calls();
    for (const auto& call : world.calls()) judge(*call);
    report_.faults = world.network.fault_counts();
    // After a problem the trace shall end near it.
    if (report_.problems.empty()) honest_calls();
    if (report_.problems.empty()) tidy_up();
    collect();
    world_.reset();
    return std::move(report_);
  }

 private:
  void problem(std::string text) {
    world_->simulation.note("problem", text);
    report_.problems.push_back(std::move(text));
  }

  bool run_until_over(Duration limit) {
    World& world = *world_;
    std::uint64_t events = 0;
    const auto end = world.simulation.run_until(
        [&] {
          if (++events % 64 == 0) measure();
          return world.all_over();
        },
        limit);
    if (end == testing::RunEnd::kEventLimit) problem("the run does not come to an end: too many events");
    return end == testing::RunEnd::kDone;
  }

  void wait_for_calls() {
    World& world = *world_;
    if (run_until_over(hours(1))) return;
    // A connection that carries nothing any more is not found out without keepalives: then calls without a deadline
    // wait.
    const bool may_hang = world.network.fault_counts()[FaultKind::kStallForever] > 0;
    for (const auto& call : world.calls()) {
      if (call->over()) continue;
      if (!may_hang || call->plan().timeout) problem("never ended: " + text_of(call->plan()));
      ClientCall* waiting = call.get();
      world.client_host.input([waiting] { waiting->cancel(); });
    }
    if (!run_until_over(minutes(1))) problem("calls do not end when they are cancelled");
  }

  void judge(const ClientCall& call) {
    const CallPlan& plan = call.plan();
    const Outcome& outcome = call.outcome();
    const auto wrong = [&](const std::string& what) { problem(what + " (" + text_of(plan) + ")"); };
    for (const std::string& text : outcome.problems) wrong(text);
    if (outcome.ends != 1) wrong("the call ended " + std::to_string(outcome.ends) + " times");
    if (outcome.ends == 0) return;
    ++report_.statuses[std::string(name_of(outcome.status.code()))];

    const Status& status = outcome.status;
    const TimePoint deadline = plan.timeout ? outcome.began_at + *plan.timeout : kNever;
    // A caller that pauses before it reads hears of the end after its pauses.
    Duration late = milliseconds(5);
    if (plan.style == Style::kStreamingCall) late += plan.client_pause * static_cast<int>(1 + plan.replies.size());
    if (outcome.ended_at > add_saturating(deadline, late)) {
      wrong("ended " + std::to_string((outcome.ended_at - deadline).count()) + " ns after its deadline");
    }
    if (status.ok()) return judge_success(call);
    if (status.code() == plan.status && status.message() == planned_message(plan.id, plan.status)) {
      if (!outcome.trailing_metadata_right) wrong("trailing metadata was lost or changed");
      return;
    }
    if (status.code() == StatusCode::kCancelled && outcome.cancelled) return;
    if (status.code() == StatusCode::kDeadlineExceeded) {
      if (outcome.ended_at < deadline) wrong("DEADLINE_EXCEEDED before the deadline: " + status.text());
      if (plan.timeout < seconds(1) || !harmless(outcome.faults)) return;
      // The longest of all plans takes less on a clean network, unless it waits for others.
      if (world_options_.http2.max_concurrent_streams < 10 || slow_link()) return;
    }
    StatusSet allowed;
    for (std::size_t i = 0; i < testing::kFaultKinds; ++i) {
      const auto kind = static_cast<FaultKind>(i);
      if (outcome.faults[kind] > 0) allowed.add(StatusTable::committed().of_fault(kind));
    }
    if (!allowed.has(status.code())) {
      wrong("ended with " + status.text() + "; after these faults (" + outcome.faults.text() +
            ") only these may be: " + allowed.text());
    }
  }

  void judge_success(const ClientCall& call) {
    const CallPlan& plan = call.plan();
    const Outcome& outcome = call.outcome();
    const auto wrong = [&](const std::string& what) { problem(what + " (" + text_of(plan) + ")"); };
    if (plan.status != StatusCode::kOk) wrong("ended with OK, but the server said an error");
    if (outcome.replies != plan.replies.size())
      wrong("ended with OK after " + std::to_string(outcome.replies) + " replies");
    if (!outcome.initial_metadata_right) wrong("initial metadata was lost or changed");
    if (!outcome.trailing_metadata_right) wrong("trailing metadata was lost or changed");
    if (const auto& ended = world_->ledger().ended; !ended.contains(plan.id)) wrong("ended with OK before its handler");
  }

  bool slow_link() const {
    const auto slow = [](const testing::LinkOptions& link) {
      return link.bytes_per_second > 0 || link.buffer / 1000 * milliseconds(1) < link.delay;
    };
    return slow(world_options_.network.to_server) || slow(world_options_.network.to_client);
  }

  // No handler runs twice for a call: what a server may have begun is not sent again.
  void judge_ledger() {
    const Ledger& ledger = world_->ledger();
    for (const std::string& text : ledger.problems) problem(text);
    for (const auto& [id, count] : ledger.started) {
      if (count != 1) problem("the handler of call " + std::to_string(id) + " ran " + std::to_string(count) + " times");
      const auto ended = ledger.ended.find(id);
      if (ended == ledger.ended.end() || ended->second != count) {
        problem("the handler of call " + std::to_string(id) + " did not end");
      }
    }
  }

  void honest_calls() {
    World& world = *world_;
    world.end_faults();
    std::vector<ClientCall*> honest;
    for (const MethodKind kind : {MethodKind::kUnary, MethodKind::kBidiStreaming}) {
      CallPlan plan = scripted_plan(kind);
      plan.id = static_cast<int>(plans_.size() + honest.size());
      plan.wait_for_ready = true;
      plan.timeout = minutes(30);
      honest.push_back(&world.add_call(plan));
      world.schedule(*honest.back());
    }
    if (!run_until_over(hours(1))) problem("an honest call after the faults does not end");
    for (const ClientCall* call : honest) {
      if (!call->outcome().status.ok() || call->outcome().ends != 1) {
        problem("an honest call after the faults ended with " + call->outcome().status.text());
      } else {
        judge(*call);
      }
    }
  }

  void tidy_up() {
    world_->shut_down();
    if (const std::string rest = world_->left_over(); !rest.empty()) problem(rest);
    judge_ledger();
  }

  void measure() {
    if (world_options_.simulation.keep_trace_text) return;
    const std::size_t now = heap_bytes();
    if (now > heap_before_) report_.heap_bytes_max = std::max(report_.heap_bytes_max, now - heap_before_);
  }

  void collect() {
    const testing::Simulation& simulation = world_->simulation;
    auto& trace = world_->simulation.trace();
    report_.trace_hash = trace.hash();
    report_.trace_lines = trace.lines();
    report_.trace = trace.text();
    report_.events = simulation.events_run();
    report_.network_bytes_max = world_->network.bytes_buffered_max();
  }

  SeedReport report_;
  WorldOptions world_options_;
  std::optional<World> world_;
  std::vector<CallPlan> plans_;
  std::size_t heap_before_ = 0;
};

}  // namespace

std::string SeedReport::text() const {
  constexpr int kLines = 40;
  std::ostringstream out;
  out << "seed " << seed << " of the simulation:\n";
  for (const std::string& problem : problems) out << "  " << problem << '\n';
  out << "faults: " << faults.text() << "\nalone: GODWIT_SIM_SEED=" << seed;
  if (plant == Plant::kLostReset) out << " GODWIT_SIM_PLANT=lost_reset";
  out << " bin/" << program_invocation_short_name << " --gtest_filter=Seeds.Alone\n";
  if (trace.empty()) return out.str();
  std::size_t begin = trace.size();
  for (int line = 0; line <= kLines && begin != std::string::npos && begin > 0; ++line)
    begin = trace.rfind('\n', begin - 1);
  begin = begin == std::string::npos || begin == 0 ? 0 : begin + 1;
  out << "the last lines of the trace (" << trace_lines << " in all):\n" << trace.substr(begin);
  return out.str();
}

SeedReport run_seed(std::uint64_t seed, const SeedOptions& options) { return SeedRun(seed, options).run(); }

}  // namespace godwit::simulation
