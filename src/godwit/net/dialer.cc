#include "godwit/net/dialer.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "godwit/async/timer.h"
#include "godwit/net/descriptor.h"
#include "godwit/net/reactor.h"
#include "godwit/net/socket_address.h"
#include "godwit/net/socket_stream.h"

namespace godwit::net {
namespace {

class DialOperation final : public PendingOperation, private Watch, private Timer, private Work {
 public:
  DialOperation(EventLoop& loop, const SocketAddress& address, TimePoint deadline, Dialer::Done done)
      : loop_(loop), address_(address), native_(address), deadline_(deadline), done_(std::move(done)) {}
  ~DialOperation() override {
    if (waiting_) loop_.withdraw(*this);
    loop_.reactor().remove(*this);
  }

  void begin() {
    socket_ = OwnedDescriptor(::socket(native_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.valid()) return finish_later(errno);
    connect_now();
  }

 private:
  // A Unix socket whose queue is full does not make a descriptor wait; it is asked again.
  static constexpr Duration kUnixRetry = std::chrono::milliseconds(5);

  void connect_now() {
    retrying_ = false;
    int result;
    do {
      result = connect(socket_.get(), native_.get(), native_.size);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return finish_later(0);
    if (errno == EAGAIN && address_.kind == SocketAddress::Kind::kUnix) {
      retrying_ = true;
      const TimePoint next = add_saturating(loop_.now(), kUnixRetry);
      return loop_.timers().schedule(*this, next < deadline_ ? next : deadline_);
    }
    if (errno != EINPROGRESS) return finish_later(errno);
    if (const auto added = loop_.reactor().add(*this, socket_.get(), EPOLLOUT); !added.ok()) {
      return finish_later(added.error().os_error);
    }
    loop_.timers().schedule(*this, deadline_);
  }
  void on_ready(std::uint32_t) override {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    finish(error);
  }
  void on_timer() override {
    if (retrying_ && loop_.now() < deadline_) return connect_now();
    finish(ETIMEDOUT);
  }
  void finish_later(int error) {
    error_ = error;
    waiting_ = true;
    loop_.at_turn_end(*this);
  }
  void run() override {
    waiting_ = false;
    finish(error_);
  }

  void finish(int error) {
    Timer::cancel();
    loop_.reactor().remove(*this);
    const Dialer::Done done = std::move(done_);  // it may destroy this operation
    if (error == ETIMEDOUT && deadline_ <= loop_.now()) {
      return done(Failure(Error("connect to " + address_.text() + ": no answer before the deadline", error)));
    }
    if (error != 0) return done(Failure(error_from_errno("connect to " + address_.text(), error)));
    NativeAddress local;
    getsockname(socket_.get(), local.get(), &local.size);
    done(std::unique_ptr<ByteStream>(
        std::make_unique<SocketStream>(loop_, socket_.release(), local.address(), address_)));
  }

  EventLoop& loop_;
  const SocketAddress address_;
  NativeAddress native_;
  const TimePoint deadline_;
  Dialer::Done done_;
  OwnedDescriptor socket_;
  int error_ = 0;
  bool retrying_ = false;
  bool waiting_ = false;  // for the end of the turn
};

}  // namespace

std::unique_ptr<PendingOperation> NetDialer::dial(const SocketAddress& address, TimePoint deadline, Done done) {
  auto operation = std::make_unique<DialOperation>(loop_, address, deadline, std::move(done));
  operation->begin();
  return operation;
}

}  // namespace godwit::net
