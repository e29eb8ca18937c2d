#pragma once

#include <memory>

#include "godwit/async/byte_stream.h"
#include "godwit/net/event_loop.h"

namespace godwit::net {

// Opens TCP and Unix connections on one loop. For the loop's thread. Operations must not outlive the loop; the dialer
// itself may go first. Errors read "connect to 127.0.0.1:1: Connection refused".
class NetDialer final : public Dialer {
 public:
  explicit NetDialer(EventLoop& loop) : loop_(loop) {}
  std::unique_ptr<PendingOperation> dial(const SocketAddress& address, TimePoint deadline, Done done) override;

 private:
  EventLoop& loop_;
};

}  // namespace godwit::net
