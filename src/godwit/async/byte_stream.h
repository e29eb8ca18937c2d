#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/async/address.h"
#include "godwit/base/block.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"

namespace godwit {

// What TLS says of the other side. Empty without TLS.
struct TlsIdentity {
  bool established = false;
  std::string version;                         // "TLSv1.3"
  std::string cipher;                          // the suite's standard name
  std::string peer_certificate_pem;            // "" when the peer sent none
  std::string subject_common_name;             // of the peer's certificate
  std::vector<std::string> subject_alt_names;  // DNS names, IP addresses and URIs, in the certificate's order
};

struct ByteStreamInfo {
  SocketAddress local;
  SocketAddress peer;
  std::string peer_text;      // for logs and ServerContext::peer(): "ipv4:127.0.0.1:1234", "ipv6:[::1]:1234", "unix:/x"
  std::string alpn_protocol;  // "h2", "http/1.1", or "" when nothing was negotiated
  TlsIdentity tls;
};

// Called on the stream's loop, never from inside a call to the stream itself.
class ByteStreamEvents {
 public:
  // Bytes that arrived, at least one. The slice may be kept: its block is not written to again while somebody holds it.
  virtual void on_bytes(const Slice& bytes) = 0;
  // The peer will send no more; writing is still possible. At most once.
  virtual void on_end() = 0;
  // After a write() that took less than it was given: there is room again.
  virtual void on_writable() = 0;
  // The stream is broken (reset, time-out of the network, TLS alert, ...). The last event.
  virtual void on_error(const Error& error) = 0;

 protected:
  ~ByteStreamEvents() = default;
};

// A connected, ordered stream of bytes both ways: a socket, TLS over another stream, or a simulated one. Bound to one
// loop and used on its thread only.
class ByteStream {
 public:
  // Closes at once; what was accepted by write() but not sent may be lost. No event comes after. May be destroyed from
  // inside any of its events.
  virtual ~ByteStream() = default;

  // Begins to read and says who listens. Once.
  virtual void start(ByteStreamEvents& events) = 0;
  // Takes as many bytes as go out without waiting and returns the number; the rest stays the caller's, who tries again
  // at on_writable(). 0 after an error (on_error() follows or has been).
  virtual std::size_t write(std::span<const iovec> pieces) = 0;
  // Ends our direction after what was written; TLS sends close_notify. Reading goes on.
  virtual void shutdown_write() = 0;
  // No on_bytes() until resume_reading(): how back-pressure reaches the peer's kernel.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  virtual const ByteStreamInfo& info() const = 0;
};

// Accepts connections on one address.
class ListenerEvents {
 public:
  virtual void on_accept(std::unique_ptr<ByteStream> stream) = 0;
  // Accepting failed for now (out of descriptors, ...); the listener tries again by itself after a pause.
  virtual void on_accept_error(const Error& error) = 0;

 protected:
  ~ListenerEvents() = default;
};
class Listener {
 public:
  virtual ~Listener() = default;  // stops listening; a Unix socket's file is removed
  virtual void start(ListenerEvents& events) = 0;
  virtual const SocketAddress& address() const = 0;  // with the port that port 0 became
};

// A running attempt; destroying it gives the attempt up and nothing is called any more.
class PendingOperation {
 public:
  virtual ~PendingOperation() = default;
};

// Opens streams to addresses.
class Dialer {
 public:
  virtual ~Dialer() = default;
  using Done = std::function<void(Result<std::unique_ptr<ByteStream>, Error>)>;
  // Connects until `deadline`. `done` is called exactly once on the loop, never from inside dial(), unless the returned
  // operation is destroyed first. Errors name the address and the reason.
  virtual std::unique_ptr<PendingOperation> dial(const SocketAddress& address, TimePoint deadline, Done done) = 0;
};

// Finds the addresses of a host name. Results keep the resolver's order.
class NameLookup {
 public:
  virtual ~NameLookup() = default;
  using Done = std::function<void(Result<std::vector<SocketAddress>, Error>)>;
  // `port` is a number or a service name. `done` as in Dialer.
  virtual std::unique_ptr<PendingOperation> lookup(std::string_view host, std::string_view port, Done done) = 0;
};

}  // namespace godwit
