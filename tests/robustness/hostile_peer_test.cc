// Peers that speak something else, or badly: each gets a clear answer or a clean close, the log names it and the reason,
// and honest calls beside it go on.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <vector>

#include "godwit/base/log.h"
#include "godwit/base/random.h"
#include "godwit/testing/frame_builder.h"
#include "greeter_for_test.h"

namespace robustness {
namespace {

using ::testing::HasSubstr;
namespace h2 = godwit::testing::h2;

std::mutex log_mutex;
std::vector<std::string> log_lines;

class HostilePeer : public ::testing::Test {
 protected:
  void SetUp() override {
    log_lines.clear();
    godwit::set_log_sink([](godwit::LogLevel, std::string_view subsystem, std::string_view text) {
      std::lock_guard lock(log_mutex);
      log_lines.push_back(std::string(subsystem) + ": " + std::string(text));
    });
  }
  void TearDown() override { godwit::set_log_sink(nullptr); }

  static std::string logged() {
    std::lock_guard lock(log_mutex);
    std::string all;
    for (const auto& line : log_lines) all += line + "\n";
    return all;
  }

  // A call of an honest client over a connection of its own.
  void expect_honest_call_works() {
    auto client = godwit::Client::create(server.target());
    ASSERT_TRUE(client.ok());
    helloworld::Greeter::BlockingStub stub(client->channel());
    helloworld::HelloRequest request;
    request.set_name("honest");
    godwit::ClientContext context;
    context.set_timeout(std::chrono::seconds(20));
    auto reply = stub.SayHello(context, request);
    ASSERT_TRUE(reply.ok()) << reply.error().text();
    EXPECT_EQ((*reply)->message(), "Hello, honest");
  }

  GreeterServer server;
};

class Socket {
 public:
  explicit Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_GE(fd_, 0);
    if (fd_ < 0) return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;

  // False when the peer has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // What fits into the kernel's buffers without waiting.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  void end() { ::shutdown(fd_, SHUT_WR); }
  // Everything until the peer closes; fails the test after 20 seconds without.
  std::string read_all() {
    std::string all;
    char buffer[4096];
    for (;;) {
      pollfd p{fd_, POLLIN, 0};
      if (::poll(&p, 1, 20'000) <= 0) {
        ADD_FAILURE() << "the server did not close";
        return all;
      }
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_;
};

TEST_F(HostilePeer, Http1GetsAnAnswerInHttp1) {
  Socket peer(server.port());
  peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(peer.read_all(), ::testing::StartsWith("HTTP/1.1 505"));
  EXPECT_THAT(logged(), HasSubstr("http2: ipv4:127.0.0.1:"));
  EXPECT_THAT(logged(), HasSubstr("HTTP/1"));
  expect_honest_call_works();
}

TEST_F(HostilePeer, TlsHelloOnThePlaintextPortIsNamed) {
  Socket peer(server.port());
  peer.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(200, 'r'));
  peer.read_all();
  EXPECT_THAT(logged(), HasSubstr("TLS"));
  expect_honest_call_works();
}

TEST_F(HostilePeer, RandomBytes) {
  godwit::SeededRandom random(5);
  for (int round = 0; round < 30; ++round) {
    Socket peer(server.port());
    std::string bytes = round % 2 ? std::string(h2::preface()) : std::string();
    for (int i = 0; i < 500; ++i) bytes += static_cast<char>(random.next());
    peer.send(bytes);
    peer.end();
    peer.read_all();
  }
  EXPECT_THAT(logged(), HasSubstr("connection closed"));
  expect_honest_call_works();
}

TEST_F(HostilePeer, AHalfClosedSocketIsClosedCleanly) {
  Socket peer(server.port());
  peer.send(std::string(h2::preface()) + h2::settings());
  peer.end();
  peer.read_all();
  expect_honest_call_works();
}

TEST_F(HostilePeer, APeerThatNeverReadsIsNotReadEither) {
  Socket peer(server.port());
  peer.send(std::string(h2::preface()) + h2::settings());
  // Every PING wants an answer; nobody reads them. The server stops reading before its memory grows: the kernel's
  // buffers fill, and sending stops.
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += h2::ping();
  std::size_t sent = 0;
  while (sent < (64u << 20)) {
    const std::size_t n = peer.send_some(pings);
    sent += n;
    if (n != pings.size()) break;  // full, or refused as a flood: both bound what the server holds
  }
  EXPECT_LT(sent, 64u << 20);
  expect_honest_call_works();
}

TEST_F(HostilePeer, RapidResetIsStopped) {
  Socket peer(server.port());
  std::string bytes = std::string(h2::preface()) + h2::settings();
  const std::string block = h2::grpc_request_block("/helloworld.Greeter/SayHello");
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    bytes += h2::headers(2 * i + 1, block, /*end_stream=*/false);
    bytes += h2::rst_stream(2 * i + 1, 8);
  }
  peer.send(bytes);
  peer.read_all();
  EXPECT_THAT(logged(), HasSubstr("reset"));
  expect_honest_call_works();
}

}  // namespace
}  // namespace robustness
