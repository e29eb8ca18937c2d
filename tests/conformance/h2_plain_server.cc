// h2_plain_server PORT
//
// The HTTP/2 engine with nothing but plain sockets around it: a program for h2spec, and an example of how to drive the
// engine with a poll loop of one's own. Listens on 127.0.0.1; port 0 takes a free one. Prints "listening on PORT".
// Every request is answered with status 200: a short text, or for a request with a body its size. Ends at SIGTERM.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/time.h"
#include "godwit/http2/connection/connection.h"

namespace {

using namespace godwit;

volatile sig_atomic_t stopped = 0;

class Session final : public http2::ConnectionEvents {
 public:
  explicit Session(int fd) : fd_(fd), connection_(http2::Role::kServer, {}, *this, system_clock().now()) {}
  ~Session() { close(fd_); }

  int fd() const { return fd_; }
  short wanted() const {
    return static_cast<short>((connection_.wants_read() ? POLLIN : 0) | (connection_.wants_write() ? POLLOUT : 0));
  }
  TimePoint next_timeout() const { return connection_.next_timeout(); }
  bool is_done() const { return broken_ || ((connection_.is_closed() || drained_) && !connection_.wants_write()); }
  void shutdown() { connection_.shutdown(); }

  // One turn: read, let the engine work, write.
  void turn(short events, TimePoint now) {
    if (events & (POLLIN | POLLHUP | POLLERR)) read_some(now);
    if (now >= connection_.next_timeout()) connection_.on_timeout(now);
    do {
      if (connection_.wants_flush()) connection_.flush(now);
      write_some();
    } while (!broken_ && !blocked_ && connection_.wants_flush());
  }

 private:
  struct Request {
    std::size_t received = 0;
    bool has_body = false;
  };

  void read_some(TimePoint now) {
    BlockRef block = BlockRef::allocate(Block::kLarge);
    const ssize_t n = read(fd_, block->data(), block->capacity());
    if (n > 0) {
      connection_.receive(Slice({block->data(), static_cast<std::size_t>(n)}, block), now);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      connection_.receive_end(n == 0 ? "" : "read failed", now);
      broken_ = n < 0;
    }
  }

  void write_some() {
    blocked_ = false;
    while (connection_.wants_write()) {
      std::array<iovec, 64> pieces;
      OutputQueue& output = connection_.output();
      const std::size_t count = output.gather(pieces);
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = count;
      const ssize_t n = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (n < 0) {
        blocked_ = errno == EAGAIN || errno == EINTR;
        broken_ = !blocked_;
        return;
      }
      output.consume(static_cast<std::size_t>(n));
    }
  }

  void answer(http2::Stream& stream, const Request& request) {
    static const http::PreparedFields headers(
        {http::Field(http::FieldToken::kStatus, "200"), http::Field(http::FieldToken::kContentType, "text/plain")});
    const std::string body =
        request.has_body ? std::to_string(request.received) + " bytes\n" : std::string("hello from godwit\n");
    connection_.send_headers(stream, headers, false);
    connection_.send_data(stream, as_bytes(body), true);
  }

  void on_headers(http2::Stream& stream, http2::HeadersKind kind, const http::FieldViews&, bool end_stream) override {
    if (kind == http2::HeadersKind::kRequest) stream.user = new Request;
    if (end_stream) answer(stream, *static_cast<Request*>(stream.user));
  }
  void on_data(http2::Stream& stream, const http2::DataView& data, bool end_stream) override {
    auto* request = static_cast<Request*>(stream.user);
    request->has_body = true;
    request->received += data.bytes.size();
    connection_.consume(stream, data.bytes.size());
    if (end_stream) answer(stream, *request);
  }
  void on_reset(http2::Stream& stream, const http2::StreamReset& reset) override {
    if (reset.cause != http2::ResetCause::kEngine) return;
    std::fprintf(stderr, "stream %u: %.*s\n", stream.id(), static_cast<int>(reset.text.size()), reset.text.data());
  }
  void on_stream_closed(http2::Stream& stream) override { delete static_cast<Request*>(stream.user); }
  void on_drained() override { drained_ = true; }
  void on_connection_error(const http2::ConnectionError& error) override {
    std::fprintf(stderr, "connection: %s\n", error.text.c_str());
  }

  int fd_;
  bool broken_ = false;
  bool blocked_ = false;
  bool drained_ = false;
  http2::Connection connection_;
};

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 128) != 0) {
    std::perror("h2_plain_server: cannot listen");
    std::exit(1);
  }
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening on %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

int milliseconds_until(TimePoint when, TimePoint now) {
  if (when == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void serve(int listener) {
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<pollfd> polled;
  while (!stopped) {
    polled.assign(1, {listener, POLLIN, 0});
    TimePoint next = kNever;
    for (const auto& session : sessions) {
      polled.push_back({session->fd(), session->wanted(), 0});
      next = std::min(next, session->next_timeout());
    }
    if (poll(polled.data(), polled.size(), milliseconds_until(next, system_clock().now())) < 0) continue;
    const TimePoint now = system_clock().now();
    for (std::size_t i = 0; i < sessions.size(); ++i) sessions[i]->turn(polled[i + 1].revents, now);
    std::erase_if(sessions, [](const auto& session) { return session->is_done(); });
    if (polled[0].revents & POLLIN) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      sessions.push_back(std::make_unique<Session>(fd));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: h2_plain_server PORT\n");
    return 2;
  }
  struct sigaction action{};
  action.sa_handler = [](int) { stopped = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  const int listener = listen_on(std::atoi(argv[1]));
  serve(listener);
  close(listener);
  return 0;
}
