#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "godwit/base/arena.h"
#include "godwit/base/assert.h"

namespace godwit {

template <typename T>
class Task;

namespace internal {

// Who is told when a task ends: a plain function, so that a call can run a handler without a coroutine of its own.
struct Continuation {
  void (*function)(void*) = nullptr;
  void* argument = nullptr;
  void operator()() const { function(argument); }
};

// Coroutine frames come from an arena when one of the coroutine's parameters has one: a type says so with a function
// `Arena* coroutine_arena(Parameter&)` that argument-dependent look-up finds. A word before the frame says which.
struct FrameAllocator {
  static constexpr std::size_t kPrefix = alignof(std::max_align_t);

  template <typename P>
  static Arena* arena_of(P& parameter) {
    if constexpr (requires { coroutine_arena(parameter); }) {
      return coroutine_arena(parameter);
    } else {
      return nullptr;
    }
  }
  template <typename... P>
  static Arena* find_arena(P&... parameters) {
    Arena* found = nullptr;
    ((found = found ? found : arena_of(parameters)), ...);
    return found;
  }
  static void* allocate(std::size_t size, Arena* arena) {
    void* memory = arena ? arena->allocate(size + kPrefix) : ::operator new(size + kPrefix);
    *static_cast<bool*>(memory) = arena != nullptr;
    return static_cast<char*>(memory) + kPrefix;
  }
  static void deallocate(void* frame) {
    void* memory = static_cast<char*>(frame) - kPrefix;
    if (!*static_cast<bool*>(memory)) ::operator delete(memory);
  }
};

struct TaskPromiseBase {
  Continuation continuation;
  bool starting = true;  // inside the first resume(): whoever started the task looks at done() when that returns
  std::exception_ptr exception;

  // Always inline: g++ 12 warns at -O0 that a template `new` does not match a `delete` that is none (its bug 109224).
  template <typename... P>
  [[gnu::always_inline]] static inline void* operator new(std::size_t size, P&... parameters) {
    return FrameAllocator::allocate(size, FrameAllocator::find_arena(parameters...));
  }
  static void* operator new(std::size_t size) { return FrameAllocator::allocate(size, nullptr); }
  static void operator delete(void* frame) { FrameAllocator::deallocate(frame); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename P>
    void await_suspend(std::coroutine_handle<P> self) noexcept {
      TaskPromiseBase& promise = self.promise();
      // A child that ends inside its first resume() is picked up by its awaiter: no deep stack, whatever the compiler
      // makes of tail calls. Otherwise the frame may be gone when the continuation returns.
      if (!promise.starting) promise.continuation();
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() { exception = std::current_exception(); }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};
template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace internal

// A coroutine that starts when it is awaited and whose awaiter goes on when it ends. It owns its frame: destroying a
// task that has started but not ended destroys the frame where it is suspended, so whatever it waits for must take its
// waiter back in a destructor (everything in this library does). An exception that leaves the coroutine is thrown again
// at the await. For one thread at a time.
//
// g++ 12: do not write aggregates or capturing lambdas as temporaries inside a co_await expression; name them first.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { reset(); }

  bool valid() const { return static_cast<bool>(handle_); }
  bool done() const { return handle_ && handle_.done(); }
  void reset() {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

  // For callers that are no coroutines. Runs the task to its first suspension; true when it has already ended (then
  // `function` is not called). Otherwise function(argument) is called when it ends; it may destroy the task.
  bool start(void (*function)(void*), void* argument) {
    promise_type& promise = handle_.promise();
    promise.continuation = {function, argument};
    handle_.resume();
    promise.starting = false;
    return handle_.done();
  }
  // What left the coroutine of a task that is done() as an exception; null when it ended normally.
  std::exception_ptr exception() const { return handle_.promise().exception; }
  // The result of a task that is done(); once. Throws what the coroutine threw.
  T take() { return handle_.promise().take(); }

  struct Awaiter {
    Handle handle;
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> parent) {
      promise_type& promise = handle.promise();
      promise.continuation = {[](void* address) { std::coroutine_handle<>::from_address(address).resume(); },
                              parent.address()};
      handle.resume();
      promise.starting = false;
      return !handle.done();
    }
    T await_resume() { return handle.promise().take(); }
  };
  // The task must outlive the await: `co_await make_task()` and `co_await named_task` both do.
  Awaiter operator co_await() & { return Awaiter{handle_}; }
  Awaiter operator co_await() && { return Awaiter{handle_}; }

 private:
  Handle handle_;
};

namespace internal {
template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
}  // namespace internal

}  // namespace godwit
