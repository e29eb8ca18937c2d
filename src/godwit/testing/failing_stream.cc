#include "godwit/testing/failing_stream.h"

#include <string>
#include <utility>

#include "godwit/testing/deferred_call.h"

namespace godwit::testing {
namespace {

class FailingStream final : public ByteStream, private ByteStreamEvents {
 public:
  FailingStream(Executor& executor, std::unique_ptr<ByteStream> stream, FailCount& count)
      : stream_(std::move(stream)),
        info_(stream_->info()),
        count_(count),
        failure_(executor, [](void* self) { static_cast<FailingStream*>(self)->tell(); }, this) {}

  void start(ByteStreamEvents& events) override {
    events_ = &events;
    if (!fails("start") && stream_) stream_->start(*this);
    if (!stream_) failure_.schedule();
  }
  std::size_t write(std::span<const iovec> pieces) override {
    if (!stream_ || fails("write")) return 0;
    return stream_->write(pieces);
  }
  void shutdown_write() override {
    if (stream_ && !fails("shutdown_write")) stream_->shutdown_write();
  }
  void pause_reading() override {
    if (stream_) stream_->pause_reading();
  }
  void resume_reading() override {
    if (stream_) stream_->resume_reading();
  }
  const ByteStreamInfo& info() const override { return info_; }

 private:
  void on_bytes(const Slice& bytes) override {
    if (fails("on_bytes")) return;
    events_->on_bytes(bytes);
  }
  void on_end() override {
    if (fails("on_end")) return;
    events_->on_end();
  }
  void on_writable() override { events_->on_writable(); }
  void on_error(const Error& error) override { events_->on_error(error); }

  bool fails(const char* operation) {
    if (!count_.next()) return false;
    error_ = Error("simulated failure of operation " + std::to_string(count_.count()) + " (" + operation + ")");
    stream_.reset();
    if (events_) failure_.schedule();
    return true;
  }
  void tell() {
    const Error error = std::move(error_);
    events_->on_error(error);
  }

  std::unique_ptr<ByteStream> stream_;  // null after the failure
  const ByteStreamInfo info_;
  FailCount& count_;
  DeferredCall failure_;
  ByteStreamEvents* events_ = nullptr;
  Error error_;
};

}  // namespace

std::unique_ptr<ByteStream> make_failing_stream(Executor& executor, std::unique_ptr<ByteStream> stream,
                                                FailCount& count) {
  return std::make_unique<FailingStream>(executor, std::move(stream), count);
}

}  // namespace godwit::testing
