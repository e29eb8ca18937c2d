#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "godwit/async/executor.h"
#include "godwit/async/task.h"
#include "godwit/base/assert.h"

namespace godwit {

namespace internal {

// One wait of a thread for a loop. Lives on the waiting thread's stack.
template <typename T>
class SyncWait final : public Work {
 public:
  explicit SyncWait(Task<T> task) : task_(std::move(task)) {}

  void run() override {
    if (task_.start([](void* self) { static_cast<SyncWait*>(self)->ended(); }, this)) ended();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }
  T take() {
    if (exception_) std::rethrow_exception(exception_);
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }

 private:
  void ended() {
    exception_ = task_.exception();
    if constexpr (!std::is_void_v<T>) {
      if (!exception_) value_.emplace(task_.take());
    }
    task_.reset();  // on the loop: parameters of the coroutine may belong there
    std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_one();  // under the lock: the waiting thread destroys this object as soon as it may
  }

  Task<T> task_;
  std::exception_ptr exception_;
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace internal

// Runs `task` on the executor's loop and blocks this thread until it has ended; gives its result, or throws what the
// coroutine threw. The frame is destroyed on the loop. Not from the loop's own thread (asserts: it would wait for
// itself), and the loop must run until the task has ended.
template <typename T>
T sync_wait(Executor& executor, Task<T> task) {
  GODWIT_ASSERT(!executor.on_loop() && "sync_wait() would block the loop that it waits for");
  internal::SyncWait<T> wait(std::move(task));
  executor.post(wait);
  wait.wait();
  return wait.take();
}

}  // namespace godwit
