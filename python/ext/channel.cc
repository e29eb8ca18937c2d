#include "channel.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>

#include "godwit/http2_connector.h"
#include "godwit/net/event_loop.h"
#include "refused_target.h"
#include "runtime.h"
#include "waiting.h"

namespace godwit::python {

// The loop's half: the engine's channel, and what threads and the loop tell each other. What threads want is noted
// under the mutex, and one posted piece of work carries it out. Ends with the Channel, on the loop.
class Channel::Engine final : public Work, public ConnectivityWatcher {
 public:
  Engine(Runtime& runtime, std::unique_ptr<godwit::Channel> channel) : runtime_(runtime), channel_(std::move(channel)) {
    channel_->add_watcher(*this);
  }

  // Any thread.
  void connect() {
    const std::lock_guard lock(mutex_);
    connect_ = true;
    post();
  }
  void close() {
    Bell::Ring ring;
    {
      const std::lock_guard lock(mutex_);
      if (closed_.exchange(true)) return;
      ring = set_state(ConnectivityState::kShutdown);
      post();
    }
    if (ring) bell_.ring(ring);
  }
  void end() {
    const std::lock_guard lock(mutex_);
    end_ = true;
    post();
  }
  void watch(Ref<EventSource> source) {
    const std::lock_guard lock(mutex_);
    if (!closed_) watchers_.push_back(std::move(source));
  }
  void unwatch(EventSource& source) {
    const std::lock_guard lock(mutex_);
    std::erase_if(watchers_, [&](const Ref<EventSource>& watcher) { return watcher.get() == &source; });
  }
  ConnectivityState state() const { return state_.load(std::memory_order_relaxed); }
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

  bool wait_state_change(ConnectivityState last, TimePoint until) {
    for (;;) {
      Bell::Ticket ticket;
      {
        const std::lock_guard lock(mutex_);
        if (state() != last) return true;
        ticket = bell_.listen();
      }
      Duration left(-1);
      if (until != kNever && (left = until - system_clock().now()) <= Duration::zero()) return false;
      if (bell_.sleep(ticket, left) != FutexWait::kWoken) return state() != last;
    }
  }

  // On the loop.
  rpc::ChannelCore& core() const { return channel_->core(); }

 private:
  ~Engine() = default;

  void post() {  // with the mutex
    if (posted_) return;
    posted_ = true;
    runtime_.loop().post(*this);
  }
  void run() override {
    std::unique_lock lock(mutex_);
    posted_ = false;
    const bool connect = std::exchange(connect_, false);
    const bool close = closed_;
    const bool end = end_;
    lock.unlock();
    if (end) {
      channel_->remove_watcher(*this);
      channel_.reset();
      delete this;
    } else if (close) {
      channel_->shutdown();
    } else if (connect) {
      channel_->connect();
    }
  }
  void on_state(ConnectivityState state, const Status&) override {
    Bell::Ring ring;
    {
      const std::lock_guard lock(mutex_);
      if (!closed_) ring = set_state(state);
    }
    if (ring) bell_.ring(ring);
  }
  Bell::Ring set_state(ConnectivityState state) {  // with the mutex
    state_.store(state, std::memory_order_relaxed);
    for (const Ref<EventSource>& watcher : watchers_) watcher->signal(kArrived);
    if (state == ConnectivityState::kShutdown) watchers_.clear();
    return bell_.strike();
  }

