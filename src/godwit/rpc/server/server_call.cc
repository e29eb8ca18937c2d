#include "godwit/rpc/server/server_call.h"

#include <exception>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>

#include "godwit/base/assert.h"
#include "godwit/rpc/server/grpc_handler.h"
#include "godwit/rpc/server/reply_fields.h"

namespace godwit {
namespace {

// In the words that other implementations have made known, with what to do.
Status too_large(const char* what, std::size_t size, std::size_t limit, const std::string& advice) {
  return Status(StatusCode::kResourceExhausted, "SERVER: " + std::string(what) + " message larger than max (" +
                                                    std::to_string(size) + " vs. " + std::to_string(limit) +
                                                    "): " + advice);
}

}  // namespace

// --- ServerContext ---

std::string_view ServerContext::method() const { return call_.path_; }
std::string_view ServerContext::authority() const { return call_.authority_; }
std::string_view ServerContext::peer() const { return connection().peer; }
Executor& ServerContext::executor() { return call_.environment().executor; }
bool ServerContext::is_cancelled() const { return call_.is_cancelled(); }
CancellationToken ServerContext::cancellation() { return call_.cancellation_.token(); }

const http::ConnectionInfo& ServerContext::connection() const {
  static const http::ConnectionInfo gone;
  return call_.exchange_ ? call_.exchange_->connection() : gone;
}

Duration ServerContext::time_left() const {
  if (deadline_ == kNever) return Duration::max();
  const TimePoint now = call_.environment().executor.clock().now();
  return deadline_ > now ? deadline_ - now : Duration::zero();
}

void ServerContext::send_initial_metadata() {
  Executor& loop = executor();
  if (loop.on_loop()) return call_.send_headers();
  struct Sender final : Work {
    explicit Sender(rpc::ServerCall& c) : call(c) {}
    void run() override {
      call.send_headers();
      done.release();
    }
    rpc::ServerCall& call;
    std::binary_semaphore done{0};
  } sender(call_);
  loop.post(sender);
  sender.done.acquire();
}

void ServerContext::reset() {
  deadline_ = kNever;
  client_metadata_.rebind(arena_);
  initial_metadata_.rebind(arena_);
  trailing_metadata_.rebind(arena_);
  arena_.reset();
}

Task<Status> ServerInterceptor::Next::operator()() const { return call_.run_from(index_); }

namespace rpc {

ServerCall::ServerCall(GrpcHandler& owner) : owner_(owner), context_(*this) {}
ServerCall::~ServerCall() = default;

const ServerEnvironment& ServerCall::environment() const { return owner_.environment_; }

// --- life ---

void ServerCall::open(http::Exchange& exchange, const Method& method, std::string_view path,
                      std::string_view authority) {
  exchange_ = &exchange;
  method_ = &method;
  path_ =
      method.path.size() > 1 ? std::string_view(method.path) : arena().copy(path);  // "*" and "": no path of its own
  authority_ = arena().copy(authority);
  intercepted_ = !owner_.environment_.interceptors.empty();
}

void ServerCall::set_deadline(TimePoint deadline) {
  context_.deadline_ = deadline;
  owner_.environment_.executor.timers().schedule(*this, deadline);
}

void ServerCall::started(bool request_ended) {
  request_ended_ = request_ended;
  if (client_streams(method_->kind)) return start_handler();
  if (request_ended) request_complete();
}

void ServerCall::recycle_if_over() {
  if (exchange_ || handler_ == HandlerState::kRunning) return;
  Timer::cancel();
  task_.reset();
  answer_ = Answer::kNothing;
  handler_ = HandlerState::kNotStarted;
  request_ended_ = has_single_ = false;
  cancelled_.store(false, std::memory_order_relaxed);
  request_ = {};
  request_owner_ = nullptr;
  single_ = Slice();
  assembler_.reset();
  received_ = returned_ = 0;
  slot = nullptr;
  std::destroy_at(&cancellation_);
  std::construct_at(&cancellation_);
  context_.reset();
  owner_.release_call(*this);
}

// --- events of the exchange ---

void ServerCall::on_headers(http::HeadersKind, const http::FieldViews&, bool end) {
  // Trailers of a request mean nothing to gRPC but its end.
  if (end) on_body(http::BodyView{{}, BlockRef()}, true);
}

void ServerCall::on_body(const http::BodyView& body, bool end) {
  if (end) request_ended_ = true;
  if (over()) return exchange_->consumed(body.bytes.size());
  if (!client_streams(method_->kind)) return receive_single(body, end);
  received_ += body.bytes.size();
  assembler_.add(body.slice());
  wake_reader();
}

void ServerCall::receive_single(const http::BodyView& body, bool end) {
  exchange_->consumed(body.bytes.size());
  Bytes whole;
  if (end && !has_single_ && !intercepted_ &&
      assembler_.try_whole(body.bytes, environment().limits.max_receive_message_bytes, whole)) {
    request_ = whole;
    request_owner_ = &body.owner;
    start_handler();
    return;
  }
  assembler_.add(body.slice());
  MessageAssembler::Message message;
  for (;;) {
    const auto outcome = assembler_.next(message, environment().limits.max_receive_message_bytes);
    if (outcome == MessageAssembler::Outcome::kNeedMore) break;
    if (!check(outcome, message)) return;
    if (has_single_) {
      return fail(Status(StatusCode::kUnimplemented, "the client sent more than one message to " + std::string(path_) +
                                                         ", which takes exactly one"));
    }
    has_single_ = true;
    single_ = std::move(message.bytes);
  }
  if (end) request_complete();
}

void ServerCall::request_complete() {
  if (!assembler_.at_boundary()) {
    return fail(Status(StatusCode::kInternal,
                       "the request ended inside a message of " + std::to_string(assembler_.length()) + " bytes"));
  }
  if (!has_single_) {
    return fail(Status(StatusCode::kUnimplemented,
                       "the client sent no message to " + std::string(path_) + ", which takes exactly one"));
  }
  request_ = single_.bytes();
  request_owner_ = &single_.owner();
  start_handler();
}

void ServerCall::on_writable() {
  if (WriteAwaiter* writer = std::exchange(writer_, nullptr)) writer->handle_.resume();
}

void ServerCall::on_reset(http::ResetReason, std::string_view) {
  answer_ = Answer::kEnded;
  cancel();
}

void ServerCall::on_closed() {
  const bool unfinished = handler_ == HandlerState::kRunning;
  exchange_ = nullptr;
  if (unfinished) cancel();
  if (handler_ != HandlerState::kRunning) recycle_if_over();
}

void ServerCall::on_timer() {
  fail(Status(StatusCode::kDeadlineExceeded,
              "the deadline passed on the server before " + std::string(path_) + " answered"));
}

// --- receiving ---

bool ServerCall::check(MessageAssembler::Outcome outcome, const MessageAssembler::Message& message) {
  switch (outcome) {
    case MessageAssembler::Outcome::kMessage:
      if (!message.compressed) return true;
      fail(Status(StatusCode::kInternal,
                  "a message is marked as compressed, but the request names no grpc-encoding other than identity"));
      return false;
    case MessageAssembler::Outcome::kTooLarge:
      fail(too_large(
          "Received", assembler_.length(), environment().limits.max_receive_message_bytes,
          "the limit of " + std::string(path_) +
              " is the server option max_receive_message_bytes (in Python: grpc.max_receive_message_length)"));
      return false;
    default:
      fail(Status(StatusCode::kInternal,
                  "a message begins with flags that gRPC does not define: the body is no sequence "
                  "of length-prefixed messages"));
      return false;
  }
}

bool ServerCall::try_read(ReadResult& result) {
  result.outcome = ReadOutcome::kCancelled;
  if (over()) return true;
  MessageAssembler::Message message;
  const auto outcome = assembler_.next(message, environment().limits.max_receive_message_bytes);
  if (outcome == MessageAssembler::Outcome::kNeedMore) {
    if (!request_ended_) return false;
    if (assembler_.at_boundary()) {
      result.outcome = ReadOutcome::kEnd;
    } else {
      fail(Status(StatusCode::kInternal, "the request ended inside a message"));
    }
    return true;
  }
  if (check(outcome, message)) {
    result.outcome = ReadOutcome::kMessage;
    result.message = std::move(message.bytes);
    constexpr std::size_t kReturnAtOnce =
        16 * 1024;  // fewer and larger returns cost less, a waiting reader gives all back
    if (received_ - assembler_.buffered() - returned_ >= kReturnAtOnce) give_back();
  }
  return true;
}

void ServerCall::give_back() {
  const std::size_t used = received_ - assembler_.buffered();
  if (exchange_ && used > returned_) {
    exchange_->consumed(used - returned_);
    returned_ = used;
  }
}

void ServerCall::wake_reader() {
  ReadAwaiter* reader = reader_;
  if (!reader || !try_read(reader->result_)) return give_back_if_waiting();
  // fail() may have woken the reader already.
  if (reader_ != reader) return;
  reader_ = nullptr;
  reader->handle_.resume();
}

void ServerCall::give_back_if_waiting() {
  if (reader_) give_back();
}

// --- running ---

void ServerCall::start_handler() {
  if (over()) return;
  handler_ = HandlerState::kRunning;
  if (intercepted_) {
    task_ = run_from(0);
  } else {
    task_ = method_->handler->invoke(*this);
  }
  request_owner_ = nullptr;
  if (task_.start([](void* self) { static_cast<ServerCall*>(self)->handler_ended(); }, this)) handler_ended();
}

Task<Status> ServerCall::run_from(std::size_t index) {
  const auto& interceptors = environment().interceptors;
  if (index < interceptors.size()) {
    return interceptors[index]->intercept(context_, ServerInterceptor::Next(*this, index + 1));
  }
  return method_->handler->invoke(*this);
}

void ServerCall::handler_ended() {
  Status status;
  try {
    status = task_.take();
  } catch (const std::exception& e) {
    status = Status(StatusCode::kUnknown, std::string("the handler threw an exception: ") + e.what());
  } catch (...) {
    status = Status(StatusCode::kUnknown, "the handler threw an exception");
  }
  if (!over()) {
    if (status.ok()) method_->handler->complete(*this, status);
    finish(status);
  }
  handler_ = HandlerState::kDone;
  recycle_if_over();
}

void ServerCall::cancel() {
  if (cancelled_.exchange(true, std::memory_order_relaxed)) return;
  Timer::cancel();
  if (handler_ != HandlerState::kRunning) return;
  // Whoever waits here goes on, one after the other; each may end the handler.
  cancellation_.cancel();
  if (ReadAwaiter* reader = std::exchange(reader_, nullptr)) {
    reader->result_.outcome = ReadOutcome::kCancelled;
    reader->handle_.resume();
  }
  if (WriteAwaiter* writer = std::exchange(writer_, nullptr)) writer->handle_.resume();
}

void ServerCall::fail(Status status) {
  if (answer_ != Answer::kEnded && exchange_) finish(status);
  cancel();
}

void ServerCall::tell_received(MessageHandle message) {
  for (const auto& interceptor : environment().interceptors) interceptor->on_received(context_, message);
}
void ServerCall::tell_sending(MessageHandle message) {
  for (const auto& interceptor : environment().interceptors) interceptor->on_sending(context_, message);
}

// --- answering ---

void ServerCall::send_headers() {
  if (answer_ != Answer::kNothing || !exchange_ || is_cancelled()) return;
  Metadata& metadata = context_.initial_metadata_;
  if (!metadata.problem().empty())
    return fail(Status(StatusCode::kInternal, "initial metadata: " + metadata.problem()));
  answer_ = Answer::kHeadersSent;
  exchange_->send_headers(response_headers(), fields_of(metadata, arena()), false);
}

bool ServerCall::may_send(std::size_t framed_size) {
  if (over()) return false;
  const std::size_t size = framed_size - MessageAssembler::kPrefixBytes;
  if (size > environment().limits.max_send_message_bytes) {
    fail(too_large("Sent", size, environment().limits.max_send_message_bytes,
                   "the limit of " + std::string(path_) +
                       " is the server option max_send_message_bytes (in Python: grpc.max_send_message_length)"));
    return false;
  }
  if (answer_ == Answer::kNothing) send_headers();
  return !over();
}

bool ServerCall::send_message(Bytes framed) {
  if (!may_send(framed.size())) return false;
  exchange_->send_body(framed, false);
  return true;
}

bool ServerCall::send_message(const Slice& framed) { return send_message(Slices(&framed, 1)); }

bool ServerCall::send_message(Slices framed) {
  if (!may_send(total_size(framed))) return false;
  for (const Slice& piece : framed) exchange_->send_body(piece, false);
  return true;
}

void ServerCall::finish(const Status& status) {
  Timer::cancel();
  const Metadata& trailing = context_.trailing_metadata_;
  const Metadata& initial = context_.initial_metadata_;
  const bool plain = status.ok() && status.message().empty() && status.details().empty();
  if (plain && trailing.empty() && trailing.problem().empty() && initial.problem().empty()) {
    if (answer_ == Answer::kNothing) send_headers();
    answer_ = Answer::kEnded;
    return exchange_->send_trailers(ok_trailers(), {});
  }
  // Trailers-Only is for errors without initial metadata: in trailers clients would not find it.
  const bool sendable = initial.problem().empty() && trailing.problem().empty();
  if (answer_ == Answer::kNothing && sendable && (status.ok() || !initial.empty())) send_headers();
  const bool trailers_only = answer_ == Answer::kNothing;
  answer_ = Answer::kEnded;
  const auto fields = status_fields(status, trailers_only ? &initial : nullptr, trailing, arena());
  if (trailers_only) {
    exchange_->send_headers(response_headers(), fields, true);
  } else {
    exchange_->send_trailers(no_fields(), fields);
  }
}

}  // namespace rpc
}  // namespace godwit
