#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/async/cancellation.h"
#include "godwit/async/task.h"
#include "godwit/async/timer.h"
#include "godwit/http/exchange.h"
#include "godwit/rpc/message_assembler.h"
#include "godwit/rpc/server/context.h"
#include "godwit/rpc/server/environment.h"
#include "godwit/rpc/server/method.h"
#include "godwit/rpc/status.h"

namespace godwit::rpc {

class GrpcHandler;

// One call on the server: the exchange below it and the handler's task above it. The two end independently.
//
//   receiving ──one whole message and the end, or a streaming method──► running ──task ended──► answered
//       └────── limit, cardinality, deadline ────────── status sent ──────┴──────────────────────────┘
//
//   exchange   open until on_closed(); after a reset by the peer nothing is sent
//   handler    none until it is started, then running until its task has ended, even if the client has gone: its
//              context says is_cancelled() and everything it awaits here returns at once
//   answer     nothing, headers sent, ended (status sent, or there is nobody to send it to)
//
// The call goes back to its pool when the exchange is closed and no handler runs. For the loop's thread only.
class ServerCall final : public http::ExchangeEvents, private Timer {
 public:
  explicit ServerCall(GrpcHandler& owner);
  ~ServerCall() override;

  ServerContext& context() { return context_; }
  Arena& arena() { return context_.arena(); }
  const Method& method() const { return *method_; }
  const ServerEnvironment& environment() const;
  std::string_view path() const { return path_; }

  // The request of a method whose client does not stream; without the prefix. Its bytes live during invoke() until the
  // first suspension; who needs them longer keeps request_owner(). For handlers that are run by invoke() directly.
  Bytes request() const { return request_; }
  // Keeps the block of request() alive; empty when the message is not part of one.
  BlockRef request_owner() const { return request_owner_ ? *request_owner_ : BlockRef(); }
  // For the handler's own use between invoke() and complete().
  void* slot = nullptr;

  enum class ReadOutcome : std::uint8_t { kMessage, kEnd, kCancelled };
  struct ReadResult {
    ReadOutcome outcome = ReadOutcome::kCancelled;
    Slice message;  // without the prefix
  };
  // `co_await call.read()`: the next message of a streaming client, its end, or kCancelled when the call is over. One
  // at a time.
  class ReadAwaiter {
   public:
    explicit ReadAwaiter(ServerCall& call) : call_(call) {}
    ~ReadAwaiter() {
      if (call_.reader_ == this) call_.reader_ = nullptr;
    }
    ReadAwaiter(const ReadAwaiter&) = delete;
    bool await_ready() { return call_.try_read(result_); }
    void await_suspend(std::coroutine_handle<> handle) {
      handle_ = handle;
      call_.reader_ = this;
      call_.give_back();
    }
    ReadResult await_resume() { return std::move(result_); }

   private:
    friend class ServerCall;
    ServerCall& call_;
    ReadResult result_;
    std::coroutine_handle<> handle_;
  };
  ReadAwaiter read() { return ReadAwaiter(*this); }

  // Room for `prefix + message` bytes is the caller's: `framed` is the length prefix and the message. Sends the headers
  // first if that was not done. False when the call is over; a message above the limit ends the call.
  bool send_message(Bytes framed);
  bool send_message(const Slice& framed);
  bool send_message(Slices framed);
  // `co_await call.writable()`: true when more may be sent; false when the call is over.
  class WriteAwaiter {
   public:
    explicit WriteAwaiter(ServerCall& call) : call_(call) {}
    ~WriteAwaiter() {
      if (call_.writer_ == this) call_.writer_ = nullptr;
    }
    WriteAwaiter(const WriteAwaiter&) = delete;
    // At the mark itself nothing is owed: on_writable() comes only to who was above it.
    bool await_ready() const { return call_.over() || call_.exchange_->queued() <= http::Exchange::kHighWater; }
    void await_suspend(std::coroutine_handle<> handle) {
      handle_ = handle;
      call_.writer_ = this;
    }
    bool await_resume() const { return !call_.over(); }

   private:
    friend class ServerCall;
    ServerCall& call_;
    std::coroutine_handle<> handle_;
  };
  WriteAwaiter writable() { return WriteAwaiter(*this); }

  void send_headers();
  // True when nothing that is sent would reach anybody.
  bool over() const { return answer_ == Answer::kEnded || !exchange_ || is_cancelled(); }
  bool is_cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Ends the call for the client with this status; the handler, if it runs, is cancelled.
  void fail(Status status);

  // Tells the interceptors, if there are any, of a message.
  void received(MessageHandle message) {
    if (intercepted_) tell_received(message);
  }
  void sending(MessageHandle message) {
    if (intercepted_) tell_sending(message);
  }

 private:
  friend class GrpcHandler;
  friend class godwit::ServerContext;
  friend class godwit::ServerInterceptor::Next;

  enum class Answer : std::uint8_t { kNothing, kHeadersSent, kEnded };
  enum class HandlerState : std::uint8_t { kNotStarted, kRunning, kDone };

  // --- life: GrpcHandler takes a call from the pool, opens it, and gets it back ---
  void open(http::Exchange& exchange, const Method& method, std::string_view path, std::string_view authority);
  void set_deadline(TimePoint deadline);
  void started(bool request_ended);
  void recycle_if_over();

  // --- events of the exchange ---
  void on_headers(http::HeadersKind kind, const http::FieldViews& fields, bool end) override;
  void on_body(const http::BodyView& body, bool end) override;
  void on_writable() override;
  void on_reset(http::ResetReason reason, std::string_view detail) override;
  void on_closed() override;
  void on_timer() override;

  // --- receiving ---
  void receive_single(const http::BodyView& body, bool end);
  void request_complete();
  bool try_read(ReadResult& result);
  bool check(MessageAssembler::Outcome outcome, const MessageAssembler::Message& message);
  void wake_reader();
  void give_back();
  void give_back_if_waiting();

  // --- running ---
  void start_handler();
  Task<Status> run_from(std::size_t interceptor);
  void handler_ended();
  void cancel();
  void tell_received(MessageHandle message);
  void tell_sending(MessageHandle message);

  // --- answering ---
  bool may_send(std::size_t framed_size);
  void finish(const Status& status);

  GrpcHandler& owner_;
  ServerContext context_;
  http::Exchange* exchange_ = nullptr;
  const Method* method_ = nullptr;
  std::string_view path_;
  std::string_view authority_;
  Answer answer_ = Answer::kNothing;
  HandlerState handler_ = HandlerState::kNotStarted;
  bool request_ended_ = false;  // END_STREAM came
  bool has_single_ = false;     // the one message of a client that does not stream is in single_
  bool intercepted_ = false;
  std::atomic<bool> cancelled_{false};

  Bytes request_;
  const BlockRef* request_owner_ = nullptr;
  Slice single_;
  MessageAssembler assembler_;
  std::size_t received_ = 0;  // body bytes of a streaming request so far
  std::size_t returned_ = 0;  // of these, given back to the peer's window
  ReadAwaiter* reader_ = nullptr;
  WriteAwaiter* writer_ = nullptr;

  Task<Status> task_;
  CancellationSource cancellation_;

  // The owner's lists: pool or active calls.
  ServerCall* previous_ = nullptr;
  ServerCall* next_ = nullptr;
};

}  // namespace godwit::rpc
