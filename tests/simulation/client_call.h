#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/context.h"
#include "godwit/testing/fault.h"
#include "godwit/testing/sim_network.h"
#include "plan.h"

namespace godwit::simulation {

// What became of a call.
struct Outcome {
  bool begun = false;
  int ends = 0;   // how often the caller was told the end
  Status status;  // of the first end
  TimePoint began_at{};
  TimePoint ended_at{};
  bool cancelled = false;               // by the caller, before its end
  testing::FaultCounts faults;          // that had happened when it ended
  std::size_t replies = 0;              // received
  bool initial_metadata_right = false;  // at the end
  bool trailing_metadata_right = false;
  std::vector<std::string> problems;  // replies that were lost, doubled or changed, events after the end
};

// The client's half of a plan. Stays where it was made; to be destroyed after its call has ended.
class ClientCall {
 public:
  virtual ~ClientCall() = default;
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  // By the style of the plan. All that is given outlives the call.
  static std::unique_ptr<ClientCall> make(const CallPlan& plan, Channel& channel, testing::SimNetwork& network,
                                          testing::SimExecutor& executor);

  // Both in a turn of the client's loop.
  void begin();
  void cancel();

  const CallPlan& plan() const { return plan_; }
  const Outcome& outcome() const { return outcome_; }
  // Told, and nothing of it runs any more.
  virtual bool over() const { return outcome_.ends > 0; }

 protected:
  ClientCall(const CallPlan& plan, Channel& channel, testing::SimNetwork& network, testing::SimExecutor& executor)
      : plan_(plan), channel_(channel), network_(network), executor_(executor) {}

  virtual void start() = 0;
  void reply(std::string_view bytes);
  void ended(Status status);
  void problem(std::string text);
  void note(const std::string& text);
  // A request behind its length prefix.
  Slice framed_request(std::size_t index);
  const ClientMethod& method() const;

  const CallPlan plan_;
  Channel& channel_;
  testing::SimNetwork& network_;
  testing::SimExecutor& executor_;
  ClientContext context_;
  Outcome outcome_;
};

}  // namespace godwit::simulation
