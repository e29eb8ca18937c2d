#include "godwit/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "godwit/async/timer.h"
#include "godwit/base/assert.h"
#include "godwit/net/descriptor.h"
#include "godwit/net/port_holder.h"
#include "godwit/net/reactor.h"
#include "godwit/net/socket_address.h"
#include "godwit/net/socket_stream.h"

namespace godwit::net {
namespace {

// The file of a Unix socket; removed with its last listener, unless another file took its place.
class SocketFile {
 public:
  explicit SocketFile(std::string path) : path_(std::move(path)) {
    struct stat status;
    if (lstat(path_.c_str(), &status) == 0) inode_ = status.st_ino;
  }
  SocketFile(const SocketFile&) = delete;
  ~SocketFile() {
    struct stat status;
    if (lstat(path_.c_str(), &status) == 0 && status.st_ino == inode_) unlink(path_.c_str());
  }

 private:
  std::string path_;
  ino_t inode_ = 0;
};

class SocketListener final : public Listener, private Watch, private Timer {
 public:
  SocketListener(EventLoop& loop, OwnedDescriptor socket, SocketAddress address, std::shared_ptr<SocketFile> file,
                 bool shared)
      : loop_(loop),
        socket_(std::move(socket)),
        address_(std::move(address)),
        file_(std::move(file)),
        shared_(shared) {}
  ~SocketListener() override {
    if (gone_) *gone_ = true;
    loop_.reactor().remove(*this);
  }

  void start(ListenerEvents& events) override {
    GODWIT_ASSERT(!events_ && "a listener is started once");
    events_ = &events;
    watch();
  }
  const SocketAddress& address() const override { return address_; }

 private:
  static constexpr int kAcceptsPerTurn = 64;
  static constexpr Duration kRest = std::chrono::milliseconds(100);

  // Level-triggered: what one turn leaves is reported again in the next.
  void watch() {
    std::uint32_t events = EPOLLIN;
    if (shared_) events |= EPOLLEXCLUSIVE;
    if (!loop_.reactor().add(*this, socket_.get(), events).ok()) rest();
  }
  void rest() { loop_.timers().schedule(*this, add_saturating(loop_.now(), kRest)); }
  void on_timer() override { watch(); }

  void on_ready(std::uint32_t) override {
    bool gone = false;
    for (int i = 0; i < kAcceptsPerTurn && !gone; ++i) {
      NativeAddress peer;
      const int accepted = accept4(socket_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted >= 0) {
        NativeAddress local;
        getsockname(accepted, local.get(), &local.size);
        auto stream = std::make_unique<SocketStream>(loop_, accepted, local.address(), peer.address());
        gone_ = &gone;
        events_->on_accept(std::move(stream));
        if (!gone) gone_ = nullptr;
        continue;
      }
      const int error = errno;
      switch (error) {
        case EAGAIN:
          return;
        case EINTR:
        case ECONNABORTED:  // the peer gave up while it waited
        case EPROTO:
          continue;
        default:
          break;
      }
      loop_.reactor().remove(*this);
      rest();
      events_->on_accept_error(error_from_errno("accept on " + address_.text() + " (trying again in 0.1 s)", error));
      return;
    }
  }

