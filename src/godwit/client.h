#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/async/sync_wait.h"
#include "godwit/async/task.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/client/interceptor.h"
#include "godwit/tls/tls_context.h"

namespace godwit {

struct ClientOptions {
  // TLS with these roots and identity; plaintext without.
  std::optional<tls::TlsClientOptions> tls;
  // The name that the server's certificate must be for; empty: the target's host.
  std::string tls_server_name;

  // "pick_first" or "round_robin", or what was added to ChannelOptions::policies.
  std::string load_balancing_policy = "pick_first";
  std::string authority;  // sent instead of the target's
  std::string user_agent_prefix;

  // Longer messages fail their call with RESOURCE_EXHAUSTED. Bytes.
  std::size_t max_receive_message_bytes = 4 * 1024 * 1024;
  std::size_t max_send_message_bytes = std::numeric_limits<std::uint32_t>::max();
  // HTTP/2 receive windows: where they begin and how far they grow. Bytes.
  std::uint32_t initial_stream_window = 256 * 1024;
  std::uint32_t max_stream_window = 8 * 1024 * 1024;

  // How long the loop looks for input without sleeping before it sleeps.
  Duration busy_poll = Duration::zero();

  std::vector<std::shared_ptr<ClientInterceptor>> interceptors;
};

// A channel with an event loop of its own, on a thread of its own: what a program needs to call a service.
//
//   auto client = godwit::Client::create("localhost:50051");
//   if (!client.ok()) { std::cerr << client.error().message << "\n"; return 1; }
//   helloworld::Greeter::BlockingStub greeter(client->channel());
//
// Coroutines run on the client's loop: `client->run(say_hello(client->channel()))`.
class Client {
 public:
  // `target`: "localhost:50051", "dns:///name:port", "ipv4:1.2.3.4:80,5.6.7.8:80", "unix:/path". Nothing is connected yet.
  // The error says what is wrong with the target or an option.
  static Result<Client, Error> create(std::string_view target, ClientOptions options = {});
  // Ends running calls with CANCELLED. Not on the loop's own thread.
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // What stubs take.
  Channel& channel();
  Executor& executor();

  // Runs a coroutine on the loop and waits for its result. Not from the loop's own thread.
  template <typename T>
  T run(Task<T> task) {
    return sync_wait(executor(), std::move(task));
  }

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace godwit
