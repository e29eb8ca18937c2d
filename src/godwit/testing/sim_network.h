#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/async/byte_stream.h"
#include "godwit/testing/fault.h"
#include "godwit/testing/simulation.h"

namespace godwit::testing {

// How one direction of a connection carries bytes.
struct LinkOptions {
  Duration delay = std::chrono::microseconds(100);
  Duration jitter{0};                   // each segment arrives up to this much later; the order stays
  std::uint64_t bytes_per_second = 0;   // 0: no limit
  std::size_t buffer = 256 * 1024;      // bytes taken by write() that the receiver has not read: the kernels' buffers
  std::size_t segment_max = 64 * 1024;  // bytes that travel together; each is one event
  std::size_t read_max = 64 * 1024;     // the largest slice of one on_bytes()
};

struct SimNetworkOptions {
  LinkOptions to_server;
  LinkOptions to_client;
  FaultRates rates;           // faults by chance
  std::vector<Fault> faults;  // faults that are certain
  Duration lookup_delay = std::chrono::milliseconds(1);
  Duration dial_timeout = std::chrono::seconds(127);  // of the "kernel", for dials without an earlier deadline
  // Lines about bytes carry a hash of their content. Off for TLS, whose bytes differ from run to run (their number
  // does not with Ed25519 keys).
  bool trace_contents = true;
};

class SimConnection;
class SimListener;

// A network in virtual time: listeners, dialers, name look-up and the streams between them, with delays, limits and
// faults from the simulation's seed. Keeps the random numbers of each connection apart, so that one connection's
// traffic does not change another's faults. Must outlive the objects it makes; destroyed before its Simulation.
class SimNetwork {
 public:
  explicit SimNetwork(Simulation& simulation, SimNetworkOptions options = {});
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // Listens on `address` (port 0: a free one). Several listeners may share an address when all say so; each connection
  // then goes to one of them, chosen at random. The error of a taken address names it.
  Result<std::unique_ptr<Listener>, Error> listen(SimExecutor& executor, const SocketAddress& address,
                                                  bool share = false);
  std::unique_ptr<Dialer> dialer(SimExecutor& executor);
  std::unique_ptr<NameLookup> name_lookup(SimExecutor& executor);

  // What name_lookup() answers; ports are filled in. An empty list: the name does not exist. Literal addresses answer
  // themselves without being added.
  void set_name(std::string_view host, std::vector<SocketAddress> addresses);

  // 10.0.0.0/16 by the executor's index: the source of its connections.
  static SocketAddress host_address(const SimExecutor& executor, std::uint16_t port = 0);

  // May be changed while the network runs; counts for connections that are dialed later.
  SimNetworkOptions& options() { return options_; }
  void add_fault(const Fault& fault) { options_.faults.push_back(fault); }
  // Both sides of every live connection to `address` see a reset now: its server crashed. Counted as kReset.
  void reset_all(const SocketAddress& address);

  const FaultCounts& fault_counts() const { return counts_; }
  int connections_dialed() const { return next_connection_; }
  std::size_t connections_open() const { return connections_.size(); }

  // At most this many bytes were ever taken from writers and not yet read by receivers, over all connections.
  std::size_t bytes_buffered_max() const { return bytes_buffered_max_; }

 private:
  friend class SimConnection;
  friend class SimListener;
  friend class SimDialer;
  friend class SimNameLookup;
  std::uint16_t take_port();
  SimListener* find_listener(const SocketAddress& address);  // nullptr: nobody listens
  std::unique_ptr<PendingOperation> dial(SimExecutor& executor, const SocketAddress& address, TimePoint deadline,
                                         Dialer::Done done);
  std::unique_ptr<PendingOperation> lookup(SimExecutor& executor, std::string_view host, std::string_view port,
                                           NameLookup::Done done);

  Simulation& simulation_;
  SimNetworkOptions options_;
  SeededRandom random_;
  std::map<std::string, std::vector<SimListener*>> listeners_;  // by the address's text
  std::map<std::string, std::vector<SocketAddress>> names_;
  std::map<int, std::shared_ptr<SimConnection>> connections_;  // by number
  int next_connection_ = 0;
  int next_lookup_ = 0;
  std::uint16_t next_port_ = 40000;
  std::size_t bytes_buffered_ = 0;
  std::size_t bytes_buffered_max_ = 0;
  FaultCounts counts_;
};

}  // namespace godwit::testing
