#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "godwit/async/executor.h"
#include "godwit/base/time.h"

namespace godwit::python {

// Shared between the engine's threads and Python's: counted, any thread may hold and drop it.
class Shared {
 public:
  void retain() const { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) const_cast<Shared*>(this)->unreferenced();
  }

 protected:
  virtual ~Shared() = default;
  // Nobody holds it any more. Pooled objects go back to their pool instead; who takes one out retains it.
  virtual void unreferenced() { delete this; }

 private:
  mutable std::atomic<std::uint32_t> count_{1};
};

// Owns one reference of a Shared object (or nothing).
template <typename T>
class Ref {
 public:
  Ref() = default;
  static Ref adopt(T* object) { return Ref(object); }  // takes over the caller's reference
  static Ref share(T* object) {
    if (object) object->retain();
    return Ref(object);
  }
  Ref(const Ref& other) : object_(other.object_) {
    if (object_) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  T* detach() { return std::exchange(object_, nullptr); }

 private:
  explicit Ref(T* object) : object_(object) {}
  T* object_ = nullptr;
};

class EventQueue;

// What happened to a call, as bits. A call waits in its queue at most once, with all bits that came together: a queue
// is never longer than there are calls.
enum EventBits : std::uint32_t {
  kArrived = 1,          // server: a new call
  kInitialMetadata = 2,  // client: the response's headers are there
  kMessage = 4,          // the message that was asked for, or the end of the messages, is there
  kWritable = 8,         // writing may go on
  kEnded = 16,           // client: the status is there; server: nobody waits for the answer any more, before finish()
};

// Something that has events. The queue holds a reference while it waits there.
class EventSource : public Shared {
 public:
  // Adds bits and puts this into the queue unless it waits there already. Without a queue, nothing. Any thread.
  void signal(std::uint32_t bits);
  // Once, before anything can be signalled. The queue outlives its sources (Ref is held).
  void set_queue(Ref<EventQueue> queue) { queue_ = std::move(queue); }
  bool has_queue() const { return static_cast<bool>(queue_); }

  // For the bindings alone, under Python's lock: the PyObject of this source, borrowed; its destruction clears it.
  void* binding = nullptr;
  // True for what the engine makes: it has no object until its first event is taken. Events of sources that Python made
  // and whose object is gone are dropped.
  virtual bool made_by_engine() const { return false; }

 protected:
  ~EventSource() override;

 private:
  friend class EventQueue;
  friend class EventBatch;
  Ref<EventQueue> queue_;
  std::atomic<std::uint32_t> bits_{0};  // not zero: waits in its queue, or in a batch on its way there
};

// Where the engine's threads leave events and Python's threads, or one asyncio loop, take them, many at a time.
//
// Lock: a mutex held for a few instructions; never while Python's lock is waited for. wait() must be called without
// Python's lock; everything else never waits and may be called with or without it.
//
// Waking: one sleeping thread is woken when events come, and the next one only when the first has left some behind:
// many threads that wait do not wake all for a few events.
class EventQueue final : public Shared {
 public:
  struct Event {
    Ref<EventSource> source;
    std::uint32_t bits = 0;
  };
  // `with_descriptor`: an eventfd becomes readable when the queue becomes not empty; drain() makes it unreadable when
  // it empties the queue. One event of an asyncio loop then stands for all calls that are ready. Null when the process
  // is out of descriptors.
  static Ref<EventQueue> make(bool with_descriptor);

  // -1 without one.
  int descriptor() const { return descriptor_; }
  // Takes up to `max` events, oldest first, into `out` (appended); returns how many.
  std::size_t drain(std::size_t max, std::vector<Event>& out);
  // Waits for an event, until `timeout` has passed (negative: for ever), or close(). True when there is one.
  bool wait(Duration timeout);
  // Ends every wait(), now and later. What is there can still be taken.
  void close();
  bool closed() const;
  // Nobody will take events any more: what waits, and what comes, is let go.
  void abandon();

  std::size_t size() const;
  // How many events were taken so far: for whoever watches whether somebody is at work.
  std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  friend class EventSource;
  friend class EventBatch;
  explicit EventQueue(int descriptor);
  ~EventQueue() override;
  void unreferenced() override;
  bool dead() const;  // of the parent of this process: nothing is here, and nothing comes
  // The sources' references become the queue's.
  void push(EventSource* const* sources, std::size_t count);
  void grow(std::size_t count);
  void wake_one(std::unique_lock<std::mutex> lock);

  const std::uint64_t generation_;
  const int descriptor_;
  mutable std::mutex mutex_;
  std::atomic<std::uint32_t> bell_{0};  // changes when a thread is told; not a condition variable, whose waiter leaves
                                        // the mutex by way of the kernel
  std::vector<EventSource*> ring_;      // a ring of waiting sources, each with a reference; its size is a power of two
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  int waiters_ = 0;
  int waking_ = 0;  // of the waiters, those that were told and have not come back yet
  bool closed_ = false;
  bool abandoned_ = false;
  std::atomic<std::uint64_t> taken_{0};
};

// Collects what happens in one turn of a loop and puts it into the queues at the turn's end: one lock and at most one
// wake-up for all. For the loop's thread only; the loop outlives it.
class EventBatch final : private Work {
 public:
  explicit EventBatch(Executor& executor) : executor_(executor) {}
  ~EventBatch();
  // As source.signal(bits), at the end of this turn.
  void signal(EventSource& source, std::uint32_t bits);

 private:
  void run() override;

  Executor& executor_;
  std::vector<EventSource*> sources_;  // each with a reference
};

}  // namespace godwit::python
