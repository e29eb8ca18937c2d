#pragma once

#include <memory>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/http2/connection/options.h"
#include "godwit/rpc/client/connector.h"
#include "godwit/tls/tls_context.h"

namespace godwit {

struct Http2ConnectorOptions {
  http2::Options http2;
  // Plaintext without one.
  std::shared_ptr<const tls::TlsContext> tls;
  // The name that a server's certificate must be for; empty: the host of the call's authority.
  std::string tls_server_name;
};

// Connects over any dialer: the real network's or a simulated one's. The executor and the dialer must outlive it and the
// clients that it makes.
std::shared_ptr<Connector> make_http2_connector(Executor& executor, Dialer& dialer, Http2ConnectorOptions options);

}  // namespace godwit
