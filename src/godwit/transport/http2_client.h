#pragma once

#include <memory>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/http/exchange.h"
#include "godwit/http2/connection/options.h"

namespace godwit::transport {

// Speaks HTTP/2 as a client over a connected stream. `events` must outlive the client or its on_disconnected(). Exchanges
// may be opened at once, before the peer's SETTINGS have come: until its limit is known, up to 100. For the executor's
// thread only.
std::unique_ptr<http::ExchangeClient> make_http2_client(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                        const http2::Options& options,
                                                        http::ExchangeClientEvents& events);

}  // namespace godwit::transport
