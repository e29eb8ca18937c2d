#include "godwit/http2_connector.h"

#include <string>
#include <utility>

#include "godwit/tls/tls_handshake.h"
#include "godwit/transport/http2_client.h"

namespace godwit {
namespace {

class Http2Connector final : public Connector {
 public:
  Http2Connector(Executor& executor, Dialer& dialer, Http2ConnectorOptions options)
      : executor_(executor), dialer_(dialer), options_(std::move(options)) {}

  std::unique_ptr<PendingOperation> connect(const ConnectRequest& request, http::ExchangeClientEvents& events,
                                            Done done) override {
    return std::make_unique<Attempt>(*this, request, events, std::move(done));
  }
  std::string_view scheme() const override { return options_.tls ? "https" : "http"; }

 private:
  // Dials, then the handshake of TLS, then that of HTTP/2.
  class Attempt final : public PendingOperation {
   public:
    Attempt(Http2Connector& owner, const ConnectRequest& request, http::ExchangeClientEvents& events, Done done)
        : owner_(owner), events_(events), done_(std::move(done)), deadline_(request.deadline) {
      if (owner.options_.tls) {
        server_name_ = owner.options_.tls_server_name;
        if (server_name_.empty()) {
          auto split = split_host_port(request.authority);
          server_name_ = split.ok() ? split->host : std::string(request.authority);
        }
      }
      step_ = owner.dialer_.dial(request.address, request.deadline, [this](auto stream) { dialed(std::move(stream)); });
    }

   private:
    // The callback of the step before runs in each of these: it goes when they return.
    void dialed(Result<std::unique_ptr<ByteStream>, Error> stream) {
      if (!stream.ok() || !owner_.options_.tls) return connected(std::move(stream));
      tls::TlsHandshakeOptions options{owner_.options_.tls, server_name_, deadline_};
      const auto finished = std::move(step_);
      step_ = tls::tls_handshake(owner_.executor_, std::move(stream.value()), std::move(options),
                                 [this](auto secured) { connected(std::move(secured)); });
    }
    void connected(Result<std::unique_ptr<ByteStream>, Error> stream) {
      if (!stream.ok()) return tell(Failure(std::move(stream.error())));
      const auto finished = std::move(step_);
      step_ =
          transport::http2_handshake(owner_.executor_, std::move(stream.value()), {owner_.options_.http2, deadline_},
                                     events_, [this](auto client) { tell(std::move(client)); });
    }
    void tell(Result<std::unique_ptr<http::ExchangeClient>, Error> client) {
      const Done done = std::move(done_);  // it may destroy this
      done(std::move(client));
    }

    Http2Connector& owner_;
    http::ExchangeClientEvents& events_;
    Done done_;
    TimePoint deadline_;
    std::string server_name_;
    std::unique_ptr<PendingOperation> step_;
  };

  Executor& executor_;
  Dialer& dialer_;
  Http2ConnectorOptions options_;
};

}  // namespace

std::shared_ptr<Connector> make_http2_connector(Executor& executor, Dialer& dialer, Http2ConnectorOptions options) {
  return std::make_shared<Http2Connector>(executor, dialer, std::move(options));
}

}  // namespace godwit
