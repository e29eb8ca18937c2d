#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/http/exchange.h"
#include "godwit/http2/connection/options.h"

namespace godwit::transport {

struct ServerTransportOptions {
  http2::Options http2;
  // Connections above this number are closed as soon as they are accepted.
  std::size_t max_connections = 65536;
};

// The accepted connections of one loop: speaks HTTP/2 on each and hands their requests to one handler. For the loop's
// thread only.
class ServerTransport final : public ListenerEvents {
 public:
  ServerTransport(Executor& executor, http::ExchangeHandler& handler, const ServerTransportOptions& options);
  // Closes what is left, at once.
  ~ServerTransport();

  void on_accept(std::unique_ptr<ByteStream> stream) override;
  void on_accept_error(const Error& error) override;

  // Tells every peer to open no new exchanges; running ones go on; each connection closes when its last one has ended.
  void shutdown();
  // Ends every connection now; `text` goes into the GOAWAY.
  void close_all(std::string_view text);

  std::size_t connections() const { return count_; }
  // Called each time the last connection has gone.
  void set_idle_listener(void (*function)(void*), void* argument) {
    idle_function_ = function;
    idle_argument_ = argument;
  }

 private:
  class Connection;
  void remove(Connection& connection);

  Executor& executor_;
  http::ExchangeHandler& handler_;
  ServerTransportOptions options_;
  Connection* first_ = nullptr;
  std::size_t count_ = 0;
  bool shutting_down_ = false;
  void (*idle_function_)(void*) = nullptr;
  void* idle_argument_ = nullptr;
};

}  // namespace godwit::transport
