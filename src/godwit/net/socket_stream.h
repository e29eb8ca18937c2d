#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/net/descriptor.h"
#include "godwit/net/event_loop.h"
#include "godwit/net/reactor.h"

namespace godwit::net {

// A connected TCP or Unix socket as a ByteStream. Registered once with the reactor, edge-triggered: a message costs its
// recv and its sendmsg; writability is watched only while a write waits. The buffer is the loop's, so an idle stream
// holds none.
class SocketStream final : public ByteStream, private Watch {
 public:
  // Takes over `descriptor`, connected and non-blocking. For TCP switches Nagle's delay off.
  SocketStream(EventLoop& loop, int descriptor, SocketAddress local, SocketAddress peer);
  ~SocketStream() override;

  void start(ByteStreamEvents& events) override;
  std::size_t write(std::span<const iovec> pieces) override;
  void shutdown_write() override;
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  const ByteStreamInfo& info() const override { return info_; }

 private:
  // More than that in one turn would let one fast sender starve the loop's other streams.
  static constexpr int kReadsPerTurn = 4;
  static constexpr std::size_t kPiecesPerCall = 64;

  // Tells of a failed write at the end of the turn: not from inside write().
  class Failure final : public Work {
   public:
    explicit Failure(SocketStream& stream) : stream_(stream) {}
    void run() override;

   private:
    SocketStream& stream_;
  };

  void on_ready(std::uint32_t events) override;
  void read();
  void wait_for_room();
  void fail_later(const char* what, int errno_value);
  void fail_now(const char* what, int errno_value);

  EventLoop& loop_;
  const OwnedDescriptor descriptor_;
  int errno_ = 0;
  const char* failed_at_ = nullptr;  // what was tried when the stream broke
  ByteStreamEvents* events_ = nullptr;
  bool* gone_ = nullptr;  // set by the destructor while an event is being handed out
  bool paused_ = false;
  bool readable_ = false;  // an edge was seen and the socket is not known to be empty
  bool hung_up_ = false;   // the end or an error waits behind the data: a short read does not mean empty
  bool ended_ = false;     // on_end() was called
  bool full_ = false;      // a write waits for room
  bool broken_ = false;
  Failure failure_;
  ByteStreamInfo info_;
};

}  // namespace godwit::net
