// Each fault at each moment of a call: the status is one of those that statuses.txt allows there.
//
// GODWIT_SIM_PRINT=1 prints every case with its status.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>

#include "status_table.h"
#include "world.h"

namespace godwit::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Direction;
using testing::Fault;
using testing::FaultKind;

constexpr MethodKind kKinds[] = {MethodKind::kUnary, MethodKind::kServerStreaming, MethodKind::kClientStreaming,
                                 MethodKind::kBidiStreaming};
constexpr Moment kOnTheWire[] = {Moment::kDuringConnect,         Moment::kBeforeRequestHeaders,
                                 Moment::kInsideRequestMessage,  Moment::kBeforeResponseHeaders,
                                 Moment::kInsideResponseMessage, Moment::kBeforeTrailers,
                                 Moment::kAfterTrailers};

std::string word_of(MethodKind kind) {
  switch (kind) {
    case MethodKind::kUnary:
      return "unary";
    case MethodKind::kServerStreaming:
      return "server_streaming";
    case MethodKind::kClientStreaming:
      return "client_streaming";
    case MethodKind::kBidiStreaming:
      return "bidi_streaming";
  }
  return "?";
}

// One call with one fault, which happens to the first connection (or look-up) or to all.
struct Case {
  FaultKind kind = FaultKind::kReset;
  std::optional<Direction> direction = {};
  Moment moment = Moment::kWholeCall;
  MethodKind calls = MethodKind::kUnary;
  bool wait = false;
  bool always = false;
  Duration duration{0};                   // of a stall or a late answer
  std::optional<Duration> deadline = {};  // without one the call must end by itself

  StatusTable::Key key() const {
    return {std::string(testing::text_of(kind)), direction ? std::string(testing::text_of(*direction)) : "-",
            std::string(text_of(moment)), word_of(calls),
            std::string(wait ? "wait" : "fail_fast") + (always ? "_always" : "")};
  }
};

WorldOptions world_options() {
  WorldOptions options;
  options.simulation.events_max = 1'000'000;
  return options;
}

// Where the moments of a call lie, from one on a clean network.
std::optional<WirePosition> position(MethodKind kind, Moment moment) {
  static std::map<std::pair<MethodKind, Moment>, std::optional<WirePosition>> known;
  if (const auto found = known.find({kind, moment}); found != known.end()) return found->second;
  WorldOptions options = world_options();
  options.tap = true;
  World world(options);
  ClientCall& call = world.add_call(scripted_plan(kind));
  world.schedule(call);
  world.simulation.run_until([&] { return call.over(); }, minutes(1));
  EXPECT_TRUE(call.outcome().status.ok()) << call.outcome().status.text();
  for (const Moment each : kOnTheWire) {
    const auto found = known[{kind, each}] = world.tap()->find(each);
    EXPECT_TRUE(found) << word_of(kind) << " " << text_of(each);
  }
  world.shut_down();
  return known[{kind, moment}];
}

std::optional<Fault> fault_of(const Case& c) {
  Fault fault{.kind = c.kind, .connection = c.always ? Fault::kEveryConnection : 0, .duration = c.duration};
  switch (c.moment) {
    case Moment::kLookUp:
    case Moment::kBeforeConnect:
    case Moment::kWholeCall:
      return fault;
    default:
      break;
  }
  if (c.kind == FaultKind::kDialTimeout || c.kind == FaultKind::kCloseAfterConnect) return fault;
  const auto place = position(c.calls, c.moment);
  if (!place) return std::nullopt;
  fault.direction = c.direction.value_or(place->direction);
  if (fault.direction == place->direction || c.moment == Moment::kDuringConnect) {
    fault.at_byte = place->at_byte;
  } else {
    fault.after = place->after;
  }
  return fault;
}

