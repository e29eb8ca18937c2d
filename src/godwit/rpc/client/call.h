#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "godwit/async/timer.h"
#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/client/call_list.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/interceptor.h"
#include "godwit/rpc/client/message_buffer.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/status.h"

namespace godwit {
struct MethodConfig;
}

namespace godwit::rpc {

class Attempt;
class CallPool;
class ChannelCore;
struct MethodHeaders;

// Who a call belongs to hears this, on the channel's loop. Every event may release() the call.
class CallSink {
 public:
  // The response's headers are in the context. Not called for Trailers-Only, nor for calls that push.
  virtual void on_initial_metadata() = 0;
  // The bytes of one message, without prefix. The view lives until this returns.
  virtual void on_message(const http::BodyView& message) = 0;
  // can_write() may have become true.
  virtual void on_writable() = 0;
  // The call has ended: status() is final, the context is filled. The last event, exactly once.
  virtual void on_done() = 0;

 protected:
  ~CallSink() = default;
};

// The logical call: what the caller started, whatever happens below. It holds deadline, interceptors and the messages
// that may have to be sent again; an Attempt is one try of it on one connection. Pooled: in steady state a call
// allocates nothing. For the channel's loop only.
//
//   made --start()--> intercepted --> picking <--> waiting for a stream --> running --> done
//                                        ^____________not processed____________|
class Call final : public ClientCallInfo, private Timer {
 public:
  enum class Delivery : std::uint8_t {
    kPush,  // each message as it arrives
    kPull,  // one message for each want_message(), or take()
  };

  // A call that has not started. The caller owns it until release(). Never null. Works on a channel that was shut down:
  // the call fails when it starts.
  static Call& make(ChannelCore& channel, const ClientMethod& method, ClientContext* context, CallSink& sink,
                    Delivery delivery);

  // Lets go: a call that still runs is cancelled. No event follows.
  void release();

  // A message: 5 bytes of prefix and the message. After start(). `end`: it is the last. The first form copies what
  // can't go out at once, the others take references. Ignored after the end.
  void send(Bytes framed, bool end, MessageHandle handle = {});
  void send(const Slice& framed, bool end, MessageHandle handle = {}) { send(Slices(&framed, 1), end, handle); }
  void send(Slices framed, bool end, MessageHandle handle = {});
  // The last message has been sent.
  void close_sending();
  // False while more than Exchange::kHighWater bytes wait to be sent; on_writable() follows. True after the end.
  bool can_write() const;

  // Begins. May call on_done() before it returns; so touch nothing after it that on_done() destroys.
  void start();
  // Begins and sends the only message.
  template <typename Framed>
  void start_with(const Framed& framed, MessageHandle handle) {
    retain();
    start();
    if (!done()) send(framed, true, handle);
    drop();
  }

  // kPull: the next message that is already here. False when there is none: then either done() or want_message() and
  // wait for on_message() or on_done().
  bool take(Slice& message);
  void want_message();
  // From now on messages are dropped as they arrive: only the status is of interest.
  void discard_messages();

  // The stub has parsed a message it was handed (for interceptors), or could not (ends the call).
  void received(MessageHandle handle);
  void fail(Status status);
  // Ends the call with CANCELLED.
  void cancel();

  bool done() const { return stage_ == Stage::kDone; }
  bool has_initial_metadata() const { return has_initial_metadata_; }
  Status& status() { return status_; }

  const ClientMethod& method() const override { return *method_; }
  ClientContext* context() override { return context_; }
  TimePoint deadline() const override { return deadline_; }
  void limit_deadline(TimePoint deadline) override;

 private:
  friend class Attempt;
  friend class CallPool;
  friend class ChannelCore;
  friend class SubchannelCore;
  friend class CallList;
  friend class godwit::ClientContext;
  friend class godwit::ClientInterceptor::Next;
  class InnerAwaiter;
  class Running;

  enum class Stage : std::uint8_t { kMade, kIntercepted, kPicking, kWaitingForStream, kRunning, kDone };

  Call() = default;
  ~Call() override = default;

  void retain() { ++references_; }
  void drop();

  // Starting.
  Status check_start();
  void start_inner();
  void start_interceptors();
  static void on_interceptors_done(void* self);
  Task<Status> run_inner();
  Task<Status> call_next(std::size_t index);

  // Sending.
  bool may_send(std::size_t framed_bytes, bool end, MessageHandle handle);
  void commit();

  // The attempt's side. open_on() false: the connection takes no more exchanges.
  bool open_on(http::ExchangeClient& client);
  void replay();
  bool wants_messages() const { return delivery_ == Delivery::kPush || wants_message_ || discarding_; }
  void attempt_headers();  // committed
  void attempt_message(const http::BodyView& message);
  void attempt_writable();
  // `unprocessed`: the server says that it did nothing.
  void attempt_done(Status&& status, bool unprocessed);
  void detach_attempt();

  // Ends.
  void on_timer() override;
  Status deadline_status() const;
  // What happened below the interceptors; they may change it. Locally made: what was received is dropped.
  void finish_inner(Status&& status);
  void finish_locally(Status&& status);
  // Final.
  void finish(Status&& status);

  // What every call touches comes first.
  ChannelCore* channel_ = nullptr;  // nullptr when the call has ended
  const ClientMethod* method_ = nullptr;
  const MethodHeaders* headers_ = nullptr;
  const MethodConfig* config_ = nullptr;
  ClientContext* context_ = nullptr;
  CallSink* sink_ = nullptr;
  Attempt* attempt_ = nullptr;
  TimePoint deadline_ = kNever;
  TimePoint started_{};
  std::size_t max_receive_ = 0;
  std::size_t max_send_ = 0;
  std::uint32_t references_ = 0;
  std::uint32_t messages_ = 0;  // received; saturating
  Stage stage_ = Stage::kDone;
  Delivery delivery_ = Delivery::kPush;
  bool wants_message_ = false;
  bool discarding_ = false;
  bool wait_for_ready_ = false;
  bool sending_closed_ = false;
  bool has_initial_metadata_ = false;
  bool committed_ = false;         // nothing is kept any more: no second attempt
  bool retried_ = false;           // the one transparent retry (gRFC A6) was used
  bool timeout_is_exact_ = false;  // grpc-timeout is the caller's own duration: worth a place in the HPACK table
  bool inner_done_ = false;
  MessageBuffer buffer_;
  CallLink queue_link_;  // in the queue of the channel or of a subchannel
  CallLink live_link_;   // in the channel's list of all calls
  Status status_;

  // Rarely touched.
  std::vector<Slice> ready_;  // messages that the reader has not taken when the response was complete
  std::size_t next_ready_ = 0;
  Status wait_reason_;  // why it waits; for the text of DEADLINE_EXCEEDED
  Task<Status> intercepting_;
  InnerAwaiter* inner_awaiter_ = nullptr;
  Status inner_status_;
  bool ending_ = false;  // ends in the next turn of the timers: an interceptor may be on the stack
  Call* next_free_ = nullptr;
  CallPool* pool_ = nullptr;
};

}  // namespace godwit::rpc
