#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "godwit/base/assert.h"

namespace godwit {

// A bounded queue between coroutines of one loop: at most one waits to push and one to pop. A push into a full queue
// waits, so a slow consumer holds the producer back. Whoever waits is resumed inside the other side's call.
template <typename T>
class AsyncQueue {
 public:
  // Room for `capacity` values (at least 1), allocated here and never again.
  explicit AsyncQueue(std::size_t capacity)
      : capacity_(capacity), values_(std::make_unique<std::optional<T>[]>(capacity)) {
    GODWIT_ASSERT(capacity > 0);
  }
  AsyncQueue(const AsyncQueue&) = delete;
  AsyncQueue& operator=(const AsyncQueue&) = delete;
  // Coroutines that still wait are never resumed; destroying them is their owner's duty.
  ~AsyncQueue() {
    if (pusher_) pusher_->queue_ = nullptr;
    if (popper_) popper_->queue_ = nullptr;
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool closed() const { return closed_; }

  // Takes `value` if there is room; false, and `value` untouched, when the queue is full or closed.
  bool try_push(T&& value) {
    if (closed_ || (size_ == capacity_ && !popper_)) return false;
    put(std::move(value));
    return true;
  }
  // The oldest value; nothing when the queue is empty.
  std::optional<T> try_pop() {
    if (size_ == 0) return std::nullopt;
    std::optional<T> value = std::exchange(values_[first_], std::nullopt);
    first_ = first_ + 1 == capacity_ ? 0 : first_ + 1;
    --size_;
    if (Pusher* pusher = std::exchange(pusher_, nullptr)) {
      put(std::move(pusher->value_));
      pusher->accepted_ = true;
      pusher->handle_.resume();
    }
    return value;
  }
  // No value gets in any more, a waiting push fails, pops drain what is there and then give nothing.
  void close() {
    closed_ = true;
    Popper* popper = std::exchange(popper_, nullptr);
    Pusher* pusher = std::exchange(pusher_, nullptr);
    // Each may destroy the queue and the other waiter, but not both waiters at once: they never wait at the same time.
    if (pusher) pusher->handle_.resume();
    if (popper) popper->handle_.resume();
  }

  class Pusher {
   public:
    Pusher(AsyncQueue& queue, T value) : queue_(&queue), value_(std::move(value)) {}
    Pusher(const Pusher&) = delete;
    ~Pusher() {
      if (queue_ && queue_->pusher_ == this) queue_->pusher_ = nullptr;
    }
    bool await_ready() {
      if (queue_->closed_) return true;
      accepted_ = queue_->try_push(std::move(value_));
      return accepted_;
    }
    void await_suspend(std::coroutine_handle<> handle) {
      GODWIT_ASSERT(!queue_->pusher_ && "one coroutine pushes into an AsyncQueue at a time");
      handle_ = handle;
      queue_->pusher_ = this;
    }
    bool await_resume() const { return accepted_; }

   private:
    friend class AsyncQueue;
    AsyncQueue* queue_;
    T value_;
    std::coroutine_handle<> handle_;
    bool accepted_ = false;
  };
  // co_await gives true when the value got in, false when the queue was closed before.
  Pusher push(T value) { return Pusher(*this, std::move(value)); }

  class Popper {
   public:
    explicit Popper(AsyncQueue& queue) : queue_(&queue) {}
    Popper(const Popper&) = delete;
    ~Popper() {
      if (queue_ && queue_->popper_ == this) queue_->popper_ = nullptr;
    }
    bool await_ready() {
      value_ = queue_->try_pop();
      return value_ || queue_->closed_;
    }
    void await_suspend(std::coroutine_handle<> handle) {
      GODWIT_ASSERT(!queue_->popper_ && "one coroutine pops from an AsyncQueue at a time");
      handle_ = handle;
      queue_->popper_ = this;
    }
    std::optional<T> await_resume() { return std::move(value_); }

   private:
    friend class AsyncQueue;
    AsyncQueue* queue_;
    std::optional<T> value_;
    std::coroutine_handle<> handle_;
  };
  // co_await gives the oldest value, nothing once the queue is closed and empty.
  Popper pop() { return Popper(*this); }

 private:
  void put(T&& value) {
    if (Popper* popper = std::exchange(popper_, nullptr)) {
      popper->value_.emplace(std::move(value));
      popper->handle_.resume();
      return;
    }
    std::size_t last = first_ + size_;
    if (last >= capacity_) last -= capacity_;
    values_[last].emplace(std::move(value));
    ++size_;
  }

  const std::size_t capacity_;
  std::unique_ptr<std::optional<T>[]> values_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  bool closed_ = false;
  Pusher* pusher_ = nullptr;
  Popper* popper_ = nullptr;
};

}  // namespace godwit