class Scripted : public ::testing::Test {
 protected:
  // Runs the case and holds it against the table.
  void run(const Case& c) {
    const std::string name = c.key().text();
    std::string problem;
    const StatusTable::Line* line = StatusTable::committed().find(c.key(), problem);
    if (!line && !print_) return void(ADD_FAILURE() << "statuses.txt: " << problem);

    WorldOptions options = world_options();
    if (c.kind == FaultKind::kPartialRead) options.network.rates.partial_read = 0.8;
    if (c.kind == FaultKind::kPartialWrite) options.network.rates.partial_write = 0.8;
    const auto fault = fault_of(c);
    ASSERT_TRUE(fault) << name;
    if (c.moment != Moment::kWholeCall) options.network.faults = {*fault};
    World world(options);
    CallPlan plan = scripted_plan(c.calls);
    plan.wait_for_ready = c.wait;
    plan.timeout = c.deadline;
    ClientCall& call = world.add_call(plan);
    world.schedule(call);
    world.simulation.run_until([&] { return call.over(); }, minutes(30));
    // Let what comes after the end happen too.
    world.simulation.run_for(seconds(1));
    const Outcome& outcome = call.outcome();
    if (print_)
      std::cout << name << ": " << outcome.status.text() << " after "
                << (outcome.ended_at - outcome.began_at).count() / 1e9 << " s\n";
    EXPECT_EQ(outcome.ends, 1) << name << tail(world);
    EXPECT_GT(world.network.fault_counts()[c.kind], 0u) << name << ": the fault did not happen" << tail(world);
    EXPECT_TRUE(outcome.problems.empty()) << name << ": " << outcome.problems.front() << tail(world);
    EXPECT_TRUE(world.ledger().problems.empty()) << name << ": " << world.ledger().problems.front() << tail(world);
    if (outcome.status.ok()) {
      EXPECT_EQ(outcome.replies, plan.replies.size()) << name;
      EXPECT_TRUE(outcome.initial_metadata_right && outcome.trailing_metadata_right) << name;
    }
    const auto started = world.ledger().started.find(plan.id);
    EXPECT_LE(started == world.ledger().started.end() ? 0 : started->second, 1) << name << ": the handler ran again";
    if (line) {
      EXPECT_TRUE(line->statuses.has(outcome.status.code()))
          << name << " gave " << outcome.status.text() << "; statuses.txt:" << line->number << " allows "
          << line->statuses.text() << tail(world);
      seen_[line->number].add(outcome.status.code());
    }
    world.end_faults();
    world.shut_down();
    EXPECT_EQ(world.left_over(), "") << name << tail(world);
  }

  // In both modes and for every kind of call.
  void run_all(Case c) {
    for (const MethodKind kind : kKinds) {
      for (const bool wait : {false, true}) {
        c.calls = kind;
        c.wait = wait;
        run(c);
      }
    }
  }

  static std::string tail(World& world) {
    return "\nthe last lines of the trace:\n" + std::string(world.simulation.trace().tail(40));
  }

  const bool print_ = std::getenv("GODWIT_SIM_PRINT") != nullptr;
  std::map<int, StatusSet> seen_;  // by the number of the line
};

TEST_F(Scripted, EveryFaultAtEveryMoment) {
  const StatusTable& table = StatusTable::committed();
  for (const std::string& problem : table.problems()) ADD_FAILURE() << problem;

  // Look-up and connecting.
  for (const bool always : {false, true}) {
    const auto deadline = always ? std::optional<Duration>(minutes(10)) : std::nullopt;
    const auto at = [&](FaultKind kind, Moment moment) {
      return Case{.kind = kind, .moment = moment, .always = always, .deadline = deadline};
    };
    run_all(at(FaultKind::kLookupFailure, Moment::kLookUp));
    run_all(at(FaultKind::kDialRefused, Moment::kBeforeConnect));
    run_all(at(FaultKind::kDialTimeout, Moment::kDuringConnect));
    run_all(at(FaultKind::kCloseAfterConnect, Moment::kDuringConnect));
  }
  run_all({.kind = FaultKind::kLookupDelay, .moment = Moment::kLookUp, .duration = seconds(5)});
  run_all({.kind = FaultKind::kLookupDelay, .moment = Moment::kLookUp, .duration = minutes(2), .deadline = minutes(1)});

  // What happens to a connection that carries a call.
  for (const Moment moment : kOnTheWire) {
    run_all({.kind = FaultKind::kReset, .moment = moment});
    run_all({.kind = FaultKind::kReset, .moment = moment, .always = true, .deadline = minutes(10)});
    for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
      run_all({.kind = FaultKind::kEnd, .direction = direction, .moment = moment});
      run_all({.kind = FaultKind::kStall, .direction = direction, .moment = moment, .duration = seconds(5)});
      run_all({.kind = FaultKind::kStall,
               .direction = direction,
               .moment = moment,
               .duration = seconds(90),
               .deadline = minutes(1)});
      run_all({.kind = FaultKind::kStallForever, .direction = direction, .moment = moment, .deadline = minutes(1)});
    }
  }

  // Bytes in small pieces.
  run_all({.kind = FaultKind::kPartialRead, .moment = Moment::kWholeCall});
  run_all({.kind = FaultKind::kPartialWrite, .moment = Moment::kWholeCall});

  // The table says no more than what happens.
  for (const StatusTable::Line& line : table.lines()) {
    if (line.excluded) continue;
    EXPECT_TRUE(seen_[line.number] == line.statuses)
        << "statuses.txt:" << line.number << " allows " << line.statuses.text() << ", but its cases gave "
        << seen_[line.number].text();
  }
}

// Every kind of fault has its line; what is left out says why.
TEST(StatusTable, SpeaksOfEveryFault) {
  for (std::size_t i = 0; i < testing::kFaultKinds; ++i) {
    const std::string_view name = testing::text_of(static_cast<FaultKind>(i));
    bool found = false;
    for (const auto& line : StatusTable::committed().lines()) found |= line.fault == name;
    EXPECT_TRUE(found) << name;
  }
}

}  // namespace
}  // namespace godwit::simulation
