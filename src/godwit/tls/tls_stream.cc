#include "godwit/tls/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "godwit/base/assert.h"
#include "godwit/tls/certificate_names.h"
#include "godwit/tls/tls_error.h"

namespace godwit::tls {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;  // the most plaintext of one record (RFC 8446 section 5.1)
// write() takes no more once this much ciphertext waits for the stream below: four full records per write there.
constexpr std::size_t kOutputBytesMax = 64 * 1024;

// Where the pieces of one record come together. Only in use inside write().
thread_local std::array<std::uint8_t, kRecordBytes> record_buffer;

constexpr std::string_view kPlainHttpAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 40\r\n\r\n"
    "This port speaks TLS: use https instead.";

bool looks_like_http1(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  for (const std::string_view method : {"GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "PATCH "}) {
    if (text.starts_with(method)) return true;
  }
  return false;
}

// Sets `*where` to a flag that the stream's destructor raises; clears it at the end unless it was raised.
class DestructionWatch {
 public:
  // Not inlined: g++ 12 would not see that the destructor takes the address back whenever `where` still exists.
  [[gnu::noinline]] explicit DestructionWatch(bool*& where) : where_(where), before_(where) { where_ = &raised_; }
  ~DestructionWatch() {
    if (!raised_) {
      where_ = before_;
    } else if (before_) {
      *before_ = true;
    }
  }
  bool raised() const { return raised_; }

 private:
  bool*& where_;
  bool* before_;
  bool raised_ = false;
};

}  // namespace

TlsStream::TlsStream(Executor& executor, std::unique_ptr<ByteStream> lower, std::shared_ptr<const TlsContext> context,
                     std::string server_name)
    : executor_(executor),
      lower_(std::move(lower)),
      context_(std::move(context)),
      server_name_(std::move(server_name)),
      info_(lower_->info()) {}

TlsStream::~TlsStream() {
  if (destroyed_) *destroyed_ = true;
  if (scheduled_) executor_.withdraw(*this);
  if (!ssl_) return;
  if ((state_ == State::kReady || state_ == State::kOpen) && !close_notify_sent_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
    flush();  // once: what does not go out now is lost
  }
  SSL_free(ssl_);
}

void TlsStream::begin(HandshakeEvents& events) {
  handshake_ = &events;
  ERR_clear_error();
  ssl_ = SSL_new(context_->native());
  BIO* bio = BIO_new(bio_method());
  if (!ssl_ || !bio) {
    BIO_free(bio);
    error_ = std::make_unique<Error>(handshake_error("can't be set up: " + take_openssl_reason("no reason given")));
  } else {
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    const std::int64_t wall_seconds = executor_.clock().wall_nanos() / 1'000'000'000;
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_), static_cast<time_t>(wall_seconds));
    if (context_->is_server()) {
      SSL_set_accept_state(ssl_);
    } else {
      SSL_set_connect_state(ssl_);
      if (!configure_client()) {
        error_ = std::make_unique<Error>(
            handshake_error("\"" + server_name_ + "\" is no host name or IP address to verify the server by"));
      }
    }
  }
  lower_->start(*this);
  if (error_) {
    state_ = State::kFailed;
    schedule();
  } else if (!context_->is_server()) {
    continue_handshake();
  }
}

bool TlsStream::configure_client() {
  std::string name = server_name_;
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  unsigned char ip[16];
  if (inet_pton(AF_INET, name.c_str(), ip) == 1 || inet_pton(AF_INET6, name.c_str(), ip) == 1) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str()) == 1;  // SNI takes names only (RFC 6066)
  }
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  // Names count, the subject's common name does not (RFC 9525), unless asked for: then where there are no names.
  SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                              (context_->common_name_counts() ? 0 : X509_CHECK_FLAG_NEVER_CHECK_SUBJECT));
  return SSL_set1_host(ssl_, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl_, name.c_str()) == 1;
}

Error TlsStream::handshake_error(std::string_view reason) const {
  return Error("TLS handshake with " + info_.peer_text + ": " + std::string(reason));
}

void TlsStream::abandon() {
  handshake_ = nullptr;
  state_ = State::kFailed;
}

