#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/rpc/server/interceptor.h"
#include "godwit/rpc/server/method.h"
#include "godwit/stub/service.h"
#include "godwit/tls/tls_context.h"

namespace godwit {

struct ServerOptions {
  // Event loops, each a thread that serves its own connections. 0: one for each core that this process may use.
  std::size_t loops = 0;
  // Threads for services that block, started when they are needed.
  std::size_t worker_threads = 16;
  // Calls that wait for a worker thread; more are refused with RESOURCE_EXHAUSTED.
  std::size_t worker_queue = 10'000;

  // Longer messages are refused with RESOURCE_EXHAUSTED. Bytes.
  std::size_t max_receive_message_bytes = 4 * 1024 * 1024;
  std::size_t max_send_message_bytes = std::numeric_limits<std::uint32_t>::max();
  // The size of all fields of a request, counted as RFC 9113 section 6.5.2 does. Bytes.
  std::uint32_t max_metadata_bytes = 16 * 1024;
  // Takes metadata whose values begin or end with a space, which RFC 9113 section 8.2.1 calls malformed.
  bool blanks_around_metadata = false;
  // Calls that one connection may have open at a time.
  std::uint32_t max_concurrent_streams = 1024;
  // Connections of one loop; more are closed at once.
  std::size_t max_connections = 65536;
  // HTTP/2 receive windows: where they begin and how far they grow while a fast sender fills them. Bytes.
  std::uint32_t initial_stream_window = 256 * 1024;
  std::uint32_t max_stream_window = 8 * 1024 * 1024;

  // TCP ports that the server listens on may be shared: with other sockets that say the same, of this process or of
  // another of this user. The kernel spreads connections over them. Off: a port that is taken is an error of listen().
  bool share_ports = false;

  // How long a loop looks for input without sleeping before it sleeps: lower latency for a busy core.
  Duration busy_poll = Duration::zero();

  // The first one is the outermost.
  std::vector<std::shared_ptr<ServerInterceptor>> interceptors;
};

// Serves services over gRPC.
//
//   godwit::Server server;
//   server.add(greeter);
//   return server.run("0.0.0.0:50051");
//
// add() and listen() come before start(). All methods may be called on any thread, but one at a time, and shutdown() at
// any time.
class Server {
 public:
  explicit Server(ServerOptions options = {});
  // As shutdown() without grace.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The service must outlive the server. A path that is served already is reported by start().
  void add(Service& service);
  // Takes calls to every path that no service has, as a bidirectional stream of bytes (bidi_streaming_method with
  // RawMessage).
  void set_fallback(std::shared_ptr<rpc::MethodHandler> handler);

  // Opens a port: "0.0.0.0:50051", "[::]:50051", "localhost:0", "unix:/run/greeter.sock". Returns the port's number (0
  // for Unix sockets). The error names the address and the reason; a port that another process holds is one. A name is
  // listened for at all its addresses; one that can be opened is enough. "[::]" takes IPv4 connections too, and them
  // alone where the system has no IPv6.
  Result<std::uint16_t, Error> listen(std::string_view address);
  // The same with TLS.
  Result<std::uint16_t, Error> listen(std::string_view address, const tls::TlsServerOptions& tls);

  // Begins to serve, on threads of its own.
  Result<void, Error> start();
  // Returns when the server has stopped.
  void wait();
  // Takes no new calls; those that run have `grace` to end, then they are cancelled. Returns when all has ended.
  // Handlers that block are waited for in any case.
  void shutdown(Duration grace = Duration::zero());
  // The same without waiting. `stopped` is called once when all has ended, on a thread of the server (or inside, when
  // nothing runs any more): it must not destroy the server. May be called again, any number of times: the earliest end
  // of the grace counts. Any thread.
  void begin_shutdown(Duration grace, std::function<void()> stopped = {});

  // listen(), start(), and wait() until SIGINT or SIGTERM, then shutdown() with 5 seconds of grace. Returns what main()
  // should: 0, or 1 after an error was printed.
  int run(std::string_view address);
  int run(std::string_view address, const tls::TlsServerOptions& tls);

  // Calls that run now, on all loops.
  std::size_t active_calls() const;
  // The server's loops, in their order; made now, if listen() has not. Handlers that answer from other threads post
  // their work there. They live as long as the server. The error: the process is out of descriptors.
  Result<std::vector<Executor*>, Error> executors();

 private:
  int serve(Result<std::uint16_t, Error> port);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace godwit
