#include "event_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "godwit/async/futex.h"
#include "godwit/base/time.h"
#include "runtime.h"

namespace godwit::python {

EventSource::~EventSource() = default;

void EventSource::signal(std::uint32_t bits) {
  if (!queue_ || queue_->dead() || bits_.fetch_or(bits, std::memory_order_acq_rel) != 0) return;
  retain();
  EventSource* self = this;
  queue_->push(&self, 1);
}

Ref<EventQueue> EventQueue::make(bool with_descriptor) {
  int descriptor = -1;
  if (with_descriptor) {
    descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) return {};
  }
  return Ref<EventQueue>::adopt(new EventQueue(descriptor));
}

EventQueue::EventQueue(int descriptor) : generation_(Runtime::generation()), descriptor_(descriptor) {}

bool EventQueue::dead() const { return generation_ != Runtime::generation(); }

// In the child of a fork the parent's threads may have held the mutex: nothing is touched, but the child's copy of the
// descriptor.
void EventQueue::unreferenced() {
  if (!dead()) {
    delete this;
  } else if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

EventQueue::~EventQueue() {
  abandon();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void EventQueue::grow(std::size_t count) {
  std::size_t size = std::max<std::size_t>(ring_.size(), 64);
  while (size < count_ + count) size *= 2;
  if (size == ring_.size()) return;
  std::vector<EventSource*> larger(size);
  for (std::size_t i = 0; i < count_; ++i) larger[i] = ring_[(first_ + i) & (ring_.size() - 1)];
  ring_ = std::move(larger);
  first_ = 0;
}

void EventQueue::push(EventSource* const* sources, std::size_t count) {
  std::unique_lock lock(mutex_);
  if (abandoned_) {
    lock.unlock();
    for (std::size_t i = 0; i < count; ++i) sources[i]->release();
    return;
  }
  const bool was_empty = count_ == 0;
  grow(count);
  for (std::size_t i = 0; i < count; ++i) ring_[(first_ + count_ + i) & (ring_.size() - 1)] = sources[i];
  count_ += count;
  wake_one(std::move(lock));
  if (was_empty && descriptor_ >= 0) {
    // Without the mutex: whom it wakes wants it at once. When others have taken the events meanwhile, that is a wake-up
    // for nothing.
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
  }
}

// Unless one that was told is on its way: it looks at everything, and tells the next one if it leaves something.
void EventQueue::wake_one(std::unique_lock<std::mutex> lock) {
  if (waking_ > 0 || waiters_ == 0) return;
  ++waking_;
  bell_.fetch_add(1, std::memory_order_relaxed);
  lock.unlock();
  futex_wake_one(bell_);
}

std::size_t EventQueue::drain(std::size_t max, std::vector<Event>& out) {
  if (dead()) return 0;
  std::unique_lock lock(mutex_);
  const std::size_t count = std::min(max, count_);
  if (count > 0) out.reserve(out.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    EventSource* source = ring_[first_];
    first_ = (first_ + 1) & (ring_.size() - 1);
    // From here on new bits put the source into the queue again.
    const std::uint32_t bits = source->bits_.exchange(0, std::memory_order_acq_rel);
    out.push_back({Ref<EventSource>::adopt(source), bits});
  }
  count_ -= count;
  taken_.fetch_add(count, std::memory_order_relaxed);
  if (count_ > 0) {
    wake_one(std::move(lock));
  } else if (descriptor_ >= 0) {
    std::uint64_t value = 0;
    // The descriptor does not block. NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
    [[maybe_unused]] const auto read = ::read(descriptor_, &value, sizeof value);
  }
  return count;
}

bool EventQueue::wait(Duration timeout) {
  if (dead()) return false;
  std::unique_lock lock(mutex_);
  const TimePoint until = timeout < Duration::zero() ? kNever : add_saturating(system_clock().now(), timeout);
  while (count_ == 0 && !closed_) {
    const Duration left = until == kNever ? Duration(-1) : until - system_clock().now();
    if (until != kNever && left <= Duration::zero()) break;
    const std::uint32_t ticket = bell_.load(std::memory_order_relaxed);
    ++waiters_;
    lock.unlock();
    futex_wait(bell_, ticket, left);
    lock.lock();
    --waiters_;
    // Whoever comes back looks at the queue: a wake-up that was meant for it or for another has been heard.
    if (waking_ > 0) --waking_;
  }
  return count_ > 0;
}

void EventQueue::close() {
  if (dead()) return;
  std::lock_guard lock(mutex_);
  closed_ = true;
  bell_.fetch_add(1, std::memory_order_relaxed);
  futex_wake_all(bell_);
}

bool EventQueue::closed() const {
  if (dead()) return true;
  std::lock_guard lock(mutex_);
  return closed_;
}

void EventQueue::abandon() {
  if (dead()) return;
  std::vector<EventSource*> left;
  {
    std::lock_guard lock(mutex_);
    abandoned_ = closed_ = true;
    for (; count_ > 0; --count_, first_ = (first_ + 1) & (ring_.size() - 1)) left.push_back(ring_[first_]);
    bell_.fetch_add(1, std::memory_order_relaxed);
    futex_wake_all(bell_);
  }
  for (EventSource* source : left) source->release();
}

std::size_t EventQueue::size() const {
  if (dead()) return 0;
  std::lock_guard lock(mutex_);
  return count_;
}

EventBatch::~EventBatch() {
  if (!sources_.empty()) {
    executor_.withdraw(*this);
    run();
  }
}

void EventBatch::signal(EventSource& source, std::uint32_t bits) {
  if (!source.queue_ || source.bits_.fetch_or(bits, std::memory_order_acq_rel) != 0) return;
  source.retain();
  if (sources_.empty()) executor_.at_turn_end(*this);
  sources_.push_back(&source);
}

void EventBatch::run() {
  for (std::size_t i = 0; i < sources_.size();) {
    EventQueue& queue = *sources_[i]->queue_;
    std::size_t end = i + 1;
    while (end < sources_.size() && sources_[end]->queue_.get() == &queue) ++end;
    // The queue may hold the last reference to a source, and a source the last one to the queue.
    const Ref<EventQueue> keep = sources_[i]->queue_;
    queue.push(&sources_[i], end - i);
    i = end;
  }
  sources_.clear();
}

}  // namespace godwit::python
