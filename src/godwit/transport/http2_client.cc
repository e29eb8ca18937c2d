#include "godwit/transport/http2_client.h"

#include <utility>

#include "godwit/transport/http2_driver.h"

namespace godwit::transport {
namespace {

class Http2Client final : public http::ExchangeClient, private Http2Driver {
 public:
  Http2Client(Executor& executor, std::unique_ptr<ByteStream> stream, const http2::Options& options,
              http::ExchangeClientEvents& events)
      : Http2Driver(http2::Role::kClient, executor, std::move(stream), options), events_(&events) {
    start();
  }
  ~Http2Client() override {
    events_ = nullptr;
    abandon();
  }

  http::Exchange* open(const http::PreparedFields& first, std::span<const http::Field> rest, bool end,
                       http::ExchangeEvents& events) override {
    if (!can_open()) return nullptr;
    Http2Exchange& exchange = make_exchange(nullptr, &events);
    bind(exchange, engine().open(http2::HeaderFields(first, rest), end, &exchange));
    mark_dirty();
    return &exchange;
  }
  bool can_open() const override { return !closing() && !draining_ && engine().may_open() > 0; }
  void drain() override {
    draining_ = true;
    shutdown();
  }
  const http::ConnectionInfo& info() const override { return Http2Driver::info(); }
  http::ConnectionStats stats() const override { return Http2Driver::stats(); }

 private:
  http::ExchangeEvents* on_request(Http2Exchange&, const http::FieldViews&, bool) override { return nullptr; }
  void capacity_grew() override {
    if (events_ && can_open()) events_->on_capacity();
  }
  void draining(std::string_view reason) override {
    if (!std::exchange(draining_, true) && events_) events_->on_draining(reason);
  }
  void ended(std::string_view reason) override {
    if (auto* events = std::exchange(events_, nullptr)) events->on_disconnected(reason);
  }

  http::ExchangeClientEvents* events_;
  bool draining_ = false;
};

}  // namespace

std::unique_ptr<http::ExchangeClient> make_http2_client(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                        const http2::Options& options,
                                                        http::ExchangeClientEvents& events) {
  return std::make_unique<Http2Client>(executor, std::move(stream), options, events);
}

}  // namespace godwit::transport
