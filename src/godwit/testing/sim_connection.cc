#include "godwit/testing/sim_connection.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "godwit/base/assert.h"

namespace godwit::testing {
namespace {

// Uniform in the number of binary digits: 0 to `max`, small values as likely as large ones.
std::uint64_t log_uniform(Random& random, std::uint64_t max) {
  const auto bits = static_cast<std::uint64_t>(std::bit_width(max));
  const std::uint64_t limit = std::uint64_t{1} << random.below(bits + 1);
  return std::min(random.below(limit), max);
}

}  // namespace

// A side's handle on its connection.
class SimStream final : public ByteStream {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, SimConnection::Side side, ByteStreamInfo info)
      : connection_(std::move(connection)), side_(side), info_(std::move(info)) {}
  ~SimStream() override { connection_->close(side_); }

  void start(ByteStreamEvents& events) override { connection_->start(side_, events); }
  std::size_t write(std::span<const iovec> pieces) override { return connection_->write(side_, pieces); }
  void shutdown_write() override { connection_->shutdown_write(side_); }
  void pause_reading() override { connection_->pause(side_); }
  void resume_reading() override { connection_->resume(side_); }
  const ByteStreamInfo& info() const override { return info_; }

 private:
  std::shared_ptr<SimConnection> connection_;
  const SimConnection::Side side_;
  const ByteStreamInfo info_;
};

SimConnection::SimConnection(SimNetwork& network, int number, SimExecutor& client, SocketAddress client_address,
                             SocketAddress server_address)
    : network_(network),
      simulation_(network.simulation_),
      number_(number),
      name_("connection " + std::to_string(number)),
      client_address_(std::move(client_address)),
      server_address_(std::move(server_address)),
      random_(simulation_.seed_for(name_)) {
  pipe(Direction::kToServer).link = network.options_.to_server;
  pipe(Direction::kToClient).link = network.options_.to_client;
  ends_[kClient].executor = &client;
}

void SimConnection::note(std::string_view text) { simulation_.note(name_, text); }

Duration SimConnection::travel_time(Direction d) {
  const LinkOptions& link = pipe(d).link;
  if (link.jitter <= Duration::zero()) return link.delay;
  return link.delay +
         Duration(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(link.jitter.count()) + 1)));
}

void SimConnection::plan_faults() {
  const FaultRates& rates = network_.options_.rates;
  // Every number is drawn whatever the ones before gave, so that one rate's change leaves the other faults alone.
  const auto draw = [&](FaultKind kind, double chance, Direction direction) {
    const bool chosen = random_.chance(chance);
    Fault fault{.kind = kind, .connection = number_, .direction = direction};
    const bool by_byte = random_.chance(0.5);
    const std::uint64_t at_byte = log_uniform(random_, rates.at_byte_max);
    const Duration after(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(rates.after_max.count()) + 1)));
    if (by_byte) {
      fault.at_byte = at_byte;
    } else {
      fault.after = after;
    }
    fault.duration =
        std::chrono::milliseconds(1) + Duration(static_cast<Duration::rep>(log_uniform(
                                           random_, static_cast<std::uint64_t>(rates.duration_max.count()))));
    if (chosen) planned_.push_back(fault);
  };
  draw(FaultKind::kDialRefused, rates.dial_refused, Direction::kToServer);
  draw(FaultKind::kDialTimeout, rates.dial_timeout, Direction::kToServer);
  draw(FaultKind::kCloseAfterConnect, rates.close_after_connect, Direction::kToServer);
  const bool reset_by_request = random_.chance(0.5);
  draw(FaultKind::kReset, rates.reset, reset_by_request ? Direction::kToServer : Direction::kToClient);
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    draw(FaultKind::kEnd, rates.end, d);
    draw(FaultKind::kStall, rates.stall, d);
    draw(FaultKind::kStallForever, rates.stall_forever, d);
    draw(FaultKind::kCorrupt, rates.corrupt, d);
  }
  for (const Fault& fault : network_.options_.faults) {
    if (fault.connection == number_ || fault.connection == Fault::kEveryConnection) planned_.push_back(fault);
  }
  for (const Fault& fault : planned_) {
    switch (fault.kind) {
      case FaultKind::kReset:
      case FaultKind::kEnd:
      case FaultKind::kStall:
      case FaultKind::kStallForever:
      case FaultKind::kCorrupt:
        if (fault.at_byte || !fault.after) {
          Fault at = fault;
          at.at_byte = fault.at_byte.value_or(0);
          if (at.kind == FaultKind::kCorrupt) {
            pipe(at.direction).corrupt_at.push_back(*at.at_byte);
          } else {
            std::vector<Fault>& list = pipe(at.direction).faults;  // of one byte: in the order of the plan
            list.insert(std::upper_bound(list.begin(), list.end(), at,
                                         [](const Fault& a, const Fault& b) { return *a.at_byte < *b.at_byte; }),
                        at);
          }
        } else {
          simulation_.after(*fault.after, [weak = weak_from_this(), fault] {
            if (const auto self = weak.lock(); self && self->established_) self->take_place(fault);
          });
        }
        break;
      default:
        break;  // those of the dial are asked for, those of look-ups and single reads are none of ours
    }
  }
}

