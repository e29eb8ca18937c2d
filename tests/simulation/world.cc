#include "world.h"

#include "godwit/base/assert.h"
#include "godwit/base/log.h"
#include "godwit/http2_connector.h"

namespace godwit::simulation {
namespace {

constexpr std::uint16_t kPort = 50051;

SocketAddress server_address(testing::SimExecutor& host) { return testing::SimNetwork::host_address(host, kPort); }

// What the libraries log goes into the trace of the world that runs.
testing::Simulation* logs_to = nullptr;
void log_to_trace(LogLevel, std::string_view subsystem, std::string_view text) {
  if (logs_to) logs_to->note("log " + std::string(subsystem), text);
}

}  // namespace

World::World(const WorldOptions& options)
    : simulation(options.simulation),
      network(simulation, options.network),
      client_host(simulation.executor("client")),
      server_host(simulation.executor("server")),
      service_(simulation),
      environment_{server_host, registry_, {}, {}, nullptr},
      handler_(environment_),
      transport_(server_host, handler_, {options.http2, 65536}) {
  logs_to = &simulation;
  set_log_sink(log_to_trace);
  set_log_level(LogLevel::kInfo);
  service_.register_in(registry_);
  auto listener = network.listen(server_host, server_address(server_host));
  GODWIT_ASSERT(listener.ok());
  listener_ = std::move(*listener);
  listener_->start(transport_);

  dialer_ = network.dialer(client_host);
  Dialer* dialer = dialer_.get();
  if (options.tap) {
    tap_ = std::make_unique<WireTap>(client_host, *dialer_, options.network.to_server.delay);
    dialer = &tap_->dialer();
  }
  name_lookup_ = network.name_lookup(client_host);
  std::vector<SocketAddress> addresses;
  if (options.dead_address) addresses.push_back(testing::SimNetwork::host_address(client_host, kPort));
  addresses.push_back(server_address(server_host));
  network.set_name("server.test", addresses);

  ChannelOptions channel_options;
  channel_options.connector = make_http2_connector(client_host, *dialer, {options.http2, nullptr, ""});
  if (options.planted) {
    channel_options.connector = make_planted_connector(std::move(channel_options.connector), options.plant);
  }
  channel_options.name_lookup = name_lookup_.get();
  channel_options.load_balancing_policy = options.load_balancing_policy;
  auto channel =
      Channel::create(client_host, "dns:///server.test:" + std::to_string(kPort), std::move(channel_options));
  GODWIT_ASSERT(channel.ok());
  channel_ = std::move(*channel);
}

World::~World() {
  calls_.clear();
  channel_.reset();
  set_log_level(LogLevel::kWarning);
  set_log_sink(nullptr);
  logs_to = nullptr;
}

ClientCall& World::add_call(const CallPlan& plan) {
  calls_.push_back(ClientCall::make(plan, *channel_, network, client_host));
  return *calls_.back();
}

void World::schedule(ClientCall& call) {
  const CallPlan& plan = call.plan();
  simulation.after(plan.start_after, [this, &call] { client_host.input([&call] { call.begin(); }); });
  if (plan.cancel_after) {
    simulation.after(plan.start_after + *plan.cancel_after,
                     [this, &call] { client_host.input([&call] { call.cancel(); }); });
  }
}

bool World::all_over() const {
  for (const auto& call : calls_) {
    if (!call->over()) return false;
  }
  return true;
}

void World::end_faults() {
  simulation.note("network", "no more faults");
  network.options().rates = {};
  network.options().faults.clear();
  simulation.run_for(std::chrono::seconds(30));  // dials that were to fail have failed
  network.reset_all(server_address(server_host));
  simulation.run_for(std::chrono::seconds(1));
}

void World::shut_down() {
  client_host.input([this] { channel_->shutdown(); });
  simulation.run_for(std::chrono::minutes(2));  // more than connections linger and handlers pause
}

std::string World::left_over() const {
  std::string text;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) text += std::to_string(count) + " " + what + " left over; ";
  };
  add(handler_.active_calls(), "calls of the server");
  add(static_cast<std::size_t>(ledger().running), "handlers");
  add(transport_.connections(), "connections of the server");
  add(network.connections_open(), "connections of the network");
  return text;
}

}  // namespace godwit::simulation
