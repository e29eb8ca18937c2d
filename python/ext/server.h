#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channel.h"
#include "event_queue.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/rpc/status.h"
#include "godwit/tls/tls_context.h"
#include "wire.h"

namespace godwit::python {

class Server;

// One call on the server, for the Python thread or the asyncio task that handles it. Commands never wait: they are noted
// under a mutex and carried out by the server's loop. When nobody waits for the answer any more they do nothing.
//
//   arrived --> handled (read, write) --finish()--> ended
//       '----- client cancelled, deadline passed, server stopped ------^   is_active() is false from then on
class ServerCall final : public EventSource {
 public:
  enum class Wait : std::uint8_t { kReady, kEnded, kTimeout };

  // --- what is known when the call arrives; constant ---
  const std::string& path() const;         // "/package.Service/Method"
  int method_id() const;                   // of add_method(); -1 for paths that nobody has registered
  const std::string& authority() const;
  const std::string& peer() const;         // "ipv4:127.0.0.1:50000"
  TimePoint deadline() const;              // kNever without one
  const Entries& invocation_metadata() const;
  // Of a registered method whose client does not stream: the one message, already here.
  const std::optional<Slice>& request() const;
  // Of TLS clients that were verified: the certificate (PEM), subject alternative names and common name.
  struct Peer {
    std::string certificate_pem;
    std::vector<std::string> alternative_names;
    std::string common_name;
    std::string tls_version;
  };
  const Peer& tls_peer() const;

  // --- commands ---
  void send_initial_metadata(Entries metadata);
  void write(Slice framed);
  // The end: `last` is a message to be sent before the status. Exactly once counts; later ones do nothing.
  void finish(StatusCode code, std::string details, Entries trailing, std::optional<Slice> last = {});
  // Call from the thread that replies to many calls in a row: the loop is not woken for each (see Server::flush()).
  void finish_later(StatusCode code, std::string details, Entries trailing, std::optional<Slice> last = {});
  void want_message();
  void cancel();  // the client sees CANCELLED

  // --- state ---
  bool is_active() const;
  bool take(Slice& message);
  bool messages_ended() const;  // all were taken; or the call is over
  bool can_write() const;

  // --- waiting, without Python's lock ---
  Wait wait_message(TimePoint until);
  Wait wait_writable(TimePoint until);

 private:
  friend class Server;
  ~ServerCall() override;
};

struct ServerOptions {
  Options options;  // grpc.*: max_receive_message_length, max_send_message_length, max_concurrent_streams,
                    // so_reuseport, max_metadata_size, http2.lookahead_bytes, max_connection_idle_ms (no effect yet)
  // Calls that may be active at a time, counted on receipt; more are refused with RESOURCE_EXHAUSTED. Negative: no limit.
  std::int64_t maximum_concurrent_rpcs = -1;
};

// A server whose handlers are Python's. Its loop receives, parses HTTP/2 and counts calls without Python; a call that is
// there becomes one event in `queue`.
class Server final : public Shared {
 public:
  static Result<Ref<Server>, Error> make(ServerOptions options, Ref<EventQueue> queue);

  // Before start(). Of registered methods whose client does not stream, the call arrives with its request. Paths that
  // are not registered arrive as streams when their headers are there.
  Result<void, Error> add_method(std::string path, int id, bool client_streams, bool server_streams);
  // "[::]:50051", "localhost:0", "unix:/path". The port's number; the error names address and reason.
  Result<int, Error> listen(std::string_view address, const tls::TlsServerOptions* tls);
  Result<void, Error> start();

  // Takes no new calls; running calls have `grace` to end, then they are cancelled. Returns at once; on_stopped() of the
  // queue's owner: `source` gets kEnded when all is over. May be called again with a shorter grace.
  void stop(Duration grace, Ref<EventSource> source);
  // True when stopped; waits without Python's lock.
  bool wait_stopped(TimePoint until);

  // Sends what finish_later() has noted: wakes the loop once for all. Any thread, never waits.
  void flush();

  std::size_t active_calls() const;

 private:
  ~Server() override;
};

}  // namespace godwit::python
