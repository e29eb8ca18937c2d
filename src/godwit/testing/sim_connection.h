#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/testing/sim_network.h"

namespace godwit::testing {

class SimStream;

// One simulated connection: two directions, two sides. Internal to SimNetwork; kept alive by the streams, by scheduled
// events and by the network's list.
//
// A direction: write() → in flight (each segment has a time of arrival; a stall holds the first one up) → arrived (the
// receiver's kernel) → on_bytes(). Everything from write() to on_bytes() counts against LinkOptions::buffer.
class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  enum Side : std::uint8_t { kClient, kServer };

  SimConnection(SimNetwork& network, int number, SimExecutor& client, SocketAddress client_address,
                SocketAddress server_address);

  // Draws this connection's faults and begins to watch for those that have a time.
  void plan_faults();
  // True when the plan has a fault of this kind; it is taken out and counted.
  bool take_dial_fault(FaultKind kind);
  // Both ends exist from now on.
  void establish(SimExecutor& server);
  std::unique_ptr<ByteStream> make_stream(Side side);

  // For SimStream.
  void start(Side side, ByteStreamEvents& events);
  std::size_t write(Side side, std::span<const iovec> pieces);
  void shutdown_write(Side side);
  void pause(Side side);
  void resume(Side side);
  void close(Side side);

  // Both sides see a reset now.
  void reset_both();

  int number() const { return number_; }
  const std::string& name() const { return name_; }
  const SocketAddress& server_address() const { return server_address_; }
  bool closed(Side side) const { return ends_[side].closed; }
  void note(std::string_view text);
  SeededRandom& random() { return random_; }
  // delay plus jitter of one direction.
  Duration travel_time(Direction direction);

 private:
  struct Segment {
    TimePoint arrival;
    Slice bytes;  // empty: the end of the stream
  };
  struct Pipe {
    LinkOptions link;
    std::uint64_t arrived_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::size_t buffered = 0;  // taken by write() and not yet read
    std::deque<Segment> in_flight;
    std::deque<Slice> arrived;
    std::vector<Fault> faults;  // with at_byte, ascending
    std::vector<std::uint64_t> corrupt_at;
    TimePoint link_free{};
    TimePoint last_arrival{};
    TimePoint stalled_until{};
    std::optional<Simulation::EventId> arrival_event;
    bool writer_waits = false;
    bool writable_scheduled = false;
    bool end_sent = false;  // by the writer
    bool end_arrived = false;
    bool end_read = false;
    bool swallow = false;  // what arrives is thrown away
  };
  struct End {
    SimExecutor* executor = nullptr;
    SimStream* stream = nullptr;
    ByteStreamEvents* events = nullptr;
    std::uint64_t read_input = 0;
    std::uint64_t writable_input = 0;
    bool paused = false;
    bool closed = false;
    bool reset = false;  // a reset has arrived
    bool error_told = false;
    bool end_told = false;
  };

  static Direction direction_from(Side side) { return side == kClient ? Direction::kToServer : Direction::kToClient; }
  static Side receiver_of(Direction d) { return d == Direction::kToServer ? kServer : kClient; }
  static Side other(Side side) { return side == kClient ? kServer : kClient; }
  Pipe& pipe(Direction d) { return pipes_[static_cast<std::size_t>(d)]; }
  Pipe& outgoing(Side side) { return pipe(direction_from(side)); }
  Pipe& incoming(Side side) { return pipe(direction_from(other(side))); }

  void send(Direction d, Slice bytes);
  void send_end(Direction d);
  void schedule_arrival(Direction d);
  void arrive(Direction d);
  void run_byte_faults(Direction d);
  void take_place(const Fault& fault);
  void free_buffer(Direction d, std::size_t bytes);
  void drop(Direction d);  // everything in flight and arrived
  void schedule_read(Side side);
  void read(Side side);
  void schedule_writable(Side side, Duration delay);
  void send_reset(Side to);
  void reset_arrives(Side side);
  void forget_if_done();

  SimNetwork& network_;
  Simulation& simulation_;
  const int number_;
  const std::string name_;
  SocketAddress client_address_;
  SocketAddress server_address_;
  SeededRandom random_;
  bool established_ = false;
  std::vector<Fault> planned_;
  Pipe pipes_[2];
  End ends_[2];
};

}  // namespace godwit::testing
