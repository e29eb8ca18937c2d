#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "godwit/async/byte_stream.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/client/endpoint.h"

namespace godwit {

// One connection to be made. The views live until connect() returns; the address and what it refers to as long as the
// attempt.
struct ConnectRequest {
  const SocketAddress& address;
  const Attributes& attributes;
  std::string_view authority;  // "host:port": whom TLS should expect
  TimePoint deadline;          // give up then
};

// Makes connections for subchannels: dials, does the handshakes, speaks the protocol. For one loop.
class Connector {
 public:
  virtual ~Connector() = default;
  using Done = std::function<void(Result<std::unique_ptr<http::ExchangeClient>, Error>)>;

  // `done` is called exactly once on the loop, never from inside connect(), unless the returned operation is destroyed
  // first: with a connection on which the server has said that it speaks the protocol (HTTP/2: its SETTINGS came), or,
  // at the deadline at the latest, with an error that names the step that failed and its reason. `events` hears what
  // happens to the connection after done(); it outlives the ExchangeClient.
  virtual std::unique_ptr<PendingOperation> connect(const ConnectRequest& request, http::ExchangeClientEvents& events,
                                                    Done done) = 0;
  // "https" when the connections are secure: sent as :scheme.
  virtual std::string_view scheme() const { return "http"; }
};

}  // namespace godwit
