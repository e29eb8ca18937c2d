#include "godwit/transport/server_transport.h"

#include <utility>

#include "godwit/base/log.h"
#include "godwit/transport/http2_driver.h"

namespace godwit::transport {

class ServerTransport::Connection final : public Http2Driver {
 public:
  Connection(ServerTransport& owner, std::unique_ptr<ByteStream> stream)
      : Http2Driver(http2::Role::kServer, owner.executor_, std::move(stream), owner.options_.http2), owner_(owner) {
    start();
  }

  void abandon() { Http2Driver::abandon(); }

  Connection* previous = nullptr;
  Connection* next = nullptr;

 private:
  http::ExchangeEvents* on_request(Http2Exchange& exchange, const http::FieldViews& fields, bool end) override {
    return owner_.handler_.on_request(exchange, fields, end);
  }
  void ended(std::string_view) override { owner_.remove(*this); }

  ServerTransport& owner_;
};

ServerTransport::ServerTransport(Executor& executor, http::ExchangeHandler& handler,
                                 const ServerTransportOptions& options)
    : executor_(executor), handler_(handler), options_(options) {}

ServerTransport::~ServerTransport() {
  idle_function_ = nullptr;
  while (first_) {
    first_->abandon();
    remove(*first_);
  }
}

void ServerTransport::on_accept(std::unique_ptr<ByteStream> stream) {
  if (shutting_down_) return;
  if (count_ >= options_.max_connections) {
    if (log_enabled(LogLevel::kWarning)) {
      log(LogLevel::kWarning, "server",
          stream->info().peer_text + ": connection refused: max_connections (" +
              std::to_string(options_.max_connections) + ") are open");
    }
    return;
  }
  auto* connection = new Connection(*this, std::move(stream));
  connection->next = first_;
  if (first_) first_->previous = connection;
  first_ = connection;
  ++count_;
}

void ServerTransport::on_accept_error(const Error& error) { log(LogLevel::kWarning, "server", error.message); }

void ServerTransport::shutdown() {
  shutting_down_ = true;
  for (Connection* c = first_; c; c = c->next) c->shutdown();
  if (count_ == 0 && idle_function_) idle_function_(idle_argument_);
}

void ServerTransport::close_all(std::string_view text) {
  shutting_down_ = true;
  for (Connection* c = first_; c; c = c->next) c->close(http2::ErrorCode::kNoError, text);
}

void ServerTransport::remove(Connection& connection) {
  (connection.previous ? connection.previous->next : first_) = connection.next;
  if (connection.next) connection.next->previous = connection.previous;
  --count_;
  delete &connection;
  if (count_ == 0 && idle_function_) idle_function_(idle_argument_);
}

}  // namespace godwit::transport
