#include "planted.h"

#include <utility>
#include <vector>

namespace godwit::simulation {
namespace {

// Between the transport's exchange and the call's attempt.
class PlantedExchange final : public http::Exchange, public http::ExchangeEvents {
 public:
  PlantedExchange(http::ExchangeEvents& above, Plant plant) : above_(above), plant_(plant) {}

  // The exchange of the transport; before anything else happens.
  void bind(http::Exchange& below) { below_ = &below; }

  void send_headers(const http::PreparedFields& first, std::span<const http::Field> rest, bool end) override {
    if (below_) below_->send_headers(first, rest, end);
  }
  void send_body(Bytes bytes, bool end) override {
    if (below_) below_->send_body(bytes, end);
  }
  void send_body(const Slice& bytes, bool end) override {
    if (below_) below_->send_body(bytes, end);
  }
  void send_trailers(const http::PreparedFields& first, std::span<const http::Field> rest) override {
    if (below_) below_->send_trailers(first, rest);
  }
  void reset(http::ResetReason reason) override {
    if (below_) return below_->reset(reason);
    // The transport's has gone and nobody was told.
    if (!std::exchange(closed_, true)) above_.on_closed();
  }
  void consumed(std::size_t bytes) override {
    if (below_) below_->consumed(bytes);
  }
  std::size_t queued() const override { return below_ ? below_->queued() : 0; }
  const http::ConnectionInfo& connection() const override {
    static const http::ConnectionInfo gone;
    return below_ ? below_->connection() : gone;
  }

 private:
  void on_headers(http::HeadersKind kind, const http::FieldViews& fields, bool end) override {
    above_.on_headers(kind, fields, end);
  }
  void on_body(const http::BodyView& body, bool end) override { above_.on_body(body, end); }
  void on_writable() override { above_.on_writable(); }
  void on_reset(http::ResetReason reason, std::string_view detail) override {
    if (plant_ == Plant::kLostReset) {
      lost_ = true;
      return;
    }
    above_.on_reset(reason, detail);
  }
  void on_closed() override {
    below_ = nullptr;
    if (lost_) return;
    closed_ = true;
    above_.on_closed();
  }

  http::ExchangeEvents& above_;
  const Plant plant_;
  http::Exchange* below_ = nullptr;
  bool lost_ = false;
  bool closed_ = false;
};

class PlantedConnector final : public Connector {
 public:
  PlantedConnector(std::shared_ptr<Connector> below, Plant plant) : below_(std::move(below)), plant_(plant) {}

  std::unique_ptr<PendingOperation> connect(const ConnectRequest& request, http::ExchangeClientEvents& events,
                                            Done done) override {
    return below_->connect(request, events,
                           [this, done = std::move(done)](Result<std::unique_ptr<http::ExchangeClient>, Error> client) {
                             if (client.ok()) {
                               client.value() = std::make_unique<Client>(*this, std::move(client.value()));
                             }
                             done(std::move(client));
                           });
  }
  std::string_view scheme() const override { return below_->scheme(); }

 private:
  class Client final : public http::ExchangeClient {
   public:
    Client(PlantedConnector& owner, std::unique_ptr<http::ExchangeClient> below)
        : owner_(owner), below_(std::move(below)) {}
    http::Exchange* open(const http::PreparedFields& first, std::span<const http::Field> rest, bool end,
                         http::ExchangeEvents& events) override {
      if (!below_->can_open()) return nullptr;
      PlantedExchange& planted = owner_.make(events);
      http::Exchange* exchange = below_->open(first, rest, end, planted);
      if (!exchange) return nullptr;
      planted.bind(*exchange);
      return &planted;
    }
    bool can_open() const override { return below_->can_open(); }
    void drain() override { below_->drain(); }
    const http::ConnectionInfo& info() const override { return below_->info(); }
    http::ConnectionStats stats() const override { return below_->stats(); }

   private:
    PlantedConnector& owner_;
    std::unique_ptr<http::ExchangeClient> below_;
  };

  PlantedExchange& make(http::ExchangeEvents& events) {
    const bool third = exchanges_.size() % 3 == 2;
    exchanges_.push_back(std::make_unique<PlantedExchange>(events, third ? plant_ : Plant::kNothing));
    return *exchanges_.back();
  }

  std::shared_ptr<Connector> below_;
  const Plant plant_;
  std::vector<std::unique_ptr<PlantedExchange>> exchanges_;  // for ever: who has lost one may still use it
};

}  // namespace

std::shared_ptr<Connector> make_planted_connector(std::shared_ptr<Connector> below, Plant plant) {
  return std::make_shared<PlantedConnector>(std::move(below), plant);
}

}  // namespace godwit::simulation
