#include "godwit/testing/sim_network.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "godwit/base/assert.h"
#include "godwit/testing/sim_connection.h"

namespace godwit::testing {

class SimListener final : public Listener {
 public:
  SimListener(SimNetwork& network, SimExecutor& executor, SocketAddress address, bool share)
      : network_(network), executor_(executor), address_(std::move(address)), key_(address_.text()), share_(share) {
    network_.listeners_[key_].push_back(this);
  }
  ~SimListener() override {
    auto& list = network_.listeners_[key_];
    list.erase(std::find(list.begin(), list.end(), this));
    if (list.empty()) network_.listeners_.erase(key_);
    if (input_) executor_.cancel_input(input_);
    for (const auto& connection : waiting_) {
      connection->reset_both();
      connection->close(SimConnection::kServer);
    }
  }

  void start(ListenerEvents& events) override {
    GODWIT_ASSERT(!events_ && "start() is called once");
    events_ = &events;
    if (!waiting_.empty()) schedule();
  }
  const SocketAddress& address() const override { return address_; }

  void arrive(std::shared_ptr<SimConnection> connection) {
    connection->establish(executor_);
    waiting_.push_back(std::move(connection));
    if (events_) schedule();
  }
  bool share() const { return share_; }

 private:
  void schedule() {
    if (input_ || waiting_.empty()) return;
    input_ = executor_.input([this] {
      input_ = 0;
      const auto connection = std::move(waiting_.front());
      waiting_.pop_front();
      schedule();
      connection->note("accepted by " + executor_.name());
      events_->on_accept(connection->make_stream(SimConnection::kServer));
    });
  }

  SimNetwork& network_;
  SimExecutor& executor_;
  const SocketAddress address_;
  const std::string key_;
  const bool share_;
  ListenerEvents* events_ = nullptr;
  std::deque<std::shared_ptr<SimConnection>> waiting_;
  std::uint64_t input_ = 0;
};

// What the events of one dial share with its operation.
class SimDialState : public std::enable_shared_from_this<SimDialState> {
 public:
  SimDialState(Simulation& simulation, SimExecutor& executor, std::shared_ptr<SimConnection> connection,
               Dialer::Done done)
      : simulation_(simulation), executor_(executor), connection_(std::move(connection)), done_(std::move(done)) {}

  // `find_listener` is asked when the dial reaches the server.
  void begin(TimePoint deadline, std::function<SimListener*()> find_listener) {
    deadline_event_ = simulation_.at(deadline, [self = shared_from_this()] {
      self->connection_->close(SimConnection::kClient);
      self->finish(ETIMEDOUT);
    });
    if (connection_->take_dial_fault(FaultKind::kDialTimeout)) return;
    const bool refused = connection_->take_dial_fault(FaultKind::kDialRefused);
    simulation_.after(connection_->travel_time(Direction::kToServer),
                      [self = shared_from_this(), refused, find_listener = std::move(find_listener)] {
                        if (!self->over_) self->reach_server(refused ? nullptr : find_listener());
                      });
  }

  void give_up() {
    if (input_) executor_.cancel_input(input_);
    simulation_.cancel(deadline_event_);
    if (!told_) connection_->close(SimConnection::kClient);
    over_ = told_ = true;
    done_ = nullptr;
  }

 private:
  void reach_server(SimListener* listener) {
    if (listener) listener->arrive(connection_);
    simulation_.after(connection_->travel_time(Direction::kToClient),
                      [self = shared_from_this(), connected = listener != nullptr] {
                        if (!self->over_) self->finish(connected ? 0 : ECONNREFUSED);
                      });
  }

  void finish(int errno_value) {
    if (over_) return;
    over_ = true;
    simulation_.cancel(deadline_event_);
    input_ = executor_.input([self = shared_from_this(), errno_value] {
      self->input_ = 0;
      self->told_ = true;
      const auto done = std::move(self->done_);
      if (errno_value == 0) {
        self->connection_->note("connected");
        done(self->connection_->make_stream(SimConnection::kClient));
      } else {
        Error error = error_from_errno("connect to " + self->connection_->server_address().text(), errno_value);
        self->connection_->note(error.message);
        self->connection_->close(SimConnection::kClient);
        done(Failure(std::move(error)));
      }
    });
  }

