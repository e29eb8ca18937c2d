#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client_call.h"
#include "godwit/http2/connection/options.h"
#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/server/environment.h"
#include "godwit/rpc/server/grpc_handler.h"
#include "godwit/testing/sim_network.h"
#include "godwit/testing/simulation.h"
#include "godwit/transport/server_transport.h"
#include "planted.h"
#include "service.h"
#include "wire_tap.h"

namespace godwit::simulation {

struct WorldOptions {
  testing::SimulationOptions simulation;
  testing::SimNetworkOptions network;
  http2::Options http2;       // of both sides
  bool dead_address = false;  // the name has a second address, first in the list, where nobody listens
  std::string load_balancing_policy = "pick_first";
  bool tap = false;
  bool planted = false;  // the channel goes through make_planted_connector()
  Plant plant = Plant::kNothing;
};

// Two hosts, "client" and "server", with the whole stack on each, and what they share.
class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();

  testing::Simulation simulation;
  testing::SimNetwork network;
  testing::SimExecutor& client_host;
  testing::SimExecutor& server_host;

  ClientCall& add_call(const CallPlan& plan);
  // Begins and cancels the call at its times.
  void schedule(ClientCall& call);
  const std::vector<std::unique_ptr<ClientCall>>& calls() const { return calls_; }
  bool all_over() const;

  // Ends the faults: no new ones, and the connections that have some to come are reset.
  void end_faults();
  // Shuts the channel down and lets both sides tidy up.
  void shut_down();
  // What is left of calls and connections after shut_down(); "" for nothing.
  std::string left_over() const;

  Channel& channel() { return *channel_; }
  const Ledger& ledger() const { return service_.ledger(); }
  const WireTap* tap() const { return tap_.get(); }

 private:
  Service service_;
  rpc::MethodRegistry registry_;
  rpc::ServerEnvironment environment_;
  rpc::GrpcHandler handler_;
  transport::ServerTransport transport_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<WireTap> tap_;
  std::unique_ptr<NameLookup> name_lookup_;
  std::unique_ptr<Channel> channel_;
  std::vector<std::unique_ptr<ClientCall>> calls_;
};

}  // namespace godwit::simulation
