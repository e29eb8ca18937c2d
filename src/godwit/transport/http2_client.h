#pragma once

#include <functional>
#include <memory>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/http/exchange.h"
#include "godwit/http2/connection/options.h"

namespace godwit::transport {

struct Http2HandshakeOptions {
  http2::Options http2;  // but for preface_timeout, which follows from the deadline
  TimePoint deadline = kNever;
};
using Http2HandshakeDone = std::function<void(Result<std::unique_ptr<http::ExchangeClient>, Error>)>;

// Begins to speak HTTP/2 as a client over `stream` (not started yet): sends the preface at once and gives `done` the
// client when the server's SETTINGS have come (RFC 9113 section 3.4). So its limits are known, and what answered speaks
// HTTP/2. Errors name the peer and the reason: "HTTP/2 handshake with ipv4:1.2.3.4:80: the peer speaks HTTP/1 where
// HTTP/2 was expected ('HTTP/1.1 400 Bad Request')". `done` is called once, never from inside, unless the operation is
// destroyed first. `events` hears what happens after it, and must outlive the client or its on_disconnected(). For the
// executor's thread only.
std::unique_ptr<PendingOperation> http2_handshake(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                  Http2HandshakeOptions options, http::ExchangeClientEvents& events,
                                                  Http2HandshakeDone done);

}  // namespace godwit::transport