  Simulation& simulation_;
  SimExecutor& executor_;
  const std::shared_ptr<SimConnection> connection_;
  Dialer::Done done_;
  Simulation::EventId deadline_event_;
  bool over_ = false;  // the result is known, or nobody waits any more
  bool told_ = false;
  std::uint64_t input_ = 0;
};

class SimDial final : public PendingOperation {
 public:
  explicit SimDial(std::shared_ptr<SimDialState> state) : state_(std::move(state)) {}
  ~SimDial() override { state_->give_up(); }

 private:
  std::shared_ptr<SimDialState> state_;
};

class SimDialer final : public Dialer {
 public:
  SimDialer(SimNetwork& network, SimExecutor& executor) : network_(network), executor_(executor) {}
  std::unique_ptr<PendingOperation> dial(const SocketAddress& address, TimePoint deadline, Done done) override {
    return network_.dial(executor_, address, deadline, std::move(done));
  }

 private:
  SimNetwork& network_;
  SimExecutor& executor_;
};

class SimLookup final : public PendingOperation {
 public:
  SimLookup(Simulation& simulation, SimExecutor& executor, NameLookup::Done done)
      : simulation_(simulation), executor_(executor), done_(std::move(done)) {}
  ~SimLookup() override {
    simulation_.cancel(event_);
    if (input_) executor_.cancel_input(input_);
  }
  void answer_after(Duration delay, Result<std::vector<SocketAddress>, Error> result) {
    event_ = simulation_.after(delay, [this, result = std::move(result)] {
      input_ = executor_.input([this, result] {
        input_ = 0;
        const auto done = std::move(done_);  // may destroy this
        done(result);
      });
    });
  }

 private:
  Simulation& simulation_;
  SimExecutor& executor_;
  NameLookup::Done done_;
  Simulation::EventId event_;
  std::uint64_t input_ = 0;
};

class SimNameLookup final : public NameLookup {
 public:
  SimNameLookup(SimNetwork& network, SimExecutor& executor) : network_(network), executor_(executor) {}
  std::unique_ptr<PendingOperation> lookup(std::string_view host, std::string_view port, Done done) override {
    return network_.lookup(executor_, host, port, std::move(done));
  }

