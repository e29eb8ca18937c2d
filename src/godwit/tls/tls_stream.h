#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/base/output_queue.h"
#include "godwit/tls/tls_context.h"

struct ssl_st;
struct bio_st;
struct bio_method_st;
struct x509_store_ctx_st;

namespace godwit::tls {

// OpenSSL as a filter over a byte stream. Internal to this library: users see what tls_handshake() gives them.
//
// States, each entered once in this order (kFailed from any):
//   kHandshaking  the lower stream is being read; HandshakeEvents hears the result
//   kReady        handshake done, start() not called: the lower stream is paused
//   kOpen         events_ hears everything
//   kFailed       the error is told or about to be; bytes from below are dropped
class TlsStream final : public ByteStream, private ByteStreamEvents, private Work {
 public:
  // Not called from inside begin().
  class HandshakeEvents {
   public:
    virtual void on_handshake_done() = 0;
    virtual void on_handshake_failed(const Error& error) = 0;
    // After a failure: the peer has closed its direction, so nothing of ours can be lost by closing.
    virtual void on_lower_ended() = 0;

   protected:
    ~HandshakeEvents() = default;
  };

  TlsStream(Executor& executor, std::unique_ptr<ByteStream> lower, std::shared_ptr<const TlsContext> context,
            std::string server_name);
  ~TlsStream() override;

  void begin(HandshakeEvents& events);
  // Ends a handshake from outside (time-out): no HandshakeEvents follow.
  void abandon();
  // "TLS handshake with PEER: REASON".
  Error handshake_error(std::string_view reason) const;
  std::uint64_t bytes_received() const { return bytes_received_; }

  void start(ByteStreamEvents& events) override;
  std::size_t write(std::span<const iovec> pieces) override;
  void shutdown_write() override;
  void pause_reading() override;
  void resume_reading() override;
  const ByteStreamInfo& info() const override { return info_; }

  // For TlsContext.
  static int verify_callback(int ok, x509_store_ctx_st* store);
  static int alpn_callback(ssl_st* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                           unsigned in_size, void* wire);

 private:
  enum class State : std::uint8_t { kHandshaking, kReady, kOpen, kFailed };

  // From the stream below.
  void on_bytes(const Slice& bytes) override;
  void on_end() override;
  void on_writable() override;
  void on_error(const Error& error) override;
  void run() override;

  static int bio_read(bio_st* bio, char* out, std::size_t size, std::size_t* count);
  static int bio_write(bio_st* bio, const char* data, std::size_t size, std::size_t* count);
  static long bio_control(bio_st* bio, int command, long number, void* pointer);
  static const bio_method_st* bio_method();

  bool configure_client();
  void continue_handshake();
  void fail_handshake(std::string_view reason);
  void finish_handshake();
  void read_records();
  void tell_end_or_truncation();
  void fail(Error error);
  void flush();
  void schedule();
  void set_lower_paused(bool paused);
  std::string alpn_list_text() const;

  Executor& executor_;
  std::unique_ptr<ByteStream> lower_;
  std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_ = nullptr;
  std::string server_name_;
  ByteStreamInfo info_;
  HandshakeEvents* handshake_ = nullptr;
  ByteStreamEvents* events_ = nullptr;

  // Ciphertext that OpenSSL has not taken yet. While there is some, the lower stream is paused: one slice is enough.
  Slice input_;
  OutputQueue output_;                    // ciphertext that the lower stream has not taken yet
  std::unique_ptr<Error> error_;          // waits to be told
  std::unique_ptr<std::string> refusal_;  // why our side refused the peer, from a callback of OpenSSL
  bool* destroyed_ = nullptr;             // set while events run
  std::uint64_t bytes_received_ = 0;

  State state_ = State::kHandshaking;
  bool scheduled_ = false;
  bool paused_ = false;  // by our user
  bool lower_paused_ = false;
  bool lower_blocked_ = false;  // until its on_writable()
  bool lower_ended_ = false;
  bool lower_shut_down_ = false;
  bool close_notify_received_ = false;
  bool close_notify_sent_ = false;
  bool end_told_ = false;
  bool wants_room_ = false;
};

}  // namespace godwit::tls
