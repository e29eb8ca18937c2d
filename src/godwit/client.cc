#include "godwit/client.h"

#include <pthread.h>

#include <thread>
#include <utility>

#include "godwit/http2_connector.h"
#include "godwit/net/dialer.h"
#include "godwit/net/event_loop.h"
#include "godwit/net/name_lookup.h"
#include "godwit/rpc/client/options.h"

namespace godwit {

struct Client::State {
  ~State() {
    if (thread.joinable()) {
      run_on_loop([this] { channel.reset(); });
      loop->stop();
      thread.join();
    }
    channel.reset();
  }
  template <typename F>
  void run_on_loop(F function) {
    auto task = [](F f) -> Task<void> {
      f();
      co_return;
    };
    sync_wait(*loop, task(std::move(function)));
  }

  std::unique_ptr<net::EventLoop> loop;
  std::unique_ptr<net::SystemNameLookup> lookup;
  std::unique_ptr<Dialer> dialer;
  std::unique_ptr<NameLookup> names;
  std::unique_ptr<Channel> channel;
  std::thread thread;
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client, Error> Client::create(std::string_view target, ClientOptions options) {
  auto state = std::make_unique<State>();
  auto loop = net::EventLoop::create({.busy_poll = options.busy_poll});
  if (!loop.ok()) return Failure(std::move(loop.error()));
  state->loop = std::move(loop.value());
  state->dialer = std::make_unique<net::NetDialer>(*state->loop);
  state->lookup = std::make_unique<net::SystemNameLookup>();
  state->names = state->lookup->on(*state->loop);

  Http2ConnectorOptions connector;
  connector.http2.initial_stream_window = options.initial_stream_window;
  connector.http2.max_stream_window = options.max_stream_window;
  connector.http2.max_frame_size = http2::kRoomyFrameSize;
  connector.tls_server_name = options.tls_server_name;
  if (options.tls) {
    auto context = tls::TlsContext::client(*options.tls);
    if (!context.ok()) return Failure(std::move(context.error()));
    connector.tls = std::move(context.value());
  }
  ChannelOptions channel;
  channel.connector = make_http2_connector(*state->loop, *state->dialer, std::move(connector));
  channel.name_lookup = state->names.get();
  channel.load_balancing_policy = std::move(options.load_balancing_policy);
  channel.authority = std::move(options.authority);
  channel.user_agent_prefix = std::move(options.user_agent_prefix);
  channel.max_receive_message_bytes = options.max_receive_message_bytes;
  channel.max_send_message_bytes = options.max_send_message_bytes;
  channel.interceptors = std::move(options.interceptors);
  auto made = Channel::create(*state->loop, target, std::move(channel));
  if (!made.ok()) return Failure(std::move(made.error()));
  state->channel = std::move(made.value());
  state->thread = std::thread([l = state->loop.get()] {
    pthread_setname_np(pthread_self(), "godwit-client");
    l->run();
  });
  return Client(std::move(state));
}

Channel& Client::channel() { return *state_->channel; }
Executor& Client::executor() { return *state_->loop; }

}  // namespace godwit
