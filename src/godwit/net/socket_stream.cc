#include "godwit/net/socket_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "godwit/base/assert.h"
#include "godwit/net/read_buffer.h"
#include "godwit/net/socket_address.h"

namespace godwit::net {
namespace {

constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

}  // namespace

SocketStream::SocketStream(EventLoop& loop, int descriptor, SocketAddress local, SocketAddress peer)
    : loop_(loop), descriptor_(descriptor), failure_(*this) {
  info_.peer_text = uri_of(peer);
  info_.local = std::move(local);
  info_.peer = std::move(peer);
  if (info_.local.kind != SocketAddress::Kind::kUnix) {
    const int on = 1;
    setsockopt(descriptor_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
}

SocketStream::~SocketStream() {
  if (gone_) *gone_ = true;
  if (failed_at_) loop_.withdraw(failure_);
  loop_.reactor().remove(*this);
}

void SocketStream::start(ByteStreamEvents& events) {
  GODWIT_ASSERT(!events_ && "a stream is started once");
  events_ = &events;
  if (broken_) return loop_.at_turn_end(failure_);
  const auto added = loop_.reactor().add(*this, descriptor_.get(), full_ ? kReadEvents | EPOLLOUT : kReadEvents);
  if (!added.ok()) fail_later("watch ", added.error().os_error);
}

void SocketStream::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (readable_ && events_ && !broken_) loop_.reactor().call_again(*this);
}

void SocketStream::on_ready(std::uint32_t events) {
  constexpr std::uint32_t kEndOrError = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (events & kEndOrError) hung_up_ = true;
  if (events & (EPOLLIN | kEndOrError)) readable_ = true;
  if (full_ && events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
    full_ = false;
    loop_.reactor().modify(*this, kReadEvents);
    bool gone = false;
    gone_ = &gone;
    events_->on_writable();
    if (gone) return;
    gone_ = nullptr;
  }
  if (broken_) return;
  if (ended_ && events & EPOLLERR) {  // a reset after the end: no read will tell
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
      return fail_now("connection with ", error);
    }
  }
  if (readable_ && !paused_ && !ended_) read();
}

void SocketStream::read() {
  bool gone = false;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const MutableBytes room = loop_.read_buffer().prepare();
    const ssize_t count = recv(descriptor_.get(), room.data(), room.size(), 0);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        readable_ = false;
        return;
      }
      return fail_now("read from ", errno);
    }
    if (count == 0) {
      ended_ = true;
      readable_ = false;
      return events_->on_end();
    }
    // After a short read the socket was empty, and what comes later gives a new edge.
    if (static_cast<std::size_t>(count) < room.size() && !hung_up_) readable_ = false;
    gone_ = &gone;
    events_->on_bytes(loop_.read_buffer().commit(static_cast<std::size_t>(count)));
    if (gone) return;
    gone_ = nullptr;
    if (!readable_ || paused_ || broken_) return;
  }
  loop_.reactor().call_again(*this);
}

std::size_t SocketStream::write(std::span<const iovec> pieces) {
  if (broken_ || full_) return 0;
  std::size_t total = 0;
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), kPiecesPerCall);
    std::size_t wanted = 0;
    for (const iovec& piece : pieces.first(count)) wanted += piece.iov_len;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(descriptor_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        wait_for_room();
      } else {
        fail_later("write to ", errno);
      }
      return total;
    }
    total += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < wanted) {
      wait_for_room();
      return total;
    }
    pieces = pieces.subspan(count);
  }
  return total;
}

void SocketStream::wait_for_room() {
  full_ = true;
  if (events_) loop_.reactor().modify(*this, kReadEvents | EPOLLOUT);
}

void SocketStream::shutdown_write() {
  if (!broken_) ::shutdown(descriptor_.get(), SHUT_WR);
}

void SocketStream::fail_later(const char* what, int errno_value) {
  broken_ = true;
  failed_at_ = what;
  errno_ = errno_value;
  if (events_) loop_.at_turn_end(failure_);
}

void SocketStream::fail_now(const char* what, int errno_value) {
  broken_ = true;
  loop_.reactor().remove(*this);
  events_->on_error(error_from_errno(what + info_.peer_text, errno_value));
}

void SocketStream::Failure::run() { stream_.fail_now(stream_.failed_at_, stream_.errno_); }

}  // namespace godwit::net