  Runtime& runtime_;
  std::unique_ptr<godwit::Channel> channel_;  // the loop's
  std::atomic<ConnectivityState> state_{ConnectivityState::kIdle};
  std::atomic<bool> closed_{false};
  Bell bell_;
  std::mutex mutex_;  // guards what follows, and changes of the three above
  std::vector<Ref<EventSource>> watchers_;
  bool posted_ = false;
  bool connect_ = false;
  bool end_ = false;
};

namespace {

struct Settings {
  ChannelOptions channel;
  Http2ConnectorOptions connector;
};

Failure<Error> bad_option(const std::string& name, const char* wanted) {
  return Failure(Error("channel option '" + name + "': " + wanted));
}

std::size_t message_limit(std::int64_t value) {
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::size_t>(value < 0 ? kMax : std::min(value, kMax));
}

Result<void, Error> apply(const Options& options, Settings& settings) {
  std::string user_agent_end;
  for (const auto& [name, value] : options) {
    const auto* number = std::get_if<std::int64_t>(&value);
    const auto* text = std::get_if<std::string>(&value);
    auto is = [&name = name](std::string_view known) { return name == known; };
    ChannelOptions& channel = settings.channel;
    std::size_t* limit = nullptr;
    Duration* pause = nullptr;
    std::string* words = nullptr;
    std::string primary;  // given more than once, all are told
    if (is("grpc.max_receive_message_length")) limit = &channel.max_receive_message_bytes;
    if (is("grpc.max_send_message_length")) limit = &channel.max_send_message_bytes;
    if (is("grpc.initial_reconnect_backoff_ms")) pause = &channel.backoff.initial;
    if (is("grpc.max_reconnect_backoff_ms")) pause = &channel.backoff.max;
    if (is("grpc.min_reconnect_backoff_ms")) pause = &channel.min_connect_timeout;
    if (is("grpc.default_authority")) words = &channel.authority;
    if (is("grpc.ssl_target_name_override")) words = &settings.connector.tls_server_name;
    if (is("grpc.primary_user_agent")) words = &primary;
    if (is("grpc.secondary_user_agent")) words = &user_agent_end;
    if (is("grpc.lb_policy_name")) words = &channel.load_balancing_policy;
    if (limit) {
      if (!number) return bad_option(name, "wants a number of bytes, -1 for no limit");
      *limit = message_limit(*number);
    } else if (pause) {
      if (!number || *number < 0) return bad_option(name, "wants a number of milliseconds");
      *pause = std::chrono::milliseconds(std::min<std::int64_t>(*number, 86'400'000));
    } else if (words) {
      if (!text) return bad_option(name, "wants a text");
      *words = *text;
      if (words == &primary && !primary.empty()) {
        channel.user_agent_prefix += (channel.user_agent_prefix.empty() ? "" : " ") + primary;
      }
    } else if (is("grpc.http2.lookahead_bytes")) {
      if (!number || *number < 1) return bad_option(name, "wants a number of bytes above 0");
      settings.connector.http2.initial_stream_window =
          static_cast<std::uint32_t>(std::min<std::int64_t>(*number, 0x7fffffff));
    } else if (is("grpc.max_metadata_size")) {
      if (!number || *number < 1) return bad_option(name, "wants a number of bytes above 0");
      settings.connector.http2.max_header_list_size =
          static_cast<std::uint32_t>(std::min<std::int64_t>(*number, 16 << 20));
    }
  }
  ChannelOptions& channel = settings.channel;
  if (!user_agent_end.empty()) {
    channel.user_agent_prefix += (channel.user_agent_prefix.empty() ? "" : " ") + user_agent_end;
  }
  channel.backoff.initial = std::min(channel.backoff.initial, channel.backoff.max);
  // The name of the certificate stands for the server in every respect.
  if (channel.authority.empty()) channel.authority = settings.connector.tls_server_name;
  return {};
}

}  // namespace

Result<Ref<Channel>, Error> Channel::make(std::string target, const Options& options,
                                          const tls::TlsClientOptions* tls) {
  auto runtime = Runtime::get();
  if (!runtime.ok()) return Failure(std::move(runtime).error());
  Settings settings;
  settings.connector.http2.initial_stream_window = 256 * 1024;
  settings.connector.http2.max_frame_size = http2::kRoomyFrameSize;
  settings.connector.http2.blanks_around_values = true;  // as the reference
  if (auto applied = apply(options, settings); !applied.ok()) return Failure(std::move(applied).error());
  if (tls) {
    auto context = tls::TlsContext::client(*tls);
    if (!context.ok()) return Failure(std::move(context).error());
    settings.connector.tls = std::move(*context);
  }
  net::EventLoop& loop = (*runtime)->loop();
  settings.channel.connector = make_http2_connector(loop, (*runtime)->dialer(), std::move(settings.connector));
  settings.channel.name_lookup = &(*runtime)->names();
  // Made here and given to the loop with the first post: until then nothing of it runs.
  std::string_view used = target;
  if (const auto problem = target_problem(target, *settings.channel.resolvers,
                                          {loop, settings.channel.name_lookup, settings.channel.resolver})) {
    settings.channel.resolvers = refusing_registry(*problem);
    used = kRefusedTarget;
  }
  auto channel = godwit::Channel::create(loop, used, std::move(settings.channel));
  if (!channel.ok()) return Failure(std::move(channel).error());
  auto* engine = new Engine(**runtime, std::move(*channel));
  return Ref<Channel>::adopt(new Channel(std::move(target), **runtime, engine));
}

Channel::Channel(std::string target, Runtime& runtime, Engine* engine)
    : target_(std::move(target)), runtime_(runtime), generation_(Runtime::generation()), engine_(engine) {}

Channel::~Channel() {
  if (alive()) engine_->end();  // else its loop does not run, and everything stays as it is
}

bool Channel::alive() const { return generation_ == Runtime::generation(); }
rpc::ChannelCore& Channel::core() const { return engine_->core(); }
ConnectivityState Channel::state() const { return alive() ? engine_->state() : ConnectivityState::kShutdown; }
bool Channel::closed() const { return !alive() || engine_->closed(); }

void Channel::connect() {
  if (alive()) engine_->connect();
}
void Channel::close() {
  if (alive()) engine_->close();
}
void Channel::watch(Ref<EventSource> source) {
  if (alive()) engine_->watch(std::move(source));
}
void Channel::unwatch(EventSource& source) {
  if (alive()) engine_->unwatch(source);
}
bool Channel::wait_state_change(ConnectivityState last, TimePoint until) {
  if (!alive()) return last != ConnectivityState::kShutdown;
  return engine_->wait_state_change(last, until);
}

}  // namespace godwit::python
