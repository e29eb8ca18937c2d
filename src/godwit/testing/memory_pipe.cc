#include "godwit/testing/memory_pipe.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "godwit/base/assert.h"
#include "godwit/testing/deferred_call.h"

namespace godwit::testing {
namespace {

class PipeEnd final : public ByteStream {
 public:
  PipeEnd(Executor& executor, const MemoryPipeOptions& options, ByteStreamInfo info)
      : turn_(
            executor, [](void* self) { static_cast<PipeEnd*>(self)->turn(); }, this),
        read_size_(std::max<std::size_t>(options.read_size, 1)),
        buffer_(options.buffer),
        info_(std::move(info)) {}
  ~PipeEnd() override {
    if (destroyed_) *destroyed_ = true;
    if (!peer_) return;
    peer_->peer_ = nullptr;
    peer_->wake();
  }
  void connect(PipeEnd& peer) { peer_ = &peer; }

  void start(ByteStreamEvents& events) override {
    GODWIT_ASSERT(!events_ && "start() is called once");
    events_ = &events;
    wake();
  }

  std::size_t write(std::span<const iovec> pieces) override {
    GODWIT_ASSERT(!ended_ && "no write() after shutdown_write()");
    if (broken_) return 0;
    std::size_t wanted = 0, taken = 0;
    for (const iovec& piece : pieces) wanted += piece.iov_len;
    if (wanted == 0) return 0;
    if (!peer_) {
      broken_ = true;
      wake();
      return 0;
    }
    const std::size_t room = buffer_ - std::min(buffer_, peer_->waiting_bytes_);
    for (const iovec& piece : pieces) {
      const std::size_t n = std::min(piece.iov_len, room - taken);
      if (n == 0) continue;
      peer_->waiting_.push_back(Slice::copy_of({static_cast<const std::uint8_t*>(piece.iov_base), n}));
      taken += n;
    }
    peer_->waiting_bytes_ += taken;
    if (taken > 0) peer_->wake();
    if (taken < wanted) wants_room_ = true;
    return taken;
  }
  void shutdown_write() override {
    ended_ = true;
    if (peer_) peer_->wake();
  }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override {
    paused_ = false;
    wake();
  }
  const ByteStreamInfo& info() const override { return info_; }

 private:
  void wake() {
    if (events_) turn_.schedule();
  }

  // Each turn tells one thing, so that users see many small events.
  void turn() {
    if (broken_) {
      if (!std::exchange(error_told_, true))
        events_->on_error(error_from_errno("connection with " + info_.peer_text, EPIPE));
      return;
    }
    bool destroyed = false;
    destroyed_ = &destroyed;
    if (wants_room_ && peer_ && peer_->waiting_bytes_ < buffer_) {
      wants_room_ = false;
      events_->on_writable();
    } else if (wants_room_ && !peer_) {
      broken_ = true;  // the rest of that write can't go anywhere
    } else if (!paused_ && !waiting_.empty()) {
      Slice bytes = waiting_.front().part(0, std::min(read_size_, waiting_.front().size()));
      waiting_.front().remove_prefix(bytes.size());
      if (waiting_.front().empty()) waiting_.pop_front();
      waiting_bytes_ -= bytes.size();
      if (peer_ && peer_->wants_room_) peer_->wake();
      events_->on_bytes(bytes);
    } else if (!paused_ && !end_told_ && (!peer_ || peer_->ended_)) {
      end_told_ = true;
      events_->on_end();
    }
    if (destroyed) return;
    destroyed_ = nullptr;
    const bool more = broken_ || (!paused_ && (!waiting_.empty() || (!end_told_ && (!peer_ || peer_->ended_)))) ||
                      (wants_room_ && (!peer_ || peer_->waiting_bytes_ < buffer_));
    if (more) wake();
  }

  DeferredCall turn_;
  const std::size_t read_size_;
  const std::size_t buffer_;
  const ByteStreamInfo info_;
  PipeEnd* peer_ = nullptr;  // nullptr: destroyed
  ByteStreamEvents* events_ = nullptr;
  std::deque<Slice> waiting_;  // written by the peer, not read yet
  std::size_t waiting_bytes_ = 0;
  bool paused_ = false;
  bool ended_ = false;  // our shutdown_write()
  bool end_told_ = false;
  bool wants_room_ = false;
  bool broken_ = false;
  bool error_told_ = false;
  bool* destroyed_ = nullptr;
};

}  // namespace

MemoryPipe make_memory_pipe(Executor& executor, MemoryPipeOptions options) {
  if (options.first_info.peer_text.empty()) options.first_info.peer_text = "memory:second";
  if (options.second_info.peer_text.empty()) options.second_info.peer_text = "memory:first";
  auto first = std::make_unique<PipeEnd>(executor, options, options.first_info);
  auto second = std::make_unique<PipeEnd>(executor, options, options.second_info);
  first->connect(*second);
  second->connect(*first);
  return {std::move(first), std::move(second)};
}

}  // namespace godwit::testing
