#include "godwit/tls/tls_handshake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "godwit/async/timer.h"
#include "godwit/base/assert.h"
#include "godwit/tls/tls_stream.h"

namespace godwit::tls {
namespace {

// After a failure a server keeps the connection this long at most, until the client has closed it: closing with unread
// bytes would make the kernel send a reset, and the client would see that instead of our alert.
constexpr Duration kLinger = std::chrono::seconds(1);

class TlsHandshake final : public PendingOperation, private Timer, private TlsStream::HandshakeEvents {
 public:
  TlsHandshake(Executor& executor, std::unique_ptr<ByteStream> stream, TlsHandshakeOptions options, Dialer::Done done)
      : executor_(executor),
        is_server_(options.context->is_server()),
        deadline_(options.deadline),
        done_(std::move(done)) {
    stream_ = std::make_unique<TlsStream>(executor, std::move(stream), std::move(options.context),
                                          std::move(options.server_name));
    executor_.timers().schedule(*this, deadline_);
    stream_->begin(*this);
  }

 private:
  void on_handshake_done() override {
    cancel();
    const Dialer::Done done = std::move(done_);  // it may destroy this
    done(std::unique_ptr<ByteStream>(std::move(stream_)));
  }
  void on_handshake_failed(const Error& error) override {
    if (!is_server_) return tell(error);
    failure_ = error;
    executor_.timers().schedule(*this, std::min(deadline_, add_saturating(executor_.now(), kLinger)));
  }
  void on_lower_ended() override {
    if (failure_) tell(*std::exchange(failure_, std::nullopt));
  }
  void on_timer() override {
    if (failure_) return tell(*std::exchange(failure_, std::nullopt));
    const std::uint64_t received = stream_->bytes_received();
    const Error error = stream_->handshake_error(received == 0 ? std::string("timed out: the peer sent nothing")
                                                               : "timed out: the peer stopped after " +
                                                                     std::to_string(received) + " bytes");
    stream_->abandon();
    tell(error);
  }
  void tell(Error error) {
    cancel();
    const auto stream = std::move(stream_);  // closed when this returns, even if the operation is kept
    const Dialer::Done done = std::move(done_);
    done(Failure(std::move(error)));
  }

  Executor& executor_;
  const bool is_server_;
  const TimePoint deadline_;
  Dialer::Done done_;
  std::unique_ptr<TlsStream> stream_;
  std::optional<Error> failure_;  // known, but the connection lingers
};

}  // namespace

std::unique_ptr<PendingOperation> tls_handshake(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                TlsHandshakeOptions options, Dialer::Done done) {
  GODWIT_ASSERT(options.context);
  return std::make_unique<TlsHandshake>(executor, std::move(stream), std::move(options), std::move(done));
}

}  // namespace godwit::tls
