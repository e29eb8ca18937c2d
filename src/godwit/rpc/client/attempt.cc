#include "godwit/rpc/client/attempt.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/call_pool.h"
#include "godwit/rpc/client/channel_core.h"
#include "godwit/rpc/wire_values.h"

namespace godwit::rpc {

// Around every event: neither attempt, call nor channel goes while it runs.
class Attempt::Event {
 public:
  explicit Event(Attempt& attempt) : entered_(*attempt.channel_), attempt_(attempt), call_(attempt.call_) {
    ++attempt_.events_;
    if (call_) call_->retain();
  }
  ~Event() {
    if (call_) call_->drop();
    --attempt_.events_;
    attempt_.recycle_if_done();
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

 private:
  ChannelCore::Entered entered_;
  Attempt& attempt_;
  Call* call_;
};

void Attempt::take_over(Call& call, ChannelCore& channel) {
  call_ = &call;
  channel_ = &channel;
  phase_ = Phase::kHeaders;
  received_ = delivered_ = credited_ = 0;
  http_status_ = 0;
}

void Attempt::leave() {
  call_ = nullptr;
  ++events_;
  if (exchange_ && phase_ != Phase::kDone) {
    phase_ = Phase::kDone;
    exchange_->reset(http::ResetReason::kCancelled);
  }
  --events_;
  recycle_if_done();
}

void Attempt::recycle_if_done() {
  if (call_ || exchange_ || events_ > 0) return;
  if (!assembler_.at_boundary()) assembler_.reset();
  tail_.reset();
  if (!content_type_.empty()) content_type_.clear();
  if (!body_.empty()) body_.clear();
  pool_->put(*this);
}

std::string_view Attempt::peer() const {
  return exchange_ ? std::string_view(exchange_->connection().peer) : std::string_view("the server");
}

// --- events ---

void Attempt::on_headers(http::HeadersKind kind, const http::FieldViews& fields, bool end) {
  if (!call_ || phase_ == Phase::kDone) return;
  const Event event(*this);
  switch (kind) {
    case http::HeadersKind::kResponse:
      return on_response(fields, end);
    case http::HeadersKind::kTrailers:
      return on_trailers(fields);
    default:
      return;
  }
}

void Attempt::on_response(const http::FieldViews& fields, bool end) {
  std::string problem;
  ClientContext* const context = call_->context_;
  Metadata* metadata = nullptr;
  if (context) metadata = end ? &context->trailing_metadata_ : &context->initial_metadata_;
  const ResponseFields head = read_fields(fields, metadata, problem);
  const bool is_grpc = is_grpc_content_type(head.content_type);
  if (!is_grpc || head.http_status != "200") {
    http_status_ = parse_http_status(head.http_status);
    content_type_ = head.content_type;
    if (end) {
      // Trailers-Only may come with any HTTP status; without grpc-status it is no gRPC.
      if (head.has_grpc_status && is_grpc) return complete(status_of(head));
      return complete(unexpected_response());
    }
    phase_ = Phase::kOtherBody;
    return;
  }
  if (!problem.empty()) return complete(Status(StatusCode::kInternal, std::move(problem)));
  if (end) {
    if (head.has_grpc_status) return complete(status_of(head));
    http_status_ = 200;
    return complete(status_of_http(
        200, "the response of " + std::string(peer()) + " ended with its headers and has no grpc-status"));
  }
  if (!head.grpc_encoding.empty() && head.grpc_encoding != "identity") {
    return complete(Status(StatusCode::kInternal,
                           "the messages of the response are compressed with '" + std::string(head.grpc_encoding) +
                               "' (grpc-encoding), which this client did not offer; it takes 'identity' only"));
  }
  phase_ = Phase::kMessages;
  call_->attempt_headers();
}

void Attempt::on_trailers(const http::FieldViews& fields) {
  std::string problem;
  ClientContext* const context = call_->context_;
  const ResponseFields trailers = read_fields(fields, context ? &context->trailing_metadata_ : nullptr, problem);
  if (trailers.has_grpc_status) {
    // Of a response that is no gRPC, a status that gRPC sent all the same.
    Status status = status_of(trailers);
    if (phase_ == Phase::kOtherBody && status.ok()) status = unexpected_response();
    if (status.ok() && !problem.empty()) status = Status(StatusCode::kInternal, std::move(problem));
    return complete(std::move(status));
  }
  if (phase_ == Phase::kOtherBody) return complete(unexpected_response());
  complete(status_of_http(200, "the trailers of " + std::string(peer()) + " have no grpc-status"));
}

void Attempt::on_body(const http::BodyView& body, bool end) {
  const Event event(*this);
  received_ += body.bytes.size();
  if (!call_ || phase_ == Phase::kDone) return credit(received_);
  if (phase_ == Phase::kOtherBody) {
    const std::size_t room = kShownBody - std::min(kShownBody, body_.size());
    body_ += as_text(body.bytes.first(std::min(room, body.bytes.size())));
    credit(received_);
    if (end) complete(unexpected_response());
    return;
  }
  if (!body.bytes.empty()) take_messages(body);
  if (end && call_ && phase_ != Phase::kDone) {
    complete(status_of_http(
        200, "the response of " + std::string(peer()) + " ended without trailers, so without grpc-status"));
  }
}

// Messages that lie whole in the received slice go to a waiting reader where they are; the rest is kept.
void Attempt::take_messages(const http::BodyView& body) {
  constexpr std::size_t kPrefix = MessageAssembler::kPrefixBytes;
  Bytes rest = body.bytes;
  // The message that was cut by the end of the last slice gets just what it lacks.
  while (!rest.empty() && !assembler_.at_boundary() && assembler_.buffered() == 0 && call_->wants_messages()) {
    const std::size_t partial = received_ - rest.size() - delivered_;
    const std::size_t missing = partial < kPrefix ? kPrefix - partial : kPrefix + assembler_.length() - partial;
    const std::size_t n = std::min(missing, rest.size());
    assembler_.add(Slice(rest.first(n), body.owner));
    rest = rest.subspan(n);
    Slice message;
    if (take(message)) call_->attempt_message({message.bytes(), message.owner()});
    if (!call_ || phase_ == Phase::kDone) return;
  }
  if (assembler_.at_boundary()) {
    while (rest.size() >= kPrefix && call_->wants_messages()) {
      const std::size_t length = load_be32(rest.data() + 1);
      if (rest[0] != 0 || length > call_->max_receive_ || rest.size() - kPrefix < length) break;
      delivered_ += kPrefix + length;
      call_->attempt_message({rest.subspan(kPrefix, length), body.owner});
      if (!call_ || phase_ == Phase::kDone) return;
      rest = rest.subspan(kPrefix + length);
    }
  }
  if (!rest.empty()) {
    buffer(rest, body);
    while (call_->wants_messages()) {
      Slice message;
      if (!take(message)) break;
      call_->attempt_message({message.bytes(), message.owner()});
      if (!call_ || phase_ == Phase::kDone) return;
    }
    if (!call_ || phase_ == Phase::kDone) return;
  }
  // Whoever waits for a message wants the bytes that it still lacks; the others are given room as they read.
  credit(call_->wants_messages() ? received_ : delivered_);
}

void Attempt::buffer(Bytes rest, const http::BodyView& body) {
  if (rest.size() >= kCopyBytes) return assembler_.add(Slice(rest, body.owner));
  while (!rest.empty()) {
    if (!tail_ || tail_used_ == tail_->capacity()) {
      tail_ = BlockRef::allocate(Block::kSmall);
      tail_used_ = 0;
    }
    const std::size_t n = std::min(rest.size(), tail_->capacity() - tail_used_);
    std::uint8_t* to = tail_->data() + tail_used_;
    std::memcpy(to, rest.data(), n);
    tail_used_ += n;
    assembler_.add(Slice({to, n}, tail_));
    rest = rest.subspan(n);
  }
}

bool Attempt::take(Slice& message) {
  if (phase_ != Phase::kMessages) return false;
  MessageAssembler::Message next;
  const auto outcome = assembler_.next(next, call_->max_receive_);
  if (outcome == MessageAssembler::Outcome::kNeedMore) return false;
  if (outcome != MessageAssembler::Outcome::kMessage || next.compressed) {
    call_->fail(problem_with(outcome));
    return false;
  }
  message = std::move(next.bytes);
  delivered_ += MessageAssembler::kPrefixBytes + message.size();
  if (delivered_ - std::min(delivered_, credited_) >= kCreditStep || assembler_.buffered() == 0) credit(delivered_);
  return true;
}

Status Attempt::problem_with(MessageAssembler::Outcome outcome) const {
  switch (outcome) {
    case MessageAssembler::Outcome::kTooLarge:
      return too_large(assembler_.length());
    case MessageAssembler::Outcome::kBadFlags:
      return Status(StatusCode::kInternal,
                    "a message of the response begins with a flags byte that is neither 0 nor 1: "
                    "the body is no sequence of gRPC messages");
    default:
      return Status(StatusCode::kInternal,
                    "a message of the response is marked as compressed, but the response has no "
                    "grpc-encoding (or 'identity')");
  }
}

Status Attempt::too_large(std::size_t length) const {
  return Status(StatusCode::kResourceExhausted, "the server sent a message of " + std::to_string(length) +
                                                    " bytes; this client receives messages of up "
                                                    "to " +
                                                    std::to_string(call_->max_receive_) +
                                                    " bytes: raise ChannelOptions::max_receive_message_bytes "
                                                    "or ClientContext::set_max_receive_message_bytes()");
}

Status Attempt::unexpected_response() const {
  std::string text =
      "the response of " + std::string(peer()) + " is no gRPC: HTTP status " + std::to_string(http_status_) + ", ";
  text += content_type_.empty() ? "no content-type" : "content-type '" + content_type_ + "'";
  if (!body_.empty()) {
    text += ", the body begins: ";
    for (const char c : body_) text += static_cast<unsigned char>(c) >= 0x20 && c != 0x7f ? c : ' ';
  }
  return status_of_http(http_status_, std::move(text));
}

void Attempt::on_writable() {
  if (!call_ || phase_ == Phase::kDone) return;
  const Event event(*this);
  call_->attempt_writable();
}

void Attempt::on_reset(http::ResetReason reason, std::string_view detail) {
  if (!call_ || phase_ == Phase::kDone) return;  // what comes after the trailers changes nothing
  const Event event(*this);
  std::string text(peer());
  if (reason == http::ResetReason::kConnectionLost) {
    text = "the connection to " + text + " was lost";
  } else if (reason == http::ResetReason::kRefused) {
    text = "the call to " + text + " was refused before processing";  // by the server, or on its way to the network
  } else {
    text += " reset the call: ";
    text += http::text_of(reason);
  }
  if (!detail.empty()) {
    text += ": ";
    text += detail;
  }
  StatusCode code = code_of_reset(reason);
  // Both sides watch the deadline; the server's reset may come before our timer.
  if (reason == http::ResetReason::kCancelled && channel_->executor().now() >= call_->deadline_) {
    code = StatusCode::kDeadlineExceeded;
  }
  end(Status(code, std::move(text)), reason == http::ResetReason::kRefused && phase_ == Phase::kHeaders);
}

void Attempt::on_closed() {
  const Event event(*this);
  exchange_ = nullptr;
  if (call_ && phase_ != Phase::kDone) {
    end(Status(StatusCode::kUnavailable, "the exchange was closed before its response was complete"), false);
  }
}

// --- ends ---

void Attempt::complete(Status&& status) {
  Call& call = *call_;
  if (phase_ == Phase::kMessages) {
    // What the reader has not taken is cut now, so that the status is final.
    if (!call.discarding_) {
      MessageAssembler::Message next;
      MessageAssembler::Outcome outcome;
      while ((outcome = assembler_.next(next, call.max_receive_)) == MessageAssembler::Outcome::kMessage &&
             !next.compressed) {
        ++call.messages_;
        call.ready_.push_back(std::move(next.bytes));
      }
      if (outcome != MessageAssembler::Outcome::kNeedMore && status.ok()) status = problem_with(outcome);
    }
    if (status.ok() && !assembler_.at_boundary()) {
      status = Status(StatusCode::kInternal, "the response of " + std::string(peer()) + " ended inside a message");
    }
  }
  if (status.ok() && !server_streams(call.method_->kind()) && call.messages_ != 1) {
    status = Status(StatusCode::kUnimplemented,
                    call.messages_ == 0 ? "the call ended with OK, but the server sent no message"
                                        : "the server sent more than one message in answer to a call that takes one");
  }
  credit(received_);
  phase_ = Phase::kDone;
  // The server wants no more of a request that is not finished.
  if (exchange_ && (!call.sending_closed_ || exchange_->queued() > 0)) exchange_->reset(http::ResetReason::kCancelled);
  end(std::move(status), false);
}

void Attempt::end(Status&& status, bool unprocessed) {
  phase_ = Phase::kDone;
  call_->attempt_done(std::move(status), unprocessed);
}

void Attempt::wanted() { credit(received_); }

void Attempt::discard() {
  const Event event(*this);
  Slice message;
  while (call_ && phase_ == Phase::kMessages && take(message))
    call_->attempt_message({message.bytes(), message.owner()});
  credit(received_);
}

}  // namespace godwit::rpc