void TlsStream::continue_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) {
    return fail_handshake(refusal_ ? (ERR_clear_error(), *refusal_) : take_tls_reason());
  }
  flush();
  if (error == SSL_ERROR_NONE) finish_handshake();
}

// The alert that OpenSSL may have written still goes out.
void TlsStream::fail_handshake(std::string_view reason) {
  if (state_ != State::kHandshaking) return;
  state_ = State::kFailed;
  error_ = std::make_unique<Error>(handshake_error(reason));
  input_ = {};
  flush();
  schedule();
}

void TlsStream::finish_handshake() {
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
  info_.alpn_protocol.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  if (info_.alpn_protocol.empty() && context_->alpn_required()) {
    SSL_shutdown(ssl_);
    return fail_handshake("the server chose no application protocol (ALPN); we offered " + alpn_list_text());
  }
  TlsIdentity& tls = info_.tls;
  tls.established = true;
  tls.version = SSL_get_version(ssl_);
  if (const char* name = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_))) tls.cipher = name;
  if (X509* certificate = SSL_get0_peer_certificate(ssl_)) {
    tls.peer_certificate_pem = pem_of(certificate);
    tls.subject_common_name = common_name_of(certificate);
    tls.subject_alt_names = alt_names_of(certificate);
  }
  state_ = State::kReady;
  set_lower_paused(true);
  std::exchange(handshake_, nullptr)->on_handshake_done();
}

std::string TlsStream::alpn_list_text() const {
  std::string text;
  for (const std::string& name : context_->alpn_protocols()) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

void TlsStream::start(ByteStreamEvents& events) {
  GODWIT_ASSERT(!events_ && "start() is called once");
  events_ = &events;
  if (state_ == State::kReady) state_ = State::kOpen;
  if (error_ || !input_.empty() || lower_ended_) {
    schedule();
  } else {
    set_lower_paused(paused_);
  }
}

std::size_t TlsStream::write(std::span<const iovec> pieces) {
  if (state_ == State::kFailed || close_notify_sent_) return 0;
  GODWIT_ASSERT(state_ != State::kHandshaking);
  std::size_t taken = 0;
  std::size_t index = 0, offset = 0;  // of the next byte
  while (true) {
    while (index < pieces.size() && offset == pieces[index].iov_len) {
      ++index;
      offset = 0;
    }
    if (index == pieces.size()) break;
    if (output_.size() >= kOutputBytesMax) {
      flush();
      if (output_.size() >= kOutputBytesMax) {
        wants_room_ = true;
        break;
      }
    }
    const auto* piece = static_cast<const std::uint8_t*>(pieces[index].iov_base) + offset;
    std::size_t size = std::min(pieces[index].iov_len - offset, kRecordBytes);
    std::size_t end_index = index, end_offset = offset + size;
    if (size < kRecordBytes && index + 1 < pieces.size()) {
      std::memcpy(record_buffer.data(), piece, size);
      while (size < kRecordBytes && end_index + 1 < pieces.size()) {
        ++end_index;
        end_offset = std::min(pieces[end_index].iov_len, kRecordBytes - size);
        if (end_offset > 0) std::memcpy(record_buffer.data() + size, pieces[end_index].iov_base, end_offset);
        size += end_offset;
      }
      piece = record_buffer.data();
    }
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl_, piece, size, &written) != 1) {
      fail(Error("TLS connection with " + info_.peer_text + ": " + take_tls_reason()));
      break;
    }
    GODWIT_ASSERT(written == size && "a record goes to memory as a whole");
    taken += size;
    index = end_index;
    offset = end_offset;
  }
  flush();
  return taken;
}

void TlsStream::shutdown_write() {
  if (state_ == State::kFailed || close_notify_sent_) return;
  GODWIT_ASSERT(state_ != State::kHandshaking);
  close_notify_sent_ = true;
  wants_room_ = false;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
  flush();
}

void TlsStream::pause_reading() {
  paused_ = true;
  if (state_ == State::kOpen) set_lower_paused(true);
}

