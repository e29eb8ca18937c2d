#include "wire_tap.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "godwit/base/bytes.h"

namespace godwit::simulation {

using testing::Direction;

std::string_view text_of(Moment moment) {
  switch (moment) {
    case Moment::kLookUp:
      return "look_up";
    case Moment::kBeforeConnect:
      return "before_connect";
    case Moment::kDuringConnect:
      return "during_connect";
    case Moment::kBeforeRequestHeaders:
      return "before_request_headers";
    case Moment::kInsideRequestMessage:
      return "inside_request_message";
    case Moment::kBeforeResponseHeaders:
      return "before_response_headers";
    case Moment::kInsideResponseMessage:
      return "inside_response_message";
    case Moment::kBeforeTrailers:
      return "before_trailers";
    case Moment::kAfterTrailers:
      return "after_trailers";
    case Moment::kWholeCall:
      return "whole_call";
  }
  return "?";
}

class WireTap::TapStream final : public ByteStream, private ByteStreamEvents {
 public:
  TapStream(WireTap& tap, std::unique_ptr<ByteStream> below) : tap_(tap), below_(std::move(below)) {}

  void start(ByteStreamEvents& events) override {
    events_ = &events;
    below_->start(*this);
  }
  std::size_t write(std::span<const iovec> pieces) override {
    const std::size_t taken = below_->write(pieces);
    std::size_t left = taken;
    for (const iovec& piece : pieces) {
      const std::size_t n = std::min(piece.iov_len, left);
      tap_.to_server_.bytes.append(static_cast<const char*>(piece.iov_base), n);
      left -= n;
    }
    if (taken > 0) {
      tap_.to_server_.arrivals.emplace_back(tap_.to_server_.bytes.size(), tap_.executor_.now() + tap_.delay_);
    }
    return taken;
  }
  void shutdown_write() override { below_->shutdown_write(); }
  void pause_reading() override { below_->pause_reading(); }
  void resume_reading() override { below_->resume_reading(); }
  const ByteStreamInfo& info() const override { return below_->info(); }

 private:
  void on_bytes(const Slice& bytes) override {
    tap_.to_client_.bytes.append(as_text(bytes.bytes()));
    tap_.to_client_.arrivals.emplace_back(tap_.to_client_.bytes.size(), tap_.executor_.now());
    events_->on_bytes(bytes);
  }
  void on_end() override { events_->on_end(); }
  void on_writable() override { events_->on_writable(); }
  void on_error(const Error& error) override { events_->on_error(error); }

  WireTap& tap_;
  std::unique_ptr<ByteStream> below_;
  ByteStreamEvents* events_ = nullptr;
};

class WireTap::TapDialer final : public Dialer {
 public:
  TapDialer(WireTap& tap, Dialer& below) : tap_(tap), below_(below) {}
  std::unique_ptr<PendingOperation> dial(const SocketAddress& address, TimePoint deadline, Done done) override {
    if (std::exchange(used_, true)) return below_.dial(address, deadline, std::move(done));
    tap_.dialed_at_ = tap_.executor_.now();
    return below_.dial(address, deadline,
                       [this, done = std::move(done)](Result<std::unique_ptr<ByteStream>, Error> stream) {
                         if (stream.ok()) stream.value() = std::make_unique<TapStream>(tap_, std::move(stream.value()));
                         done(std::move(stream));
                       });
  }

 private:
  WireTap& tap_;
  Dialer& below_;
  bool used_ = false;
};

WireTap::WireTap(testing::SimExecutor& executor, Dialer& below, Duration delay)
    : executor_(executor), delay_(delay), dialer_(std::make_unique<TapDialer>(*this, below)) {}
WireTap::~WireTap() = default;

TimePoint WireTap::Recorded::arrival_of(std::uint64_t byte) const {
  for (const auto& [end, time] : arrivals) {
    if (byte < end) return time;
  }
  return arrivals.empty() ? TimePoint{} : arrivals.back().second;
}

// RFC 9113, section 4.1.
std::vector<WireTap::Frame> WireTap::frames_of(const Recorded& recorded, std::size_t preface) {
  std::vector<Frame> frames;
  constexpr std::size_t kHeader = 9;
  const Bytes bytes = as_bytes(recorded.bytes);
  for (std::size_t at = preface; at + kHeader <= bytes.size();) {
    const std::size_t length = load_be32(bytes.data() + at) >> 8;
    frames.push_back({at, at + kHeader + length, bytes[at + 3]});
    at += kHeader + length;
  }
  return frames;
}

std::optional<WirePosition> WireTap::find(Moment moment) const {
  constexpr std::size_t kPreface = 24;  // RFC 9113, section 3.4
  constexpr std::uint8_t kData = 0, kHeaders = 1;
  const Duration before = delay_ / 2;
  if (moment == Moment::kDuringConnect) return WirePosition{Direction::kToServer, 0, delay_ + before};
  const bool request = moment == Moment::kBeforeRequestHeaders || moment == Moment::kInsideRequestMessage;
  const Recorded& recorded = request ? to_server_ : to_client_;
  std::vector<Frame> headers, data;
  for (const Frame& frame : frames_of(recorded, request ? kPreface : 0)) {
    if (frame.type == kHeaders) headers.push_back(frame);
    if (frame.type == kData && frame.end - frame.begin > 100) data.push_back(frame);
  }
  if (headers.empty() || data.empty() || (!request && headers.size() < 2)) return std::nullopt;
  const Frame& middle = data[data.size() / 2];
  std::uint64_t byte = 0;
  Duration shift = -before;
  switch (moment) {
    case Moment::kBeforeRequestHeaders:
    case Moment::kBeforeResponseHeaders:
      byte = headers.front().begin;
      break;
    case Moment::kInsideRequestMessage:
    case Moment::kInsideResponseMessage:
      byte = (middle.begin + middle.end) / 2;
      break;
    case Moment::kBeforeTrailers:
      byte = headers.back().begin;
      break;
    case Moment::kAfterTrailers:
      byte = headers.back().end;
      shift = before;
      break;
    default:
      return std::nullopt;
  }
  const std::uint64_t told_by = moment == Moment::kAfterTrailers ? byte - 1 : byte;
  return WirePosition{request ? Direction::kToServer : Direction::kToClient, byte,
                      recorded.arrival_of(told_by) - dialed_at_ + shift};
}

}  // namespace godwit::simulation
