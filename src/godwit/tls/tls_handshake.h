#pragma once

#include <memory>
#include <string>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/tls/tls_context.h"

namespace godwit::tls {

struct TlsHandshakeOptions {
  std::shared_ptr<const TlsContext> context;
  // Client: the host name or IP address that the server's certificate must be for; a name is also sent (SNI). Not
  // empty. Set it to another name than the one dialed to override. Servers leave it empty.
  std::string server_name;
  TimePoint deadline = kNever;
};

// Performs the handshake over `stream` (not started yet) and gives `done` a stream that reads and writes plain bytes;
// its info() has alpn_protocol and tls filled. Errors name the peer and what failed: "TLS handshake with
// ipv4:1.2.3.4:443: the peer's certificate has expired (subject localhost, valid until ...)". `done` is called once,
// never from inside, unless the operation is destroyed first. No clock is read but executor.clock().wall_nanos() for
// the validity of certificates.
//
// The stream that comes out: bounded buffers both ways; small writes of one write() leave as full records; an idle
// connection holds no buffer. shutdown_write() and destruction send close_notify. When the peer's bytes end without
// close_notify, on_error() says that they may be cut short, unless our side had shut down already: then on_end().
std::unique_ptr<PendingOperation> tls_handshake(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                TlsHandshakeOptions options, Dialer::Done done);

struct TlsListenerOptions {
  std::shared_ptr<const TlsContext> context;
  Duration handshake_timeout = std::chrono::seconds(10);
  // Handshakes under way at once on this listener. One more ends the oldest: honest ones take milliseconds.
  std::size_t handshakes_max = 1024;
};
// A listener whose on_accept() gets streams with TLS. Failed handshakes are logged with peer and reason and closed.
std::unique_ptr<Listener> make_tls_listener(Executor& executor, std::unique_ptr<Listener> listener,
                                            TlsListenerOptions options);

struct TlsDialerOptions {
  std::shared_ptr<const TlsContext> context;
  std::string server_name;  // see TlsHandshakeOptions
};
// A dialer whose streams have TLS; the deadline counts for connection and handshake together.
std::unique_ptr<Dialer> make_tls_dialer(Executor& executor, std::unique_ptr<Dialer> dialer, TlsDialerOptions options);

}  // namespace godwit::tls