bool SimConnection::take_dial_fault(FaultKind kind) {
  const auto found = std::find_if(planned_.begin(), planned_.end(), [&](const Fault& f) { return f.kind == kind; });
  if (found == planned_.end()) return false;
  planned_.erase(found);
  ++network_.counts_[kind];
  note(std::string("fault ").append(text_of(kind)));
  return true;
}

void SimConnection::establish(SimExecutor& server) {
  ends_[kServer].executor = &server;
  established_ = true;
  note("established");
  if (take_dial_fault(FaultKind::kCloseAfterConnect)) {
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
      pipe(d).swallow = true;
      pipe(d).end_arrived = true;
    }
  }
  run_byte_faults(Direction::kToServer);
  run_byte_faults(Direction::kToClient);
}

std::unique_ptr<ByteStream> SimConnection::make_stream(Side side) {
  ByteStreamInfo info;
  info.local = side == kClient ? client_address_ : server_address_;
  info.peer = side == kClient ? server_address_ : client_address_;
  info.peer_text = uri_of(info.peer);
  auto stream = std::make_unique<SimStream>(shared_from_this(), side, std::move(info));
  ends_[side].stream = stream.get();
  return stream;
}

void SimConnection::start(Side side, ByteStreamEvents& events) {
  End& end = ends_[side];
  GODWIT_ASSERT(!end.events && "start() is called once");
  end.events = &events;
  schedule_read(side);
}

std::size_t SimConnection::write(Side side, std::span<const iovec> pieces) {
  End& end = ends_[side];
  const Direction d = direction_from(side);
  Pipe& p = pipe(d);
  if (end.reset || p.end_sent) return 0;
  std::size_t wanted = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  if (wanted == 0) return 0;
  const std::size_t room = p.buffered < p.link.buffer ? p.link.buffer - p.buffered : 0;
  std::size_t taken = std::min(wanted, room);
  bool cut = false;
  if (taken > 0 && random_.chance(network_.options_.rates.partial_write)) {
    taken = random_.below(taken);  // perhaps nothing
    cut = true;
    ++network_.counts_[FaultKind::kPartialWrite];
  }
  char text[96];
  std::snprintf(text, sizeof text, "%s write %zu of %zu%s", side == kClient ? "client" : "server", taken, wanted,
                cut ? " (fault partial_write)" : "");
  note(text);
  std::size_t left = taken;
  for (const iovec& piece : pieces) {
    auto* data = static_cast<const std::uint8_t*>(piece.iov_base);
    std::size_t n = std::min(piece.iov_len, left);
    left -= n;
    while (n > 0) {
      const std::size_t part = std::min(n, p.link.segment_max);
      send(d, Slice::copy_of({data, part}));
      data += part;
      n -= part;
    }
  }
  if (taken < wanted) {
    p.writer_waits = true;
    if (cut) schedule_writable(side, std::chrono::microseconds(1 + random_.below(1000)));
  }
  return taken;
}

