#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "godwit/async/task.h"
#include "godwit/base/assert.h"

namespace godwit {

// Structured concurrency: the tasks that somebody started and answers for. A scope ends joined (all children have ended)
// or cancelled (the others were destroyed where they waited); destroying it with running children is a mistake that
// asserts. For one loop. One small allocation per child.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    GODWIT_ASSERT(!first_ && "a Scope must be joined or cancelled before its end");
    if (joiner_) joiner_->scope_ = nullptr;
  }

  // Runs `task` to its first suspension, and keeps it until it ends. A scope may take more children while it is joined.
  void spawn(Task<void> task) {
    Child* child = new Child(*this, std::move(task));
    link(*child);
    if (child->task.start(&Scope::child_ended, child)) child_ended(child);
  }

  // Destroys the children that have not ended, newest first; their local objects are destroyed where they wait. A join()
  // that waits is resumed. Not from inside a child of this scope: cancel a CancellationSource there.
  void cancel() {
    while (last_) {
      Child* child = last_;
      unlink(*child);
      delete child;
    }
    ended();
  }

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

  class Join {
   public:
    explicit Join(Scope& scope) : scope_(&scope) {}
    Join(const Join&) = delete;
    ~Join() {
      if (scope_ && scope_->joiner_ == this) scope_->joiner_ = nullptr;
    }
    bool await_ready() const { return scope_->empty(); }
    void await_suspend(std::coroutine_handle<> handle) {
      GODWIT_ASSERT(!scope_->joiner_ && "one coroutine joins a Scope at a time");
      handle_ = handle;
      scope_->joiner_ = this;
    }
    void await_resume() {
      if (scope_->exception_) std::rethrow_exception(std::exchange(scope_->exception_, nullptr));
    }

   private:
    friend class Scope;
    Scope* scope_;
    std::coroutine_handle<> handle_;
  };
  // co_await returns when no child runs. The first exception that left a child is thrown again there.
  Join join() { return Join(*this); }

 private:
  struct Child {
    Child(Scope& s, Task<void> t) : scope(s), task(std::move(t)) {}
    Scope& scope;
    Task<void> task;
    Child* previous = nullptr;
    Child* next = nullptr;
  };

  static void child_ended(void* argument) {
    auto* child = static_cast<Child*>(argument);
    Scope& scope = child->scope;
    if (std::exception_ptr exception = child->task.exception(); exception && !scope.exception_) {
      scope.exception_ = std::move(exception);
    }
    scope.unlink(*child);
    delete child;
    if (scope.empty()) scope.ended();
  }
  void ended() {
    if (joiner_) std::exchange(joiner_, nullptr)->handle_.resume();
  }
  void link(Child& child) {
    child.previous = last_;
    (last_ ? last_->next : first_) = &child;
    last_ = &child;
    ++size_;
  }
  void unlink(Child& child) {
    (child.previous ? child.previous->next : first_) = child.next;
    (child.next ? child.next->previous : last_) = child.previous;
    --size_;
  }

  Child* first_ = nullptr;
  Child* last_ = nullptr;
  std::size_t size_ = 0;
  Join* joiner_ = nullptr;
  std::exception_ptr exception_;
};

}  // namespace godwit
