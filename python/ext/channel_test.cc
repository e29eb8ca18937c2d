#include "channel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "client_call.h"
#include "client_for_test.h"
#include "godwit/testing/certificates.h"
#include "runtime.h"

#if defined(__SANITIZE_THREAD__)
#define GODWIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GODWIT_TSAN 1
#endif
#endif

namespace godwit::python {
namespace {

using namespace std::chrono_literals;

Ref<Channel> must_make(const std::string& target, const Options& options = {},
                       const tls::TlsClientOptions* tls = nullptr) {
  auto channel = Channel::make(target, options, tls);
  EXPECT_TRUE(channel.ok()) << channel.error().message;
  return *channel;
}

Ref<ClientCall> echo(const Ref<Channel>& channel, CallOptions options = {.timeout = 60s, .wait_for_ready = {}}) {
  Ref<ClientCall> call =
      ClientCall::make(channel, *find_method("/t.T/Echo", MethodKind::kUnary), options, Ref<EventQueue>());
  call->start_with("hello");
  call->wait_ended(kNever);
  return call;
}

std::string error_of(const std::string& target, const Options& options = {}) {
  auto channel = Channel::make(target, options, nullptr);
  return channel.ok() ? "(none)" : channel.error().message;
}

TEST(PythonChannel, WrongOptionsAreNamed) {
  for (const char* name : {"grpc.max_receive_message_length", "grpc.max_reconnect_backoff_ms",
                           "grpc.http2.lookahead_bytes", "grpc.max_metadata_size"}) {
    EXPECT_NE(error_of("localhost:1", {{name, "text"}}).find(name), std::string::npos);
  }
  for (const char* name : {"grpc.default_authority", "grpc.primary_user_agent"}) {
    EXPECT_NE(error_of("localhost:1", {{name, std::int64_t{1}}}).find(name), std::string::npos);
  }
  EXPECT_NE(error_of("localhost:1", {{"grpc.lb_policy_name", "nosuch"}}).find("nosuch"), std::string::npos);
  EXPECT_EQ(error_of("localhost:1", {{"grpc.something_else", "text"}, {"grpc.enable_retries", std::int64_t{0}}}),
            "(none)");
}

TEST(PythonChannel, AWrongTargetIsTakenForCallsToTell) {
  for (const char* target : {"nosuch:///x:1", "", "ipv4:name:1"}) EXPECT_EQ(error_of(target), "(none)");
}

TEST(PythonChannel, StatesAreToldToThreadsAndQueues) {
  TestPeer peer;
  const Ref<Channel> channel = must_make(peer.target());
  class Source final : public EventSource {};
  const auto queue = EventQueue::make(false);
  const auto source = Ref<EventSource>::adopt(new Source);
  source->set_queue(queue);
  channel->watch(source);
  EXPECT_EQ(channel->state(), ConnectivityState::kIdle);
  EXPECT_FALSE(channel->wait_state_change(ConnectivityState::kIdle, system_clock().now() + 5ms));
  channel->connect();
  ConnectivityState state = ConnectivityState::kIdle;
  while (state != ConnectivityState::kReady) {
    ASSERT_TRUE(channel->wait_state_change(state, kNever));
    state = channel->state();
  }
  EXPECT_TRUE(queue->wait(20s));
  channel->close();
  EXPECT_TRUE(channel->wait_state_change(ConnectivityState::kReady, kNever));
  EXPECT_EQ(channel->state(), ConnectivityState::kShutdown);
  queue->abandon();
}

TEST(PythonChannel, UnreachableServersFailCallsOrLetThemWait) {
  const Ref<Channel> channel = must_make("unix:/nonexistent/socket");
  const Ref<ClientCall> failed = echo(channel);
  EXPECT_EQ(failed->code(), StatusCode::kUnavailable);
  EXPECT_TRUE(failed->details().starts_with("failed to connect to all addresses; last error: ")) << failed->details();
  const Ref<ClientCall> waited = echo(channel, {.timeout = 30ms, .wait_for_ready = true});
  EXPECT_EQ(waited->code(), StatusCode::kDeadlineExceeded) << waited->details();
  EXPECT_TRUE(waited->details().starts_with("Deadline Exceeded")) << waited->details();
  channel->close();
}

TEST(PythonChannel, Tls) {
  testing::CertificateAuthority authority;
  const testing::Certificate certificate = authority.issue();
  tls::TlsServerOptions server;
  server.certificate_chain = tls::Pem::text(certificate.certificate_pem);
  server.private_key = tls::Pem::text(certificate.key_pem);
  TestPeer peer(&server);
  tls::TlsClientOptions client;
  client.roots = tls::Pem::text(authority.certificate_pem());
  EXPECT_EQ(echo(must_make(peer.target(), {}, &client))->code(), StatusCode::kOk);
  EXPECT_EQ(echo(must_make(peer.target(), {{"grpc.ssl_target_name_override", "localhost"}}, &client))->code(),
            StatusCode::kOk);
  const Ref<ClientCall> wrong = echo(must_make(peer.target(), {{"grpc.ssl_target_name_override", "other"}}, &client));
  EXPECT_EQ(wrong->code(), StatusCode::kUnavailable);
}

// A child of a fork, as the package makes them.
template <typename InChild>
pid_t fork_python(InChild in_child) {
  Runtime::before_fork();
  const pid_t child = fork();
  if (child != 0) {
    Runtime::after_fork_in_parent();
    return child;
  }
  Runtime::after_fork_in_child();
  alarm(20);
  _exit(in_child() ? 0 : 1);
}
bool ended_well(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(PythonFork, ChildrenUnderLoadMakeNewChannelsAndOldOnesAreDead) {
#ifdef GODWIT_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not follow threads that the child of a process with threads starts";
#endif
  TestPeer outside;  // lives in this process, so children can't reach it unless its loops go on: they do
  const Ref<Channel> channel = must_make(outside.target());
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0}, done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        if (echo(channel)->code() == StatusCode::kOk) {
          ++done;
        } else {
          ++failed;
        }
      }
    });
  }
  const Ref<ClientCall> stream =
      ClientCall::make(channel, *find_method("/t.T/Never", MethodKind::kBidiStreaming), {}, Ref<EventQueue>());
  stream->start();
  const std::uint64_t generation = Runtime::generation();
  int good = 0;
  for (int i = 0; i < 200; ++i) {
    good += ended_well(fork_python([&] {
      const Ref<ClientCall> old = echo(channel);
      if (old->code() != StatusCode::kCancelled || !old->details().starts_with("Channel closed!")) return false;
      if (!stream->ended() || stream->cancel() || stream->wait_message(kNever) != ClientCall::Wait::kEnded)
        return false;
      if (channel->state() != ConnectivityState::kShutdown || Runtime::generation() == generation) return false;
      channel->close();
      return echo(must_make(outside.target()))->code() == StatusCode::kOk;
    }));
  }
  EXPECT_EQ(good, 200);
  EXPECT_FALSE(stream->ended());
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(done, 0);
  EXPECT_EQ(Runtime::generation(), generation);
  channel->close();
}

}  // namespace
}  // namespace godwit::python