void SimConnection::shutdown_write(Side side) {
  Pipe& p = outgoing(side);
  if (ends_[side].reset || p.end_sent) return;
  note(side == kClient ? "client shutdown" : "server shutdown");
  p.writer_waits = false;
  send_end(direction_from(side));
}

void SimConnection::pause(Side side) { ends_[side].paused = true; }

void SimConnection::resume(Side side) {
  ends_[side].paused = false;
  schedule_read(side);
}

// What a kernel does at close(): unread bytes make it a reset, otherwise what was written still goes out. Bytes that
// arrive later are answered with a reset.
void SimConnection::close(Side side) {
  const auto self = shared_from_this();
  End& end = ends_[side];
  if (end.closed) return;
  end.closed = true;
  end.stream = nullptr;
  end.events = nullptr;
  if (end.read_input) end.executor->cancel_input(std::exchange(end.read_input, 0));
  if (end.writable_input) end.executor->cancel_input(std::exchange(end.writable_input, 0));
  note(side == kClient ? "client close" : "server close");
  Pipe& in = incoming(side);
  if (!end.reset) {
    const Direction d = direction_from(side);
    if (!in.arrived.empty()) {
      drop(d);
      send_reset(other(side));
    } else if (!outgoing(side).end_sent) {
      send_end(d);
    }
  }
  for (const Slice& slice : in.arrived) free_buffer(direction_from(other(side)), slice.size());
  in.arrived.clear();
  forget_if_done();
}

