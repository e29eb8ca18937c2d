#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "godwit/async/byte_stream.h"

namespace godwit::testing {

// Owns a stream, keeps what it says, and writes whatever it is told to as room allows.
class StreamRecorder final : public ByteStreamEvents {
 public:
  StreamRecorder() = default;
  explicit StreamRecorder(std::unique_ptr<ByteStream> stream) { attach(std::move(stream)); }

  void attach(std::unique_ptr<ByteStream> stream) {
    stream_ = std::move(stream);
    stream_->start(*this);
  }
  bool attached() const { return stream_ != nullptr; }
  ByteStream& stream() { return *stream_; }
  std::unique_ptr<ByteStream> release() { return std::move(stream_); }
  void close() { stream_.reset(); }

  // Queues the bytes and writes what goes.
  void send(std::string_view bytes) {
    unsent_.append(bytes);
    flush();
  }
  // Ends our direction when everything queued is written.
  void finish() {
    finishing_ = true;
    flush();
  }

  const std::string& received() const { return received_; }
  std::string take_received() { return std::exchange(received_, {}); }
  std::size_t unsent() const { return unsent_.size() - sent_; }
  std::size_t reads() const { return reads_; }
  bool ended() const { return ended_; }
  const std::optional<Error>& error() const { return error_; }
  bool over() const { return ended_ || error_; }
  std::string error_text() const { return error_ ? error_->message : std::string(); }

 private:
  void on_bytes(const Slice& bytes) override {
    ++reads_;
    received_.append(as_text(bytes.bytes()));
  }
  void on_end() override { ended_ = true; }
  void on_writable() override { flush(); }
  void on_error(const Error& error) override { error_ = error; }
  void flush() {
    if (!stream_ || error_) return;
    if (unsent() > 0) {
      const iovec piece{unsent_.data() + sent_, unsent()};
      sent_ += stream_->write({&piece, 1});
    }
    if (unsent() > 0) return;
    unsent_.clear();
    unsent_.shrink_to_fit();
    sent_ = 0;
    if (finishing_ && !std::exchange(finished_, true)) stream_->shutdown_write();
  }

  std::unique_ptr<ByteStream> stream_;
  std::string received_;
  std::string unsent_;
  std::size_t sent_ = 0;
  std::size_t reads_ = 0;
  bool finishing_ = false;
  bool finished_ = false;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace godwit::testing
