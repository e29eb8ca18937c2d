#include "godwit/net/reactor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "godwit/base/assert.h"

namespace godwit::net {

Watch::~Watch() {
  if (reactor_) reactor_->remove(*this);
}

Result<void, Error> Reactor::open() {
  epoll_ = OwnedDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return Failure(error_from_errno("event loop: epoll_create1", errno));
  eventfd_ = OwnedDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!eventfd_.valid()) return Failure(error_from_errno("event loop: eventfd", errno));
  // Edge-triggered: each write to it is a new edge, so it never has to be read.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, eventfd_.get(), &event) != 0) {
    return Failure(error_from_errno("event loop: epoll_ctl", errno));
  }
  return {};
}

Result<void, Error> Reactor::add(Watch& watch, int descriptor, std::uint32_t events) {
  GODWIT_ASSERT(!watch.reactor_ && "a watch belongs to one reactor at a time");
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return Failure(error_from_errno("event loop: epoll_ctl", errno));
  }
  watch.reactor_ = this;
  watch.descriptor_ = descriptor;
  if (!removed_.empty()) std::erase(removed_, &watch);
  return {};
}

void Reactor::modify(Watch& watch, std::uint32_t events) {
  GODWIT_ASSERT(watch.reactor_ == this);
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  const int result = epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watch.descriptor_, &event);
  GODWIT_ASSERT(result == 0 && "the descriptor of a watch was closed behind its back");
}

void Reactor::remove(Watch& watch) {
  if (watch.reactor_ != this) return;
  epoll_event event{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.descriptor_, &event);
  unlink_again(watch);
  for (int i = batch_position_; i < batch_size_; ++i) {
    if (batch_[i].data.ptr == &watch) batch_[i].data.ptr = nullptr;
  }
  if (waiting_) removed_.push_back(&watch);
  watch.reactor_ = nullptr;
  watch.descriptor_ = -1;
}

void Reactor::call_again(Watch& watch) {
  GODWIT_ASSERT(watch.reactor_ == this);
  if (watch.again_) return;
  watch.again_ = true;
  watch.previous_ = again_last_;
  watch.next_ = nullptr;
  (again_last_ ? again_last_->next_ : again_first_) = &watch;
  again_last_ = &watch;
  ++again_count_;
}

void Reactor::unlink_again(Watch& watch) {
  if (!watch.again_) return;
  (watch.previous_ ? watch.previous_->next_ : again_first_) = watch.next_;
  (watch.next_ ? watch.next_->previous_ : again_last_) = watch.previous_;
  watch.previous_ = watch.next_ = nullptr;
  watch.again_ = false;
  --again_count_;
}

int Reactor::wait_for_events(Duration timeout) {
  if (timeout > Duration::zero() && has_pwait2_) {
    timespec limit;
    limit.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000);
    limit.tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000);
    const int ready = epoll_pwait2(epoll_.get(), batch_, kBatch, &limit, nullptr);
    if (ready >= 0 || errno != ENOSYS) return ready;
    has_pwait2_ = false;  // Linux before 5.11: milliseconds
  }
  int milliseconds = -1;
  if (timeout == Duration::zero()) {
    milliseconds = 0;
  } else if (timeout > Duration::zero()) {
    const std::int64_t rounded_up = (timeout.count() - 1) / 1'000'000 + 1;
    milliseconds = static_cast<int>(std::min<std::int64_t>(rounded_up, std::numeric_limits<int>::max()));
  }
  return epoll_wait(epoll_.get(), batch_, kBatch, milliseconds);
}

void Reactor::wait(Duration timeout) {
  ready_ = wait_for_events(timeout);
  GODWIT_ASSERT(ready_ >= 0 || errno == EINTR);
}

int Reactor::hand_out() {
  waiting_ = false;
  batch_position_ = 0;
  batch_size_ = std::max(ready_, 0);
  // A watch that another one took the place of is called once more than needed.
  for (Watch* const removed : removed_) {
    for (int i = 0; i < batch_size_; ++i) {
      if (batch_[i].data.ptr == removed) batch_[i].data.ptr = nullptr;
    }
  }
  removed_.clear();
  const std::size_t again = again_count_;
  int called = 0;
  for (std::size_t i = 0; i < again && again_first_; ++i, ++called) {
    Watch& watch = *again_first_;
    unlink_again(watch);
    watch.on_ready(EPOLLIN);
  }
  while (batch_position_ < batch_size_) {
    const epoll_event& event = batch_[batch_position_++];
    if (!event.data.ptr) continue;
    ++called;
    static_cast<Watch*>(event.data.ptr)->on_ready(event.events);
  }
  batch_position_ = batch_size_ = 0;
  return called;
}

void Reactor::wake() {
  const std::uint64_t one = 1;
  const auto written = ::write(eventfd_.get(), &one, sizeof one);
  (void)written;  // fails only when the counter is full: then the loop is awake anyway
}

}  // namespace godwit::net
