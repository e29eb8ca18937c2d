#include <iterator>
#include <list>
#include <utility>

#include "godwit/base/log.h"
#include "godwit/tls/tls_handshake.h"

namespace godwit::tls {
namespace {

class TlsListener final : public Listener, private ListenerEvents {
 public:
  TlsListener(Executor& executor, std::unique_ptr<Listener> listener, TlsListenerOptions options)
      : executor_(executor), options_(std::move(options)), listener_(std::move(listener)) {}

  void start(ListenerEvents& events) override {
    events_ = &events;
    listener_->start(*this);
  }
  const SocketAddress& address() const override { return listener_->address(); }

 private:
  struct Pending {
    std::string peer;
    std::unique_ptr<PendingOperation> operation;
  };

  void on_accept(std::unique_ptr<ByteStream> stream) override {
    if (pending_.size() >= options_.handshakes_max) {
      log(LogLevel::kWarning, "tls",
          "TLS handshake with " + pending_.front().peer + ": given up, " + std::to_string(pending_.size()) +
              " handshakes are under way");
      pending_.pop_front();
    }
    pending_.push_back({stream->info().peer_text, nullptr});
    const auto at = std::prev(pending_.end());
    TlsHandshakeOptions handshake;
    handshake.context = options_.context;
    handshake.deadline = add_saturating(executor_.now(), options_.handshake_timeout);
    at->operation = tls_handshake(executor_, std::move(stream), std::move(handshake),
                                  [this, at](Result<std::unique_ptr<ByteStream>, Error> result) {
                                    pending_.erase(at);
                                    if (!result) return log(LogLevel::kWarning, "tls", result.error().message);
                                    events_->on_accept(std::move(result).value());
                                  });
  }
  void on_accept_error(const Error& error) override { events_->on_accept_error(error); }

  Executor& executor_;
  const TlsListenerOptions options_;
  std::list<Pending> pending_;  // the oldest first
  std::unique_ptr<Listener> listener_;
  ListenerEvents* events_ = nullptr;
};

}  // namespace

std::unique_ptr<Listener> make_tls_listener(Executor& executor, std::unique_ptr<Listener> listener,
                                            TlsListenerOptions options) {
  return std::make_unique<TlsListener>(executor, std::move(listener), std::move(options));
}

}  // namespace godwit::tls