  EventLoop& loop_;
  const OwnedDescriptor socket_;
  const SocketAddress address_;
  const std::shared_ptr<SocketFile> file_;
  const bool shared_;
  ListenerEvents* events_ = nullptr;
  bool* gone_ = nullptr;
};

Failure<Error> failed(const SocketAddress& address, int error) {
  const std::string what = "listen on " + address.text();
  if (error == EADDRINUSE && address.kind != SocketAddress::Kind::kUnix) {
    const std::string holder = holder_of_port(address.port);
    return Failure(Error(what + ": the port is taken" + (holder.empty() ? "" : " by " + holder) +
                             "; stop that program or choose another port",
                         error));
  }
  if (error == EACCES && address.kind != SocketAddress::Kind::kUnix && address.port < 1024) {
    return Failure(Error(what + ": ports below 1024 need a privilege; choose a higher one", error));
  }
  return Failure(error_from_errno(what, error));
}

Result<OwnedDescriptor, Error> bind_tcp(const SocketAddress& address, const ListenOptions& options, bool share) {
  const NativeAddress native(address);
  OwnedDescriptor socket(::socket(native.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed(address, errno);
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (native.family() == AF_INET6) {
    const int only = options.ipv6_only;
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  if (share && setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return failed(address, errno);
  if (bind(socket.get(), native.get(), native.size) != 0) return failed(address, errno);
  return socket;
}

SocketAddress address_of(int socket) {
  NativeAddress bound;
  getsockname(socket, bound.get(), &bound.size);
  return bound.address();
}

Result<std::vector<std::unique_ptr<Listener>>, Error> listen_tcp(std::span<EventLoop* const> loops,
                                                                 SocketAddress address, const ListenOptions& options) {
  std::vector<OwnedDescriptor> sockets;
  // Bound without SO_REUSEPORT: with it, a port on which another program of this user listens would not be an error.
  // It also holds a free port that was chosen for port 0 until the others are bound to it.
  auto probe = bind_tcp(address, options, options.share_port);
  if (!probe.ok()) return Failure(std::move(probe).error());
  // An IPv6 address stays one; address_of() would turn a mapped one into IPv4.
  address.port = address_of(probe->get()).port;
  if (loops.size() == 1) {
    sockets.push_back(std::move(*probe));
  } else {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      auto socket = bind_tcp(address, options, true);
      if (!socket.ok()) return Failure(std::move(socket).error());
      sockets.push_back(std::move(*socket));
    }
  }
  // One that only the probe's owner saw free may have been taken before this: listen() says so too.
  std::vector<std::unique_ptr<Listener>> listeners;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    if (::listen(sockets[i].get(), options.backlog) != 0) return failed(address, errno);
    listeners.push_back(std::make_unique<SocketListener>(*loops[i], std::move(sockets[i]), address, nullptr, false));
  }
  return listeners;
}

// Removes the file of a socket on which nobody listens any more. Anything else at that path is an error.
Result<void, Error> clear_path(const SocketAddress& address, const NativeAddress& native) {
  struct stat status;
  if (lstat(address.path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return Failure(
        Error("listen on " + address.text() + ": there is a file that is no socket; remove it or choose another path",
              EADDRINUSE));
  }
  const OwnedDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return failed(address, errno);
  if (connect(probe.get(), native.get(), native.size) == 0 || errno == EAGAIN) {
    return Failure(Error(
        "listen on " + address.text() + ": another program listens there; stop it or choose another path", EADDRINUSE));
  }
  if (errno != ECONNREFUSED) return failed(address, errno);
  if (unlink(address.path.c_str()) != 0) return failed(address, errno);
  return {};
}

Result<std::vector<std::unique_ptr<Listener>>, Error> listen_unix(std::span<EventLoop* const> loops,
                                                                  const SocketAddress& address,
                                                                  const ListenOptions& options) {
  const NativeAddress native(address);
  const bool has_file = !address.path.empty() && address.path[0] != '\0';
  if (has_file) {
    if (auto cleared = clear_path(address, native); !cleared.ok()) return Failure(std::move(cleared).error());
  }
  OwnedDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed(address, errno);
  if (bind(socket.get(), native.get(), native.size) != 0) return failed(address, errno);
  std::shared_ptr<SocketFile> file;
  if (has_file) {
    file = std::make_shared<SocketFile>(address.path);
    if (options.unix_mode != 0 && chmod(address.path.c_str(), options.unix_mode) != 0) return failed(address, errno);
  }
  if (::listen(socket.get(), options.backlog) != 0) return failed(address, errno);
  std::vector<std::unique_ptr<Listener>> listeners;
  const bool shared = loops.size() > 1;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const bool last = i + 1 == loops.size();
    OwnedDescriptor mine(last ? socket.release() : fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!mine.valid()) return failed(address, errno);
    listeners.push_back(std::make_unique<SocketListener>(*loops[i], std::move(mine), address, file, shared));
  }
  return listeners;
}

}  // namespace

Result<std::vector<std::unique_ptr<Listener>>, Error> listen_on_all(std::span<EventLoop* const> loops,
                                                                    const SocketAddress& address,
                                                                    const ListenOptions& options) {
  GODWIT_ASSERT(!loops.empty());
  if (address.kind == SocketAddress::Kind::kUnix) return listen_unix(loops, address, options);
  return listen_tcp(loops, address, options);
}

Result<std::unique_ptr<Listener>, Error> listen(EventLoop& loop, const SocketAddress& address,
                                                const ListenOptions& options) {
  EventLoop* const loops[] = {&loop};
  auto listeners = listen_on_all(loops, address, options);
  if (!listeners.ok()) return Failure(std::move(listeners).error());
  return std::move(listeners->front());
}

}  // namespace godwit::net
