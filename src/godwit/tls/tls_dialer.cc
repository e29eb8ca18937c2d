#include <utility>

#include "godwit/tls/tls_handshake.h"

namespace godwit::tls {
namespace {

class TlsDial final : public PendingOperation {
 public:
  TlsDial(Executor& executor, Dialer& dialer, const TlsDialerOptions& options, const SocketAddress& address,
          TimePoint deadline, Dialer::Done done)
      : executor_(executor), done_(std::move(done)) {
    handshake_options_.context = options.context;
    handshake_options_.server_name = options.server_name;
    handshake_options_.deadline = deadline;
    dial_ = dialer.dial(address, deadline, [this](Result<std::unique_ptr<ByteStream>, Error> result) {
      if (!result) return finish(std::move(result));
      handshake_ = tls_handshake(executor_, std::move(result).value(), std::move(handshake_options_),
                                 [this](Result<std::unique_ptr<ByteStream>, Error> r) { finish(std::move(r)); });
    });
  }

 private:
  void finish(Result<std::unique_ptr<ByteStream>, Error> result) {
    const Dialer::Done done = std::move(done_);  // it may destroy this
    done(std::move(result));
  }

  Executor& executor_;
  Dialer::Done done_;
  TlsHandshakeOptions handshake_options_;
  std::unique_ptr<PendingOperation> dial_;
  std::unique_ptr<PendingOperation> handshake_;
};

class TlsDialer final : public Dialer {
 public:
  TlsDialer(Executor& executor, std::unique_ptr<Dialer> dialer, TlsDialerOptions options)
      : executor_(executor), dialer_(std::move(dialer)), options_(std::move(options)) {}

  std::unique_ptr<PendingOperation> dial(const SocketAddress& address, TimePoint deadline, Done done) override {
    return std::make_unique<TlsDial>(executor_, *dialer_, options_, address, deadline, std::move(done));
  }

 private:
  Executor& executor_;
  const std::unique_ptr<Dialer> dialer_;
  const TlsDialerOptions options_;
};

}  // namespace

std::unique_ptr<Dialer> make_tls_dialer(Executor& executor, std::unique_ptr<Dialer> dialer, TlsDialerOptions options) {
  return std::make_unique<TlsDialer>(executor, std::move(dialer), std::move(options));
}

}  // namespace godwit::tls
