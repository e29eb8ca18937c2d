#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "channel.h"
#include "event_queue.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/tls/tls_context.h"
#include "server_call.h"

namespace godwit::python {

class ServerCore;

struct ServerOptions {
  // grpc.max_receive_message_length, grpc.max_send_message_length (-1: no limit), grpc.max_concurrent_streams,
  // grpc.so_reuseport (off unless 1), grpc.max_metadata_size, grpc.http2.lookahead_bytes. Others are left to the
  // caller.
  Options options;
  // Calls that may be handled at a time: from their arrival until finish(). More are refused with RESOURCE_EXHAUSTED
  // before Python is asked. Negative: no limit.
  std::int64_t maximum_concurrent_rpcs = -1;
  // What finish_later() ends leaves with flush() alone: the caller promises one. The loop needs no timer then, which a
  // server with one call at a time would set and unset with every call.
  bool explicit_flush = false;
  // Event loops, each a thread.
  std::size_t loops = 1;
};

// A server whose handlers are Python's. Its loop receives, parses HTTP/2 and counts calls without Python; a call that
// is there becomes one event in `queue`. No function waits but wait_stopped() and the destructor.
class Server final : public Shared {
 public:
  // The error names the option.
  static Result<Ref<Server>, Error> make(const ServerOptions& options, Ref<EventQueue> queue);

  // Before start(). Of registered methods whose client does not stream, the call arrives with its request. Paths that
  // are not registered arrive as streams when their headers are there. The result lives as long as calls of the method:
  // its place for the bindings may be filled until start().
  Result<ServerMethod*, Error> add_method(std::string path, int id, bool client_streams, bool server_streams);
  // "[::]:50051", "localhost:0", "unix:/path", also with "ipv4:", "ipv6:" or "dns:" in front. The port's number; the
  // error names address and reason.
  Result<int, Error> listen(std::string_view address, const tls::TlsServerOptions* tls);
  Result<void, Error> start();

  // Takes no new calls; running calls have `grace` to end, then they are lost. Returns at once; `source`, if there is
  // one, gets kEnded when all is over. May be called again with a shorter grace. Handlers of Python's that still run
  // are not waited for: what they say goes nowhere.
  void stop(Duration grace, Ref<EventSource> source);
  // True when stopped; waits without Python's lock. False at `until`.
  bool wait_stopped(TimePoint until);

  // Sends what finish_later() has noted: wakes each loop at most once for all. With no other call in hand it is sent on
  // the caller's thread (idle() tells): then better without Python's lock.
  void flush();
  bool idle() const { return active_calls() == 0; }

  // Calls that Python has in hand.
  std::size_t active_calls() const;

 private:
  explicit Server(Ref<ServerCore> core);
  // Stops without grace, and waits for the loops: without Python's lock, please.
  ~Server() override;
  void unreferenced() override;

  const Ref<ServerCore> core_;
  bool started_ = false;
};

}  // namespace godwit::python