 private:
  SimNetwork& network_;
  SimExecutor& executor_;
};

SimNetwork::SimNetwork(Simulation& simulation, SimNetworkOptions options)
    : simulation_(simulation), options_(std::move(options)), random_(simulation.seed_for("network")) {}

SimNetwork::~SimNetwork() = default;

SocketAddress SimNetwork::host_address(const SimExecutor& executor, std::uint16_t port) {
  SocketAddress address;
  address.port = port;
  address.ip = {10, 0, static_cast<std::uint8_t>(executor.index() / 250),
                static_cast<std::uint8_t>(executor.index() % 250 + 1)};
  return address;
}

std::uint16_t SimNetwork::take_port() {
  const std::uint16_t port = next_port_;
  next_port_ = next_port_ == 65535 ? 40000 : next_port_ + 1;
  return port;
}

Result<std::unique_ptr<Listener>, Error> SimNetwork::listen(SimExecutor& executor, const SocketAddress& wanted,
                                                            bool share) {
  SocketAddress address = wanted;
  while (address.kind != SocketAddress::Kind::kUnix && address.port == 0) {
    address.port = take_port();
    if (listeners_.count(address.text()) != 0) address.port = 0;
  }
  if (const auto found = listeners_.find(address.text()); found != listeners_.end()) {
    const bool all_share = share && std::all_of(found->second.begin(), found->second.end(),
                                                [](const SimListener* l) { return l->share(); });
    if (!all_share) return Failure(error_from_errno("listen on " + address.text(), EADDRINUSE));
  }
  simulation_.note(executor.name(), "listen on " + address.text());
  return std::unique_ptr<Listener>(std::make_unique<SimListener>(*this, executor, std::move(address), share));
}

std::unique_ptr<Dialer> SimNetwork::dialer(SimExecutor& executor) {
  return std::make_unique<SimDialer>(*this, executor);
}

std::unique_ptr<NameLookup> SimNetwork::name_lookup(SimExecutor& executor) {
  return std::make_unique<SimNameLookup>(*this, executor);
}

void SimNetwork::set_name(std::string_view host, std::vector<SocketAddress> addresses) {
  names_[std::string(host)] = std::move(addresses);
}

SimListener* SimNetwork::find_listener(const SocketAddress& address) {
  auto found = listeners_.find(address.text());
  if (found == listeners_.end() && address.kind != SocketAddress::Kind::kUnix) {
    SocketAddress any = address;  // 0.0.0.0 or ::
    any.ip = {};
    any.scope = 0;
    found = listeners_.find(any.text());
  }
  if (found == listeners_.end()) return nullptr;
  return found->second.size() == 1 ? found->second.front() : found->second[random_.below(found->second.size())];
}

std::unique_ptr<PendingOperation> SimNetwork::dial(SimExecutor& executor, const SocketAddress& address,
                                                   TimePoint deadline, Dialer::Done done) {
  const int number = next_connection_++;
  SocketAddress source;
  if (address.kind == SocketAddress::Kind::kUnix) {
    source.kind = SocketAddress::Kind::kUnix;
  } else {
    source = host_address(executor, take_port());
  }
  auto connection = std::make_shared<SimConnection>(*this, number, executor, source, address);
  connections_.emplace(number, connection);
  connection->note("dial " + address.text() + " from " + executor.name());
  connection->plan_faults();
  auto state = std::make_shared<SimDialState>(simulation_, executor, std::move(connection), std::move(done));
  state->begin(std::min(deadline, add_saturating(simulation_.now(), options_.dial_timeout)),
               [this, address] { return find_listener(address); });
  return std::make_unique<SimDial>(std::move(state));
}

std::unique_ptr<PendingOperation> SimNetwork::lookup(SimExecutor& executor, std::string_view host,
                                                     std::string_view port, NameLookup::Done done) {
  const int number = next_lookup_++;
  const std::string name(host);
  // As for connections: a generator of its own, and every number drawn.
  SeededRandom random(simulation_.seed_for("lookup " + std::to_string(number)));
  bool fails = random.chance(options_.rates.lookup_failure);
  bool late = random.chance(options_.rates.lookup_delay);
  Duration extra(
      static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(options_.rates.duration_max.count()) + 1)));
  for (const Fault& fault : options_.faults) {
    if (fault.connection != number && fault.connection != Fault::kEveryConnection) continue;
    if (fault.kind == FaultKind::kLookupFailure) fails = true;
    if (fault.kind == FaultKind::kLookupDelay) {
      late = true;
      extra = fault.duration;
    }
  }
  const std::string subject = "lookup " + std::to_string(number);
  simulation_.note(subject, name + " port " + std::string(port));
  Duration delay = options_.lookup_delay;
  if (late) {
    ++counts_[FaultKind::kLookupDelay];
    delay += extra;
    simulation_.note(subject, "fault lookup_delay for " + std::to_string(extra.count()) + " ns");
  }
  const auto answer = [&]() -> Result<std::vector<SocketAddress>, Error> {
    std::string number_text = port == "http" ? "80" : port == "https" ? "443" : std::string(port);
    const auto port_address = parse_address("0.0.0.0:" + number_text);
    if (!port_address) return Failure(Error("look-up of " + name + ": unknown port \"" + std::string(port) + "\""));
    const bool v6 = name.find(':') != std::string::npos;
    if (auto literal = parse_address((v6 ? "[" + name + "]" : name) + ":" + number_text);
        literal && literal->kind != SocketAddress::Kind::kUnix) {
      return std::vector<SocketAddress>{*literal};
    }
    if (fails) {
      ++counts_[FaultKind::kLookupFailure];
      simulation_.note(subject, "fault lookup_failure");
    }
    const auto found = names_.find(name);
    if (fails || found == names_.end() || found->second.empty()) {
      return Failure(Error("look-up of " + name + ": name or service not known"));
    }
    std::vector<SocketAddress> addresses = found->second;
    for (SocketAddress& address : addresses) address.port = port_address->port;
    return addresses;
  };
  auto operation = std::make_unique<SimLookup>(simulation_, executor, std::move(done));
  operation->answer_after(delay, answer());
  return operation;
}

void SimNetwork::reset_all(const SocketAddress& address) {
  const auto connections = connections_;
  for (const auto& [number, connection] : connections) {
    if (!(connection->server_address() == address)) continue;
    ++counts_[FaultKind::kReset];
    connection->note("fault reset of all");
    connection->reset_both();
  }
}

}  // namespace godwit::testing
