#include "godwit/transport/http2_driver.h"

#include <utility>

#include "godwit/base/log.h"

namespace godwit::transport {

using http::ResetReason;
using http2::ErrorCode;

ResetReason reason_of(const http2::StreamReset& reset) {
  if (reset.cause == http2::ResetCause::kConnectionEnded) return ResetReason::kConnectionLost;
  if (reset.cause == http2::ResetCause::kUnprocessed) return ResetReason::kRefused;
  switch (reset.code) {
    case ErrorCode::kNoError: return ResetReason::kNoError;
    case ErrorCode::kCancel: return ResetReason::kCancelled;
    case ErrorCode::kRefusedStream: return ResetReason::kRefused;
    case ErrorCode::kProtocolError: return ResetReason::kProtocolError;
    case ErrorCode::kInternalError: return ResetReason::kInternalError;
    case ErrorCode::kFlowControlError: return ResetReason::kFlowControlError;
    case ErrorCode::kFrameSizeError: return ResetReason::kFrameSizeError;
    case ErrorCode::kEnhanceYourCalm: return ResetReason::kEnhanceYourCalm;
    case ErrorCode::kInadequateSecurity: return ResetReason::kInadequateSecurity;
    case ErrorCode::kHttp11Required: return ResetReason::kHttp11Required;
    default: return ResetReason::kOther;
  }
}

ErrorCode code_of(ResetReason reason) {
  switch (reason) {
    case ResetReason::kNoError: return ErrorCode::kNoError;
    case ResetReason::kCancelled: return ErrorCode::kCancel;
    case ResetReason::kRefused: return ErrorCode::kRefusedStream;
    case ResetReason::kProtocolError: return ErrorCode::kProtocolError;
    case ResetReason::kFlowControlError: return ErrorCode::kFlowControlError;
    case ResetReason::kFrameSizeError: return ErrorCode::kFrameSizeError;
    case ResetReason::kEnhanceYourCalm: return ErrorCode::kEnhanceYourCalm;
    case ResetReason::kInadequateSecurity: return ErrorCode::kInadequateSecurity;
    case ResetReason::kHttp11Required: return ErrorCode::kHttp11Required;
    case ResetReason::kInternalError:
    case ResetReason::kConnectionLost:
    case ResetReason::kOther: return ErrorCode::kInternalError;
  }
  return ErrorCode::kInternalError;
}

namespace {

http::ConnectionInfo info_of(const ByteStreamInfo& stream) {
  http::ConnectionInfo info;
  info.peer = stream.peer_text;
  info.local = stream.local.text();
  info.secure = stream.tls.established;
  info.tls_version = stream.tls.version;
  info.tls_cipher = stream.tls.cipher;
  info.peer_certificate_pem = stream.tls.peer_certificate_pem;
  info.peer_common_name = stream.tls.subject_common_name;
  info.peer_alt_names = stream.tls.subject_alt_names;
  return info;
}

http::HeadersKind kind_of(http2::HeadersKind kind) {
  switch (kind) {
    case http2::HeadersKind::kRequest: return http::HeadersKind::kRequest;
    case http2::HeadersKind::kInformational: return http::HeadersKind::kInformational;
    case http2::HeadersKind::kResponse: return http::HeadersKind::kResponse;
    case http2::HeadersKind::kTrailers: return http::HeadersKind::kTrailers;
  }
  return http::HeadersKind::kTrailers;
}

Http2Exchange* exchange_of(http2::Stream& stream) { return static_cast<Http2Exchange*>(stream.user); }

}  // namespace

// --- Http2Exchange: commands go to the engine, what they produce is written at the end of the turn ---

void Http2Exchange::send_headers(const http::PreparedFields& first, std::span<const http::Field> rest, bool end) {
  driver_->engine_.send_headers(*stream_, http2::HeaderFields(first, rest), end);
  driver_->mark_dirty();
}
void Http2Exchange::send_body(Bytes bytes, bool end) {
  driver_->engine_.send_data(*stream_, bytes, end);
  driver_->mark_dirty();
}
void Http2Exchange::send_body(const Slice& bytes, bool end) {
  driver_->engine_.send_data(*stream_, bytes, end);
  driver_->mark_dirty();
}
void Http2Exchange::send_trailers(const http::PreparedFields& first, std::span<const http::Field> rest) {
  driver_->engine_.send_headers(*stream_, http2::HeaderFields(first, rest), true);
  driver_->mark_dirty();
}
void Http2Exchange::reset(ResetReason reason) {
  failed_ = true;
  driver_->engine_.reset(*stream_, code_of(reason));
  driver_->mark_dirty();
}
void Http2Exchange::consumed(std::size_t bytes) {
  if (bytes == 0) return;
  driver_->engine_.consume(*stream_, bytes);
  driver_->mark_dirty();
}
std::size_t Http2Exchange::queued() const { return driver_->engine_.queued(*stream_); }
const http::ConnectionInfo& Http2Exchange::connection() const { return driver_->info_; }

// --- Http2Driver ---

Http2Driver::Http2Driver(http2::Role role, Executor& executor, std::unique_ptr<ByteStream> stream,
                         const http2::Options& options)
    : executor_(executor),
      stream_(std::move(stream)),
      info_(info_of(stream_->info())),
      engine_(role, options, *this, executor.now()),
      started_(role == http2::Role::kClient) {
  if (started_) mark_dirty();
}

Http2Driver::~Http2Driver() {
  if (dirty_) executor_.withdraw(*this);
  while (free_) delete std::exchange(free_, free_->next_free_);
}

void Http2Driver::shutdown() {
  engine_.shutdown();
  mark_dirty();
}

void Http2Driver::close(ErrorCode code, std::string_view text) {
  if (reason_.empty()) reason_ = text;
  engine_.close(code, text);
  mark_dirty();
}

Http2Exchange& Http2Driver::make_exchange(http2::Stream* stream, http::ExchangeEvents* events) {
  Http2Exchange* exchange = free_;
  if (exchange) {
    free_ = exchange->next_free_;
    --free_count_;
  } else {
    exchange = new Http2Exchange;
    exchange->driver_ = this;
  }
  exchange->stream_ = stream;
  exchange->events_ = events;
  exchange->failed_ = false;
  ++stats_.exchanges_started;
  return *exchange;
}

void Http2Driver::abandon() {
  Timer::cancel();
  if (!engine_.is_closed()) engine_.receive_end("the connection was closed on this side", executor_.now());
  stream_.reset();
  if (std::exchange(dirty_, false)) executor_.withdraw(*this);
}

// --- bytes ---

void Http2Driver::on_bytes(const Slice& bytes) {
  if (closing_) return;
  stats_.bytes_received += bytes.size();
  started_ = true;
  engine_.receive(bytes, executor_.now());
  mark_dirty();
}

void Http2Driver::on_end() {
  input_ended_ = true;
  if (!closing_) {
    if (reason_.empty()) reason_ = "the peer closed the connection";
    started_ = true;
    engine_.receive_end("the peer closed the connection", executor_.now());
  }
  mark_dirty();
}

void Http2Driver::on_error(const Error& error) {
  broken_ = input_ended_ = true;
  if (!closing_) {
    if (reason_.empty()) reason_ = error.message;
    engine_.receive_end(error.message, executor_.now());
  }
  mark_dirty();
}

void Http2Driver::on_writable() {
  blocked_ = false;
  mark_dirty();
}

bool Http2Driver::write_output() {
  if (broken_) {
    engine_.output().clear();
    return true;
  }
  constexpr std::size_t kPieces = 32;
  iovec pieces[kPieces];
  OutputQueue& output = engine_.output();
  while (!output.empty()) {
    if (blocked_) return false;
    const std::size_t count = output.gather(pieces);
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) total += pieces[i].iov_len;
    const std::size_t taken = stream_->write({pieces, count});
    stats_.bytes_sent += taken;
    output.consume(taken);
    if (taken < total) blocked_ = true;
  }
  return true;
}