void SimConnection::send(Direction d, Slice bytes) {
  Pipe& p = pipe(d);
  const TimePoint now = simulation_.now();
  const std::size_t size = bytes.size();
  for (const std::uint64_t at : p.corrupt_at) {
    if (at < p.written_bytes || at >= p.written_bytes + size) continue;
    const_cast<std::uint8_t*>(bytes.data())[at - p.written_bytes] ^= 1;  // the copy that write() made
    ++network_.counts_[FaultKind::kCorrupt];
    note(std::string("fault corrupt ").append(text_of(d)).append(" byte ").append(std::to_string(at)));
  }
  Duration sending{0};
  if (p.link.bytes_per_second > 0) {
    sending = Duration(
        static_cast<Duration::rep>(static_cast<unsigned __int128>(size) * 1'000'000'000 / p.link.bytes_per_second));
  }
  p.link_free = std::max(p.link_free, now) + sending;
  p.last_arrival = std::max(p.last_arrival, p.link_free + travel_time(d));
  p.written_bytes += size;
  p.buffered += size;
  network_.bytes_buffered_ += size;
  network_.bytes_buffered_max_ = std::max(network_.bytes_buffered_max_, network_.bytes_buffered_);
  p.in_flight.push_back({p.last_arrival, std::move(bytes)});
  schedule_arrival(d);
}

void SimConnection::send_end(Direction d) {
  Pipe& p = pipe(d);
  p.end_sent = true;
  p.last_arrival = std::max({p.last_arrival, p.link_free, simulation_.now() + travel_time(d)});
  p.in_flight.push_back({p.last_arrival, {}});
  schedule_arrival(d);
}

void SimConnection::schedule_arrival(Direction d) {
  Pipe& p = pipe(d);
  if (p.arrival_event || p.in_flight.empty() || p.stalled_until == kNever) return;
  const TimePoint time = std::max(p.in_flight.front().arrival, p.stalled_until);
  p.arrival_event = simulation_.at(time, [self = shared_from_this(), d] { self->arrive(d); });
}

void SimConnection::arrive(Direction d) {
  Pipe& p = pipe(d);
  p.arrival_event.reset();
  if (p.stalled_until > simulation_.now()) return schedule_arrival(d);
  const Side side = receiver_of(d);
  Slice& front = p.in_flight.front().bytes;
  if (front.empty()) {
    p.in_flight.pop_front();
    if (!p.end_arrived) note(std::string(text_of(d)) + " end arrives");
    p.end_arrived = true;
    schedule_read(side);
    return forget_if_done();
  }
  std::size_t n = front.size();
  if (!p.faults.empty()) n = std::min<std::uint64_t>(n, *p.faults.front().at_byte - p.arrived_bytes);
  Slice part = front.part(0, n);
  front.remove_prefix(n);
  if (front.empty()) p.in_flight.pop_front();
  p.arrived_bytes += n;
  std::string text = std::string(text_of(d)) + " arrive " + std::to_string(n);
  if (network_.options_.trace_contents) {
    char hash[16];
    std::snprintf(hash, sizeof hash, " hash %08x", static_cast<unsigned>(stable_hash(as_text(part.bytes()))));
    text += hash;
  }
  note(text);
  if (p.swallow) {
    free_buffer(d, n);
  } else if (ends_[side].closed) {
    free_buffer(d, n);
    drop(d);
    send_reset(other(side));
  } else {
    p.arrived.push_back(std::move(part));
    schedule_read(side);
  }
  run_byte_faults(d);
  schedule_arrival(d);
}

void SimConnection::run_byte_faults(Direction d) {
  Pipe& p = pipe(d);
  while (!p.faults.empty() && *p.faults.front().at_byte <= p.arrived_bytes) {
    const Fault fault = p.faults.front();
    p.faults.erase(p.faults.begin());
    take_place(fault);
  }
}

void SimConnection::take_place(const Fault& fault) {
  if ((ends_[kClient].closed && ends_[kServer].closed) || ends_[kClient].reset || ends_[kServer].reset) return;
  Pipe& p = pipe(fault.direction);
  const auto count = [&] {
    ++network_.counts_[fault.kind];
    std::string text = "fault ";
    text.append(text_of(fault.kind)).append(" ").append(text_of(fault.direction));
    text.append(" after ").append(std::to_string(p.arrived_bytes)).append(" bytes");
    if (fault.kind == FaultKind::kStall)
      text.append(" for ").append(std::to_string(fault.duration.count())).append(" ns");
    note(text);
  };
  switch (fault.kind) {
    case FaultKind::kReset:
      count();
      reset_both();
      break;
    case FaultKind::kEnd:
      if (p.end_arrived) return;
      count();
      p.swallow = true;
      p.end_arrived = true;
      schedule_read(receiver_of(fault.direction));
      break;
    case FaultKind::kStall:
    case FaultKind::kStallForever:
      if (p.end_arrived || p.stalled_until == kNever) return;
      count();
      p.stalled_until = fault.kind == FaultKind::kStallForever
                            ? kNever
                            : std::max(p.stalled_until, add_saturating(simulation_.now(), fault.duration));
      if (p.arrival_event) {
        simulation_.cancel(*p.arrival_event);
        p.arrival_event.reset();
        schedule_arrival(fault.direction);
      }
      break;
    case FaultKind::kCorrupt:  // by time: the next byte that is written
      p.corrupt_at.push_back(p.written_bytes);
      break;
    default:
      break;
  }
}

void SimConnection::free_buffer(Direction d, std::size_t bytes) {
  Pipe& p = pipe(d);
  p.buffered -= bytes;
  network_.bytes_buffered_ -= bytes;
  // As kernels do: the writer hears of room when there is a good deal of it.
  if (p.writer_waits && p.buffered <= p.link.buffer / 3 * 2) {
    const Direction back = d == Direction::kToServer ? Direction::kToClient : Direction::kToServer;
    schedule_writable(other(receiver_of(d)), pipe(back).link.delay);
  }
}

void SimConnection::drop(Direction d) {
  Pipe& p = pipe(d);
  if (p.arrival_event) simulation_.cancel(*p.arrival_event);
  p.arrival_event.reset();
  std::size_t lost = 0;
  for (const Segment& segment : p.in_flight) lost += segment.bytes.size();
  p.in_flight.clear();
  p.buffered -= lost;
  network_.bytes_buffered_ -= lost;
  if (lost > 0) note(std::string(text_of(d)) + " lost " + std::to_string(lost));
}

void SimConnection::schedule_writable(Side side, Duration delay) {
  Pipe& p = outgoing(side);
  if (p.writable_scheduled) return;
  p.writable_scheduled = true;
  simulation_.after(delay, [self = shared_from_this(), side] {
    Pipe& out = self->outgoing(side);
    out.writable_scheduled = false;
    End& end = self->ends_[side];
    if (end.closed || end.reset || end.writable_input) return;
    end.writable_input = end.executor->input([self, side] {
      End& e = self->ends_[side];
      Pipe& o = self->outgoing(side);
      e.writable_input = 0;
      if (!o.writer_waits || o.buffered >= o.link.buffer || e.reset || o.end_sent || !e.events) return;
      o.writer_waits = false;
      self->note(side == kClient ? "client writable" : "server writable");
      e.events->on_writable();
    });
  });
}

void SimConnection::schedule_read(Side side) {
  End& end = ends_[side];
  if (end.closed || !end.events || end.read_input || end.error_told) return;
  const Pipe& in = incoming(side);
  const bool news = end.reset || (!end.paused && (!in.arrived.empty() || (in.end_arrived && !end.end_told)));
  if (!news) return;
  end.read_input = end.executor->input([self = shared_from_this(), side] {
    self->ends_[side].read_input = 0;
    self->read(side);
  });
}

// Tells one thing: bytes, the end, or the error.
void SimConnection::read(Side side) {
  const auto self = shared_from_this();
  End& end = ends_[side];
  const Direction d = direction_from(other(side));
  Pipe& in = pipe(d);
  const char* who = side == kClient ? "client" : "server";
  if (end.closed || !end.events) return;
  if (!end.paused && !in.arrived.empty()) {
    std::size_t available = 0;
    for (const Slice& slice : in.arrived) available += slice.size();
    std::size_t n = std::min(available, in.link.read_max);
    bool cut = false;
    if (n > 1 && random_.chance(network_.options_.rates.partial_read)) {
      n = 1 + random_.below(n - 1);
      cut = true;
      ++network_.counts_[FaultKind::kPartialRead];
    }
    Slice bytes;
    if (in.arrived.front().size() >= n) {
      bytes = in.arrived.front().part(0, n);
      in.arrived.front().remove_prefix(n);
      if (in.arrived.front().empty()) in.arrived.pop_front();
    } else {
      BlockRef block = BlockRef::allocate(n);
      std::size_t filled = 0;
      while (filled < n) {
        Slice& front = in.arrived.front();
        const std::size_t part = std::min(front.size(), n - filled);
        std::memcpy(block->data() + filled, front.data(), part);
        filled += part;
        front.remove_prefix(part);
        if (front.empty()) in.arrived.pop_front();
      }
      bytes = Slice({block->data(), n}, block);
    }
    char text[64];
    std::snprintf(text, sizeof text, "%s read %zu%s", who, n, cut ? " (fault partial_read)" : "");
    note(text);
    free_buffer(d, n);
    end.events->on_bytes(bytes);
    return schedule_read(side);
  }
  if (end.reset) {
    end.error_told = true;
    note(std::string(who) + " error");
    const SocketAddress& peer = side == kClient ? server_address_ : client_address_;
    end.events->on_error(error_from_errno("connection with " + uri_of(peer), ECONNRESET));
    return;
  }
  if (!end.paused && in.end_arrived && !end.end_told) {
    end.end_told = true;
    note(std::string(who) + " end");
    end.events->on_end();
    schedule_read(side);
  }
}

void SimConnection::reset_both() {
  drop(Direction::kToServer);
  drop(Direction::kToClient);
  reset_arrives(kClient);
  reset_arrives(kServer);
}

void SimConnection::send_reset(Side to) {
  simulation_.after(travel_time(direction_from(other(to))),
                    [self = shared_from_this(), to] { self->reset_arrives(to); });
}

void SimConnection::reset_arrives(Side side) {
  End& end = ends_[side];
  if (end.closed || end.reset) return forget_if_done();
  note(side == kClient ? "client reset arrives" : "server reset arrives");
  end.reset = true;
  drop(direction_from(side));
  schedule_read(side);
}

void SimConnection::forget_if_done() {
  if (!ends_[kClient].closed || (established_ && !ends_[kServer].closed)) return;
  if (network_.connections_.erase(number_) == 0) return;
  // What is still in flight has nobody to go to.
  drop(Direction::kToServer);
  drop(Direction::kToClient);
  note("gone");
}

}  // namespace godwit::testing
