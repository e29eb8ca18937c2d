#pragma once

#include <string>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/http/exchange.h"

// The two neighbours of a server call, played by hand.
namespace godwit::rpc {

class FakeExecutor final : public Executor {
 public:
  void post(Work& work) override { work.run(); }
  bool on_loop() const override { return true; }
  void at_turn_end(Work& work) override { work.run(); }
  void withdraw(Work&) override {}
  TimePoint now() const override { return now_; }
  TimerWheel& timers() override { return timers_; }
  Random& random() override { return random_; }
  const Clock& clock() const override { return clock_; }
  void advance(Duration d) {
    now_ += d;
    timers_.advance(now_);
  }

 private:
  struct FakeClock final : Clock {
    explicit FakeClock(const TimePoint& t) : time(t) {}
    TimePoint now() const override { return time; }
    std::int64_t wall_nanos() const override { return 0; }
    const TimePoint& time;
  };
  TimePoint now_{};
  TimerWheel timers_{TimePoint{}};
  SeededRandom random_{1};
  FakeClock clock_{now_};
};

// Writes down what it is told: "H" headers, "B" body, "T" trailers, "R" reset, with '.' at the end of the stream.
class FakeExchange final : public http::Exchange {
 public:
  void send_headers(const http::PreparedFields& first, std::span<const http::Field> rest, bool end) override {
    log += "H(" + text(first.fields()) + text(rest) + ")" + (end ? "." : "") + " ";
  }
  void send_body(Bytes bytes, bool end) override {
    log += "B(" + std::string(as_text(bytes)) + ")" + (end ? "." : "") + " ";
    body += as_text(bytes);
  }
  void send_body(const Slice& bytes, bool end) override { send_body(bytes.bytes(), end); }
  void send_trailers(const http::PreparedFields& first, std::span<const http::Field> rest) override {
    log += "T(" + text(first.fields()) + text(rest) + "). ";
  }
  void reset(http::ResetReason reason) override { log += "R(" + std::string(http::text_of(reason)) + ") "; }
  void consumed(std::size_t bytes) override { consumed_bytes += bytes; }
  std::size_t queued() const override { return queued_bytes; }
  const http::ConnectionInfo& connection() const override { return info; }

  std::string log, body;
  std::size_t consumed_bytes = 0;
  std::size_t queued_bytes = 0;
  http::ConnectionInfo info;

 private:
  static std::string text(std::span<const http::Field> fields) {
    std::string out;
    for (const http::Field& f : fields) out += std::string(f.name) + "=" + std::string(f.value) + ";";
    return out;
  }
};

}  // namespace godwit::rpc