// The end of a turn: everything that happened in it is written in as few pieces as the byte stream takes.
void Http2Driver::run() {
  dirty_ = false;
  const TimePoint now = executor_.now();
  if (started_ && !closing_) {
    // Flushing may make room for more of what waits: go on until nothing moves.
    do {
      if (engine_.wants_flush()) engine_.flush(now);
    } while (write_output() && engine_.wants_flush());
  }
  settle();
}

void Http2Driver::settle() {
  if (!closing_) {
    if (engine_.is_closed()) {
      begin_closing(engine_.error().text);
    } else if (drained_ && engine_.output().empty()) {
      begin_closing("drained");
    }
  }
  if (closing_) {
    if (write_output() && !write_ended_ && !broken_) {
      write_ended_ = true;
      stream_->shutdown_write();
    }
    if (input_ended_) return finish();
    return;
  }
  if (paused_ == engine_.wants_read()) {
    paused_ = !paused_;
    paused_ ? stream_->pause_reading() : stream_->resume_reading();
  }
  const TimePoint next = engine_.next_timeout();
  if (next == kNever) {
    Timer::cancel();
  } else if (!scheduled() || deadline() != next) {
    executor_.timers().schedule(*this, next);
  }
}

void Http2Driver::on_timer() {
  if (closing_) {
    input_ended_ = true;  // the peer had its time
  } else {
    engine_.on_timeout(executor_.now());
  }
  mark_dirty();
}

