#include "godwit/rpc/client/blocking.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/unary_call.h"

namespace godwit::rpc {
namespace {

Status on_loop_status() {
  return Status(StatusCode::kFailedPrecondition,
                "a blocking call on the thread of the channel's own loop would wait for ever; co_await it instead");
}

// Where a thread waits for its unary call. Of the thread, not of the call: the loop may still be waking the thread when
// the call's object is gone.
thread_local std::atomic<int> unary_done{0};

template <typename Framed>
class BlockingUnary final : public UnaryCall, public Work {
 public:
  BlockingUnary(Channel& channel, const ClientMethod& method, ClientContext* context, const Framed& framed,
                MessageHandle request)
      : channel_(channel), method_(method), context_(context), framed_(framed), request_(request), done_(unary_done) {}

  BlockingReply wait() {
    done_.store(0, std::memory_order_relaxed);
    channel_.executor().post_and_turn(*this);
    done_.wait(0, std::memory_order_acquire);
    return std::move(reply_);
  }

 private:
  void run() override { start(channel_, method_, context_, framed_, request_); }
  void on_message(const http::BodyView& message) override { reply_.message = message.slice(); }
  void on_finished(Status&& status) override {
    if (!status.ok()) reply_.message = Slice();
    reply_.status = std::move(status);
    std::atomic<int>& done = done_;
    done.store(1, std::memory_order_release);  // this may be gone from here on
    done.notify_one();
  }

  Channel& channel_;
  const ClientMethod& method_;
  ClientContext* context_;
  const Framed& framed_;
  MessageHandle request_;
  std::atomic<int>& done_;
  BlockingReply reply_;
};

template <typename Framed>
BlockingReply call_and_wait(Channel& channel, const ClientMethod& method, ClientContext* context, const Framed& framed,
                            MessageHandle request) {
  if (channel.executor().on_loop()) return {on_loop_status(), Slice()};
  BlockingUnary<Framed> call(channel, method, context, framed, request);
  return call.wait();
}

}  // namespace

BlockingReply blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context, Bytes framed,
                             MessageHandle request) {
  return call_and_wait(channel, method, context, framed, request);
}
BlockingReply blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context, Slice framed,
                             MessageHandle request) {
  return call_and_wait(channel, method, context, framed, request);
}
BlockingReply blocking_unary(Channel& channel, const ClientMethod& method, ClientContext* context, Slices framed,
                             MessageHandle request) {
  return call_and_wait(channel, method, context, framed, request);
}

// Two queues between the caller's threads and the loop. Whatever the threads want is written down under the mutex, and
// one piece of work, posted when it is not on its way already, carries it out on the loop.
class BlockingCall::State final : private CallSink, private Work {
 public:
  State(Channel& channel, const ClientMethod& method, ClientContext* context)
      : executor_(channel.executor()), channel_(channel), method_(method), context_(context) {
    if (executor_.on_loop()) {
      done_ = detached_ = true;
      status_ = on_loop_status();
      return;
    }
    const std::lock_guard lock(mutex_);
    post();
  }
  ~State() {
    std::unique_lock lock(mutex_);
    detach_ = true;
    if (!detached_) post();
    changed_.wait(lock, [this] { return detached_ && !posted_; });
  }

