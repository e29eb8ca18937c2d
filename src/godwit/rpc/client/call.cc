#include "godwit/rpc/client/call.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "godwit/rpc/client/attempt.h"
#include "godwit/rpc/client/call_pool.h"
#include "godwit/rpc/client/channel_core.h"
#include "godwit/rpc/client/field_list.h"
#include "godwit/rpc/message_assembler.h"
#include "godwit/rpc/wire_values.h"

namespace godwit::rpc {

// Around everything from outside that may run the caller's code: call and channel stay until it returns.
class Call::Running {
 public:
  explicit Running(Call& call) : call_(call) {
    call_.retain();
    if (call_.channel_) entered_.emplace(*call_.channel_);
  }
  ~Running() { call_.drop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::optional<ChannelCore::Entered> entered_;
  Call& call_;
};

Call& Call::make(ChannelCore& channel, const ClientMethod& method, ClientContext* context, CallSink& sink,
                 Delivery delivery) {
  Call& call = channel.pool().take_call();
  call.channel_ = &channel;
  call.method_ = &method;
  call.headers_ = &channel.headers_of(method);
  call.config_ = &call.headers_->config;
  call.context_ = context;
  call.sink_ = &sink;
  call.deadline_ = kNever;
  call.references_ = 1;
  call.messages_ = 0;
  call.stage_ = Stage::kMade;
  call.delivery_ = delivery;
  call.wants_message_ = call.discarding_ = call.sending_closed_ = call.has_initial_metadata_ = false;
  call.committed_ = call.retried_ = call.timeout_is_exact_ = call.inner_done_ = call.ending_ = false;
  call.queue_link_.call = call.live_link_.call = &call;

  const MethodConfig& config = *call.config_;
  const ChannelOptions& options = channel.options();
  call.wait_for_ready_ = config.wait_for_ready.value_or(false);
  call.max_receive_ = options.max_receive_message_bytes;
  call.max_send_ = options.max_send_message_bytes;
  if (context) {
    call.wait_for_ready_ = context->wait_for_ready().value_or(call.wait_for_ready_);
    call.max_receive_ = context->max_receive_message_bytes().value_or(call.max_receive_);
    call.max_send_ = context->max_send_message_bytes().value_or(call.max_send_);
    if (!context->authority().empty()) call.headers_ = &channel.bare_headers();
  }
  if (config.max_receive_message_bytes)
    call.max_receive_ = std::min(call.max_receive_, *config.max_receive_message_bytes);
  if (config.max_send_message_bytes) call.max_send_ = std::min(call.max_send_, *config.max_send_message_bytes);
  return call;
}

void Call::release() {
  const Running running(*this);
  sink_ = nullptr;
  if (stage_ != Stage::kDone && stage_ != Stage::kMade) cancel();
  drop();
}

void Call::drop() {
  if (--references_ > 0) return;
  buffer_.clear();
  ready_.clear();
  next_ready_ = 0;
  if (!status_.ok()) status_ = Status();
  if (!wait_reason_.ok()) wait_reason_ = Status();
  if (!inner_status_.ok()) inner_status_ = Status();
  if (!extra_metadata_.empty() || !extra_metadata_.problem().empty()) extra_metadata_ = Metadata();
  stage_ = Stage::kDone;
  pool_->put(*this);
}

// --- starting ---

void Call::start() {
  const Running running(*this);
  retain();  // until finish()
  channel_->add_live(*this);
  if (context_) context_->attach(*this, channel_->executor());
  stage_ = Stage::kPicking;
  started_ = channel_->executor().now();
  if (Status problem = check_start(); !problem.ok()) return finish(std::move(problem));
  if (!channel_->options().interceptors.empty()) return start_interceptors();
  start_inner();
}

// Why the call may not begin; sets the deadline.
Status Call::check_start() {
  if (config_->timeout) deadline_ = add_saturating(started_, *config_->timeout);
  if (context_) {
    if (context_->cancelled()) return Status(StatusCode::kCancelled, "the caller cancelled before the call began");
    if (!context_->metadata().problem().empty()) return Status(StatusCode::kInternal, context_->metadata().problem());
    if (context_->timeout()) {
      const TimePoint by_timeout = add_saturating(started_, *context_->timeout());
      timeout_is_exact_ = by_timeout < deadline_;
      deadline_ = std::min(deadline_, by_timeout);
    }
    if (context_->deadline() < deadline_) {
      deadline_ = context_->deadline();
      timeout_is_exact_ = false;
    }
  }
  if (deadline_ != kNever) {
    if (deadline_ <= started_) {
      return Status(StatusCode::kDeadlineExceeded, "the deadline had passed before the call began");
    }
    channel_->executor().timers().schedule(*this, deadline_);
  }
  return Status();
}

void Call::limit_deadline(TimePoint deadline) {
  if (deadline >= deadline_ || stage_ == Stage::kDone) return;
  deadline_ = deadline;
  timeout_is_exact_ = false;
  if (!ending_) channel_->executor().timers().schedule(*this, deadline_);
}

void Call::start_inner() {
  if (!extra_metadata_.problem().empty()) {
    return finish_locally(Status(StatusCode::kInternal, extra_metadata_.problem()));
  }
  stage_ = Stage::kPicking;
  channel_->begin(*this);
}

bool Call::open_on(http::ExchangeClient& client) {
  const TimePoint now = channel_->executor().now();
  FieldList rest;
  if (!headers_->complete) {
    const std::string_view own = context_ ? context_->authority() : std::string_view();
    rest.add({http::FieldToken::kPath, method_->path()});
    rest.add({http::FieldToken::kAuthority, own.empty() ? channel_->authority() : own});
    rest.add({http::FieldToken::kContentType, "application/grpc"});
    rest.add({http::FieldToken::kTe, "trailers"});
    rest.add({http::FieldToken::kUserAgent, channel_->user_agent()});
  }
  char timeout[12];
  if (deadline_ != kNever) {
    if (deadline_ <= now) {
      finish_locally(deadline_status());
      return true;
    }
    // The caller's own duration comes again with the next call; what is left of a deadline does not.
    const bool same = timeout_is_exact_ && now == started_;
    rest.add({http::FieldToken::kGrpcTimeout, encode_timeout(deadline_ - now, timeout),
              same ? http::Indexing::kAutomatic : http::Indexing::kOnce});
  }
  alignas(16) std::uint8_t encoded_memory[256];
  Arena encoded{MutableBytes(encoded_memory)};
  auto add_metadata = [&](const Metadata& metadata) {
    for (const Metadata::Entry& entry : metadata) {
      rest.add({entry.key, entry.key.ends_with("-bin") ? encode_binary_value(entry.value, encoded) : entry.value});
    }
  };
  if (context_) add_metadata(context_->metadata());
  add_metadata(extra_metadata_);

  Attempt& attempt = channel_->pool().take_attempt();
  attempt.take_over(*this, *channel_);
  const bool nothing_to_send = sending_closed_ && buffer_.empty();
  http::Exchange* exchange = client.open(*headers_->first, rest.fields(), nothing_to_send, attempt);
  if (!exchange) {
    attempt.leave();
    return false;
  }
  attempt.opened(*exchange);
  attempt_ = &attempt;
  stage_ = Stage::kRunning;
  if (context_) context_->peer_ = context_->arena().copy(exchange->connection().peer);
  if (!buffer_.empty()) replay();
  return true;
}

// --- sending ---

bool Call::may_send(std::size_t framed_bytes, bool end, MessageHandle handle) {
  if (stage_ == Stage::kDone || sending_closed_ || inner_done_) return false;
  const std::size_t bytes = framed_bytes - std::min<std::size_t>(framed_bytes, MessageAssembler::kPrefixBytes);
  if (bytes > max_send_) {
    fail(Status(StatusCode::kResourceExhausted, "a message to send has " + std::to_string(bytes) +
                                                    " bytes; this client sends messages of up to " +
                                                    std::to_string(max_send_) +
                                                    " bytes: raise ChannelOptions::max_send_message_bytes or "
                                                    "ClientContext::set_max_send_message_bytes()"));
    return false;
  }
  if (handle.message) {
    for (const auto& interceptor : channel_->options().interceptors) {
      interceptor->on_sending(*this, handle);
      if (inner_done_) return false;
    }
  }
  sending_closed_ = end;
  return true;
}

void Call::send(Bytes framed, bool end, MessageHandle handle) {
  if (!may_send(framed.size(), end, handle)) return;
  if (attempt_ && !committed_ && buffer_.size() + framed.size() > channel_->options().retry_buffer_bytes) commit();
  if (attempt_ && committed_) return attempt_->send(framed, end);
  if (!attempt_) return buffer_.append(framed);
  if (framed.size() <= MessageBuffer::kCopyBytes) {
    buffer_.append(framed);
    return attempt_->send(framed, end);
  }
  // One copy for both: the one to send now and the one to send again.
  const Slice slice = Slice::copy_of(framed);
  buffer_.append(slice);
  attempt_->send(slice, end);
}

void Call::send(Slices framed, bool end, MessageHandle handle) {
  const std::size_t size = total_size(framed);
  if (!may_send(size, end, handle)) return;
  if (attempt_ && !committed_ && buffer_.size() + size > channel_->options().retry_buffer_bytes) commit();
  if (!attempt_ || !committed_) {
    for (const Slice& piece : framed) buffer_.append(piece);
  }
  if (!attempt_) return;
  for (std::size_t i = 0; i < framed.size() && attempt_; ++i) attempt_->send(framed[i], end && i + 1 == framed.size());
}

void Call::close_sending() {
  if (stage_ == Stage::kDone || sending_closed_ || inner_done_) return;
  sending_closed_ = true;
  if (attempt_) attempt_->send(Bytes(), true);
}

bool Call::can_write() const {
  if (stage_ == Stage::kDone || inner_done_) return true;
  return (attempt_ ? attempt_->queued() : buffer_.size()) <= http::Exchange::kHighWater;
}

// What was sent before there was a connection, or to one that did not process it.
void Call::replay() {
  const std::size_t n = buffer_.pieces();
  for (std::size_t i = 0; i < n && attempt_; ++i) {
    const bool end = sending_closed_ && i + 1 == n;
    if (buffer_.bytes(i).size() <= MessageBuffer::kCopyBytes) {
      attempt_->send(buffer_.bytes(i), end);
    } else {
      attempt_->send(buffer_.piece(i), end);
    }
  }
  const bool was_full = buffer_.size() > http::Exchange::kHighWater;
  if (buffer_.size() > channel_->options().retry_buffer_bytes) commit();
  if (was_full && can_write() && sink_) sink_->on_writable();
}

void Call::commit() {
  committed_ = true;
  buffer_.clear();
}

// --- receiving ---

bool Call::take(Slice& message) {
  if (next_ready_ < ready_.size()) {
    message = std::move(ready_[next_ready_++]);
    if (next_ready_ == ready_.size()) {
      ready_.clear();
      next_ready_ = 0;
    }
    return true;
  }
  if (!attempt_) return false;
  const Running running(*this);
  if (!attempt_->take(message)) return false;
  if (++messages_ > 1 && !server_streams(method_->kind())) {
    finish_locally(
        Status(StatusCode::kUnimplemented, "the server sent more than one message in answer to a call that takes one"));
    return false;
  }
  return true;
}

void Call::want_message() {
  wants_message_ = true;
  if (attempt_) attempt_->wanted();
}

void Call::discard_messages() {
  if (discarding_) return;
  const Running running(*this);
  discarding_ = true;
  ready_.clear();
  next_ready_ = 0;
  if (attempt_) attempt_->discard();
}

void Call::received(MessageHandle handle) {
  if (!handle.message || !channel_) return;
  const auto& interceptors = channel_->options().interceptors;
  for (std::size_t i = interceptors.size(); i > 0; --i) interceptors[i - 1]->on_received(*this, handle);
}

void Call::attempt_headers() {
  commit();
  has_initial_metadata_ = true;
  if (delivery_ == Delivery::kPull && sink_) sink_->on_initial_metadata();
}

void Call::attempt_message(const http::BodyView& message) {
  if (++messages_ > 1 && !server_streams(method_->kind())) {
    return finish_locally(
        Status(StatusCode::kUnimplemented, "the server sent more than one message in answer to a call that takes one"));
  }
  if (discarding_ || !sink_) return;
  wants_message_ = false;
  sink_->on_message(message);
}

void Call::attempt_writable() {
  if (sink_) sink_->on_writable();
}

void Call::attempt_done(Status&& status, bool unprocessed) {
  if (unprocessed && !committed_ && !retried_ && !inner_done_) {
    // gRFC A6, "Transparent Retries": the server did nothing, so the call goes out again, once.
    retried_ = true;
    detach_attempt();
    stage_ = Stage::kPicking;
    return channel_->begin(*this);
  }
  finish_inner(std::move(status));
}

void Call::detach_attempt() {
  if (Attempt* attempt = std::exchange(attempt_, nullptr)) attempt->leave();
}

}  // namespace godwit::rpc