void TlsStream::resume_reading() {
  paused_ = false;
  if (state_ != State::kOpen) return;
  if (!input_.empty() || SSL_pending(ssl_) > 0 || lower_ended_ || close_notify_received_) {
    schedule();
  } else {
    set_lower_paused(false);
  }
}

void TlsStream::set_lower_paused(bool paused) {
  if (lower_paused_ == paused) return;
  lower_paused_ = paused;
  if (paused) {
    lower_->pause_reading();
  } else {
    lower_->resume_reading();
  }
}

void TlsStream::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  executor_.at_turn_end(*this);
}

// Tells what could not be told from inside a call of our user.
void TlsStream::run() {
  scheduled_ = false;
  if (error_ && (handshake_ || events_)) {
    const auto error = std::move(error_);
    DestructionWatch watch(destroyed_);
    if (handshake_) {
      const bool ended = lower_ended_;
      HandshakeEvents* handshake = handshake_;
      handshake->on_handshake_failed(*error);
      if (!watch.raised() && ended && handshake_) handshake_->on_lower_ended();
    } else {
      events_->on_error(*error);
    }
  } else if (state_ == State::kOpen && !paused_) {
    read_records();
  }
}

void TlsStream::on_bytes(const Slice& bytes) {
  if (bytes_received_ == 0 && state_ == State::kHandshaking) {
    // A record's first two bytes: a handshake or an alert, and the major version (RFC 8446 section 5.1).
    const Bytes first = bytes.bytes();
    const bool tls = (first[0] == 0x16 || first[0] == 0x15) && (first.size() == 1 || first[1] == 3);
    if (!tls) {
      bytes_received_ = bytes.size();
      if (context_->is_server() && looks_like_http1(first)) output_.append(as_bytes(kPlainHttpAnswer));
      return fail_handshake("peer does not speak TLS: its first bytes are " + quote_first_bytes(first));
    }
  }
  bytes_received_ += bytes.size();
  if (state_ == State::kFailed || close_notify_received_) return;
  GODWIT_DEBUG_ASSERT(input_.empty());
  input_ = bytes;
  if (state_ == State::kHandshaking) {
    DestructionWatch watch(destroyed_);
    continue_handshake();
    if (watch.raised()) return;
  }
  if (state_ == State::kOpen && !paused_ && !scheduled_) read_records();
}

// Decrypts into a block of our own until the input is used up, our user pauses, or the connection ends.
void TlsStream::read_records() {
  DestructionWatch watch(destroyed_);
  while (state_ == State::kOpen && !paused_ && !close_notify_received_) {
    if (input_.empty() && SSL_pending(ssl_) == 0) break;
    const std::size_t wanted = input_.size() + static_cast<std::size_t>(SSL_pending(ssl_));
    BlockRef block = BlockRef::allocate(wanted <= Block::kSmall ? Block::kSmall : Block::kLarge);
    const std::size_t capacity = block->capacity();
    std::size_t filled = 0;
    int error = SSL_ERROR_NONE;
    ERR_clear_error();
    while (filled < capacity) {
      std::size_t count = 0;
      const int result = SSL_read_ex(ssl_, block->data() + filled, capacity - filled, &count);
      if (result != 1) {
        error = SSL_get_error(ssl_, result);
        break;
      }
      filled += count;
    }
    std::string reason;
    if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) reason = take_tls_reason();
    if (error == SSL_ERROR_ZERO_RETURN) {
      close_notify_received_ = true;
      input_ = {};
    }
    if (!output_.empty()) flush();  // an alert or an answer of the protocol itself
    if (filled > 0) {
      events_->on_bytes(Slice({block->data(), filled}, block));
      if (watch.raised()) return;
    }
    if (!reason.empty()) return fail(Error("TLS connection with " + info_.peer_text + ": " + reason));
  }
  if (state_ != State::kOpen) return;
  tell_end_or_truncation();
  if (watch.raised() || state_ != State::kOpen) return;
  if (!paused_ && input_.empty()) set_lower_paused(false);
}

void TlsStream::tell_end_or_truncation() {
  if (paused_ || end_told_ || (!close_notify_received_ && !lower_ended_)) return;
  end_told_ = true;
  if (!close_notify_received_ && !close_notify_sent_) {
    return fail(Error("TLS connection with " + info_.peer_text +
                      " ended without close_notify: the peer broke down, or somebody cut the data short"));
  }
  events_->on_end();
}

