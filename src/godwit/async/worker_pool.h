#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"

namespace godwit {

// Threads for work that blocks: handlers with a database, getaddrinfo. A thread is started when work waits and none is
// idle, up to the limit, so a pool that is never used costs nothing.
class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 16;                            // at most; at least 1
    std::size_t queue_limit = static_cast<std::size_t>(-1);  // work that waits for a thread
    std::string name = "godwit-worker";                  // of the threads and in errors; 15 bytes are shown
  };
  WorkerPool() : WorkerPool(Options{}) {}
  explicit WorkerPool(Options options);
  ~WorkerPool();  // as stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `work` on one of the threads, in the order of the submits. Any thread. The error says that the queue is full or
  // the pool stopped; then run() will not be called. `work` must live until its run() begins; the pool does not touch
  // it afterwards.
  Result<void, Error> submit(Work& work);

  // Takes no more work, runs what was taken, and returns when the last thread has ended. Any thread but the pool's own.
  void stop();

  std::size_t queued() const;
  std::size_t threads() const;

  template <typename R>
  class Run;
  // `co_await pool.run(executor, function)` calls function() on the pool and resumes the coroutine on the executor's
  // loop, on which it must be now. Gives Result<R, Error>; the error is submit()'s. What function throws is thrown again
  // at the await. When the coroutine is destroyed meanwhile, a function that has not begun is never called, and one that
  // runs goes on to its end: it must own what it uses. The executor must outlive the pool's work.
  // g++ 12: name the function first, `auto query = [...] {...}; co_await pool.run(loop, query);`.
  template <typename F>
  Run<std::invoke_result_t<std::decay_t<F>&>> run(Executor& executor, F&& function);

 private:
  void work_loop();

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Work* first_ = nullptr;
  Work* last_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t idle_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

namespace internal {

// What the coroutine and the pool share: run() is called first on the pool, then on the loop. Freed on the loop, or by
// the awaiter when the pool declined.
template <typename R>
class PoolCall : public Work {
 public:
  using Value = std::conditional_t<std::is_void_v<R>, bool, R>;
  explicit PoolCall(Executor& executor) : executor_(executor) {}
  virtual ~PoolCall() = default;

  void run() final {
    if (executed_) return finish();
    if (!abandoned_.load(std::memory_order_acquire)) {
      try {
        execute();
      } catch (...) {
        exception = std::current_exception();
      }
    }
    executed_ = true;
    executor_.post(*this);
  }
  // On the loop: nobody waits any more.
  void abandon() {
    handle = nullptr;
    abandoned_.store(true, std::memory_order_release);
  }

  std::coroutine_handle<> handle;
  std::optional<Value> value;
  std::exception_ptr exception;

 protected:
  virtual void execute() = 0;

 private:
  void finish() {
    if (handle) {
      finished = true;
      handle.resume();  // the awaiter's destructor frees this
    } else {
      delete this;
    }
  }

 public:
  bool finished = false;

 private:
  Executor& executor_;
  std::atomic<bool> abandoned_ = false;
  bool executed_ = false;  // handed over by the post
};

template <typename R, typename F>
class PoolCallOf final : public PoolCall<R> {
 public:
  template <typename G>
  PoolCallOf(Executor& executor, G&& function) : PoolCall<R>(executor), function_(std::forward<G>(function)) {}

 private:
  void execute() override {
    if constexpr (std::is_void_v<R>) {
      function_();
      this->value.emplace(true);
    } else {
      this->value.emplace(function_());
    }
  }
  F function_;
};

}  // namespace internal

template <typename R>
class WorkerPool::Run {
 public:
  Run(WorkerPool& pool, internal::PoolCall<R>* call) : pool_(pool), call_(call) {}
  Run(const Run&) = delete;
  ~Run() {
    if (!call_) return;
    if (!submitted_ || call_->finished) {
      delete call_;
    } else {
      call_->abandon();
    }
  }
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    call_->handle = handle;
    submitted_ = true;
    submit_result_ = pool_.submit(*call_);
    if (submit_result_.ok()) return true;
    submitted_ = false;
    return false;
  }
  Result<R, Error> await_resume() {
    if (!submit_result_.ok()) return Failure(std::move(submit_result_.error()));
    if (call_->exception) std::rethrow_exception(call_->exception);
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return std::move(*call_->value);
    }
  }

 private:
  WorkerPool& pool_;
  internal::PoolCall<R>* call_;
  bool submitted_ = false;
  Result<void, Error> submit_result_;
};

template <typename F>
WorkerPool::Run<std::invoke_result_t<std::decay_t<F>&>> WorkerPool::run(Executor& executor, F&& function) {
  using R = std::invoke_result_t<std::decay_t<F>&>;
  return Run<R>(*this, new internal::PoolCallOf<R, std::decay_t<F>>(executor, std::forward<F>(function)));
}

}  // namespace godwit