void Http2Driver::begin_closing(std::string_view reason) {
  closing_ = true;
  if (reason_.empty()) reason_ = reason;
  if (paused_) {
    paused_ = false;
    stream_->resume_reading();  // to see its end
  }
  executor_.timers().schedule(*this, add_saturating(executor_.now(), kLinger));
  if (!input_ended_) draining(reason_);  // else ended() comes at once
}

void Http2Driver::finish() {
  Timer::cancel();
  stream_.reset();
  const std::string reason = std::move(reason_);
  ended(reason);
}

// --- events of the engine ---

void Http2Driver::on_headers(http2::Stream& stream, http2::HeadersKind kind, const http::FieldViews& fields, bool end) {
  if (kind == http2::HeadersKind::kRequest) {
    Http2Exchange& exchange = make_exchange(&stream, nullptr);
    stream.user = &exchange;
    exchange.events_ = on_request(exchange, fields, end);
    return;
  }
  exchange_of(stream)->events_->on_headers(kind_of(kind), fields, end);
}

void Http2Driver::on_data(http2::Stream& stream, const http2::DataView& data, bool end) {
  exchange_of(stream)->events_->on_body(http::BodyView{data.bytes, data.owner}, end);
}

void Http2Driver::on_reset(http2::Stream& stream, const http2::StreamReset& reset) {
  Http2Exchange* exchange = exchange_of(stream);
  exchange->failed_ = true;
  std::string text;
  std::string_view detail = reset.text;
  if (detail.empty()) {
    text = "the peer reset the stream with ";
    text += http2::name_of(reset.code);
    detail = text;
  }
  exchange->events_->on_reset(reason_of(reset), detail);
}

void Http2Driver::on_stream_closed(http2::Stream& stream) {
  Http2Exchange* exchange = exchange_of(stream);
  ++(exchange->failed_ ? stats_.exchanges_failed : stats_.exchanges_succeeded);
  exchange->events_->on_closed();
  exchange->events_ = nullptr;
  exchange->stream_ = nullptr;
  if (free_count_ < kKeptExchanges) {
    exchange->next_free_ = free_;
    free_ = exchange;
    ++free_count_;
  } else {
    delete exchange;
  }
}

void Http2Driver::on_writable(http2::Stream& stream) { exchange_of(stream)->events_->on_writable(); }

void Http2Driver::on_goaway(std::uint32_t, ErrorCode code, std::string_view debug_text) {
  std::string text = "the peer said GOAWAY (";
  text += http2::name_of(code);
  if (!debug_text.empty()) {
    text += ": ";
    text += debug_text.substr(0, 200);
  }
  text += ')';
  if (code != ErrorCode::kNoError && log_enabled(LogLevel::kInfo)) log(LogLevel::kInfo, "http2", info_.peer + ": " + text);
  draining(text);
}

void Http2Driver::on_drained() { drained_ = true; }

void Http2Driver::on_connection_error(const http2::ConnectionError& error) {
  if (error.kind == http2::ConnectionErrorKind::kPeerSpeaksHttp1 && engine_.role() == http2::Role::kServer) {
    answer_in_http1();
  }
  // A peer that just goes away is no news; one that breaks rules is.
  const bool quiet = error.kind == http2::ConnectionErrorKind::kInputEnded;
  const LogLevel level = quiet ? LogLevel::kDebug : LogLevel::kWarning;
  if (log_enabled(level)) log(level, "http2", info_.peer + ": connection closed: " + error.text);
  if (reason_.empty()) reason_ = error.text;
}

void Http2Driver::answer_in_http1() {
  OutputQueue& output = engine_.output();
  output.clear();  // an HTTP/1 client can't read our preface
  constexpr std::string_view kAnswer =
      "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 64\r\n"
      "connection: close\r\n\r\nThis port speaks HTTP/2 (gRPC): use a client that talks HTTP/2.\n";
  output.append(as_bytes(kAnswer));
}

}  // namespace godwit::transport