void TlsStream::on_end() {
  lower_ended_ = true;
  if (handshake_) {
    if (state_ == State::kHandshaking) {
      fail_handshake("the peer closed the connection after " + std::to_string(bytes_received_) + " bytes");
    } else if (state_ == State::kFailed && !error_) {
      handshake_->on_lower_ended();
    }
    return;
  }
  if (state_ == State::kOpen && !scheduled_ && input_.empty()) tell_end_or_truncation();
}

void TlsStream::on_writable() {
  lower_blocked_ = false;
  flush();
  if (wants_room_ && events_ && state_ == State::kOpen && output_.size() < kOutputBytesMax / 2) {
    wants_room_ = false;
    events_->on_writable();
  }
}

void TlsStream::on_error(const Error& error) {
  lower_blocked_ = true;  // nothing goes out any more
  if (handshake_) {
    if (state_ == State::kHandshaking) {
      fail_handshake(error.message);
    } else if (state_ == State::kFailed && !error_) {
      handshake_->on_lower_ended();
    } else {
      lower_ended_ = true;
    }
    return;
  }
  fail(error);
}

// Told at the end of the turn: this may be inside a call of our user.
void TlsStream::fail(Error error) {
  if (state_ == State::kFailed) return;
  state_ = State::kFailed;
  error_ = std::make_unique<Error>(std::move(error));
  input_ = {};
  schedule();
}

void TlsStream::flush() {
  while (!output_.empty() && !lower_blocked_) {
    std::array<iovec, 16> pieces;
    const std::size_t count = output_.gather(pieces);
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += pieces[i].iov_len;
    const std::size_t taken = lower_->write(std::span(pieces).first(count));
    output_.consume(taken);
    if (taken < size) lower_blocked_ = true;
  }
  const bool ends = close_notify_sent_ || (state_ == State::kFailed && handshake_);
  if (ends && output_.empty() && !lower_blocked_ && !lower_shut_down_) {
    lower_shut_down_ = true;
    lower_->shutdown_write();
  }
}

int TlsStream::verify_callback(int ok, X509_STORE_CTX* store) {
  if (ok) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
  if (self && !self->refusal_) {
    self->refusal_ = std::make_unique<std::string>(describe_verify_error(store, self->server_name_));
  }
  return 0;
}

int TlsStream::alpn_callback(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                             unsigned in_size, void* wire_pointer) {
  const auto& wire = *static_cast<const std::string*>(wire_pointer);
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
                                           static_cast<unsigned>(wire.size()), in, in_size);
  if (result == OPENSSL_NPN_NEGOTIATED) {
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
  }
  if (auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl))) {
    std::string offered;
    for (unsigned at = 0; at < in_size; at += 1u + in[at]) {
      const std::size_t size = std::min<std::size_t>(in[at], in_size - at - 1);
      const std::string quoted = quote_first_bytes({in + at + 1, size});
      offered.append(offered.empty() ? "" : ", ").append(quoted);
      if (offered.size() > 200) break;
    }
    self->refusal_ = std::make_unique<std::string>("no common application protocol (ALPN): the client offers " +
                                                   offered + ", this server speaks " + self->alpn_list_text());
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsStream::bio_read(BIO* bio, char* out, std::size_t size, std::size_t* count) {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_.empty()) {
    BIO_set_retry_read(bio);
    *count = 0;
    return -1;
  }
  *count = std::min(size, self->input_.size());
  std::memcpy(out, self->input_.data(), *count);
  if (*count == self->input_.size()) {
    self->input_ = {};  // gives the block back
  } else {
    self->input_.remove_prefix(*count);
  }
  return 1;
}

int TlsStream::bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* count) {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self->output_.append(as_bytes({data, size}));
  *count = size;
  return 1;
}

long TlsStream::bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* TlsStream::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "godwit byte stream");
    BIO_meth_set_read_ex(m, bio_read);
    BIO_meth_set_write_ex(m, bio_write);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

}  // namespace godwit::tls