  bool write(Slice framed) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_ || (loop_can_write_ && outgoing_bytes_ <= http::Exchange::kHighWater); });
    if (done_ || close_) return false;
    outgoing_bytes_ += framed.size();
    outgoing_.push_back(std::move(framed));
    post();
    return true;
  }
  void close_sending() {
    const std::lock_guard lock(mutex_);
    if (close_ || done_) return;
    close_ = true;
    post();
  }
  bool read(Slice& message) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !incoming_.empty() || done_; });
    if (incoming_.empty()) return false;
    message = std::move(incoming_.front());
    incoming_.pop_front();
    incoming_bytes_ -= message.size() + kPerMessage;
    if (paused_ && incoming_bytes_ <= kFetchBytes / 2) post();
    return true;
  }
  Status finish() {
    std::unique_lock lock(mutex_);
    finish_ = close_ = true;
    incoming_.clear();
    incoming_bytes_ = 0;
    if (!done_) post();
    changed_.wait(lock, [this] { return done_; });
    return status_;
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    cancel_ = true;
    post();
  }

 private:
  // So many bytes of messages are fetched ahead of the reader; each message counts a little more than its bytes.
  static constexpr std::size_t kFetchBytes = 128 * 1024;
  static constexpr std::size_t kPerMessage = 64;

  void post() {  // with the mutex
    if (!posted_) {
      posted_ = true;
      executor_.post(*this);
    }
  }

  // On the loop.
  void run() override {
    std::unique_lock lock(mutex_);
    posted_ = false;
    if (detach_) {
      lock.unlock();
      if (call_) std::exchange(call_, nullptr)->release();
      lock.lock();
      detached_ = done_ = true;
      changed_.notify_all();
      return;
    }
    sending_.swap(outgoing_);
    outgoing_bytes_ = 0;
    const bool close = close_;
    const bool finish = finish_;
    const bool cancel = cancel_;
    const bool fetch = paused_ && incoming_bytes_ <= kFetchBytes / 2;
    lock.unlock();

    if (!started_) {
      started_ = true;
      call_ = &Call::make(channel_.core(), method_, context_, *this, Call::Delivery::kPull);
      call_->start();
    }
    if (cancel) call_->cancel();
    for (Slice& framed : sending_) call_->send(framed, false);
    sending_.clear();
    if (close) call_->close_sending();
    if (finish) {
      call_->discard_messages();
    } else if (fetch) {
      this->fetch();
    }
    lock.lock();
    loop_can_write_ = call_->can_write();
    changed_.notify_all();
  }

  // Takes what is there, and asks for more while the reader's share is not full.
  void fetch() {
    Slice message;
    while (has_room()) {
      if (!call_->take(message)) {
        if (!call_->done()) call_->want_message();
        return;
      }
      push(std::move(message));
    }
  }
  bool has_room() {
    const std::lock_guard lock(mutex_);
    paused_ = incoming_bytes_ > kFetchBytes;
    return !paused_;
  }
  void push(Slice message) {
    const std::lock_guard lock(mutex_);
    if (finish_) return;
    incoming_bytes_ += message.size() + kPerMessage;
    incoming_.push_back(std::move(message));
    changed_.notify_all();
  }
  void on_initial_metadata() override {}
  void on_message(const http::BodyView& message) override {
    push(message.slice());
    if (has_room()) call_->want_message();
  }
  void on_writable() override {
    const std::lock_guard lock(mutex_);
    loop_can_write_ = call_->can_write();
    if (loop_can_write_) changed_.notify_all();
  }
  void on_done() override {
    // What the reader had no room for is here by now.
    Slice message;
    while (call_ && call_->take(message)) push(std::move(message));
    const std::lock_guard lock(mutex_);
    status_ = call_->status();
    done_ = true;
    changed_.notify_all();
  }

  Executor& executor_;
  Channel& channel_;
  const ClientMethod& method_;
  ClientContext* context_;
  Call* call_ = nullptr;        // loop only
  bool started_ = false;        // loop only
  std::vector<Slice> sending_;  // loop only

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Slice> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  std::deque<Slice> incoming_;
  std::size_t incoming_bytes_ = 0;
  bool posted_ = false;
  bool loop_can_write_ = true;
  bool paused_ = true;  // no message has been asked for
  bool close_ = false;
  bool finish_ = false;
  bool cancel_ = false;
  bool detach_ = false;
  bool detached_ = false;
  bool done_ = false;
  Status status_;
};

BlockingCall::BlockingCall(Channel& channel, const ClientMethod& method, ClientContext* context)
    : state_(std::make_unique<State>(channel, method, context)) {}
BlockingCall::~BlockingCall() = default;

bool BlockingCall::write(Bytes framed) { return state_->write(Slice::copy_of(framed)); }
bool BlockingCall::write(Slice framed) { return state_->write(std::move(framed)); }
bool BlockingCall::write(Slices framed) { return state_->write(Slice::join(framed)); }
void BlockingCall::close_sending() { state_->close_sending(); }
bool BlockingCall::read(Slice& message) { return state_->read(message); }
Status BlockingCall::finish() { return state_->finish(); }
void BlockingCall::cancel() { state_->cancel(); }

}  // namespace godwit::rpc
