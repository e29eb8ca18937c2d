#include "server_call.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "godwit/http/exchange.h"
#include "server_loop.h"

namespace godwit::python {

// Everything here is for any thread; what runs on the loop is in server_call_on_loop.cc.

ServerCall::ServerCall(ServerLoop& loop) : loop_(loop) { set_queue(loop.core().queue()); }

ServerCall::~ServerCall() = default;

bool ServerCall::dead() const { return !core_ || core_->dead(); }

// Back to the pool, as good as new. Any thread.
void ServerCall::unreferenced() {
  if (dead()) return;
  if (!finished_) core_->handled();
  has_request_ = false;
  large_request_ = Slice();
  if (tls_peer_) tls_peer_.reset();
  posted_ = finished_ = lost_ = cancel_ = initial_noted_ = write_waits_ = blocked_ = wanted_ = messages_complete_ =
      reader_waits_ = false;
  code_ = StatusCode::kOk;
  details_.clear();
  initial_.clear();
  trailing_.clear();
  noted_.clear();
  inbox_.clear();
  inbox_first_ = inbox_bytes_ = 0;
  engine_ = nullptr;
  room_.reset();
  blocking_.reset();
  over_.store(false, std::memory_order_relaxed);
  // The call is somebody else's from the moment it is in the pool, and the pool is the core's.
  const Ref<ServerCore> core = std::move(core_);
  loop_.give_back(*this);
}

std::string_view ServerCall::path() const { return path_.size > 0 ? part(path_) : std::string_view(method_->path); }

std::string_view ServerCall::request() const {
  return large_request_.empty() ? part(request_) : as_text(large_request_.bytes());
}

Entries ServerCall::invocation_metadata() const {
  Entries entries;
  entries.reserve(metadata_.size);
  for_each_metadata([&](std::string_view key, std::string_view value) { entries.emplace_back(key, value); });
  return entries;
}

// --- commands ---

// Has the loop come by, unless it does so anyway. With the mutex: while the call is not over its loop lives.
void ServerCall::note(bool later) {
  if (posted_) return;
  posted_ = true;
  retain();
  if (later) {
    loop_.send_later(*this);
  } else {
    loop_.post(*this);
  }
}

void ServerCall::wake_waiters() {
  if (waiters_ > 0) changed_.notify_all();
}

void ServerCall::send_initial_metadata(Entries metadata) {
  if (dead()) return;
  std::lock_guard lock(mutex_);
  if (finished_ || lost_) return;
  initial_ = std::move(metadata);
  initial_noted_ = true;
  note();
}

void ServerCall::write(std::string_view message) {
  if (dead()) return;
  std::lock_guard lock(mutex_);
  if (finished_ || lost_) return;
  noted_.add(message);
  note();
}

void ServerCall::end(StatusCode code, std::string_view details, Entries&& trailing,
                     std::optional<std::string_view> last, bool later) {
  if (dead()) return;
  std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  core_->handled();
  if (lost_) return;
  over_.store(true, std::memory_order_release);
  code_ = code;
  details_.assign(details);
  trailing_ = std::move(trailing);
  if (last) noted_.add(*last);
  note(later);
  wake_waiters();
}

void ServerCall::cancel() {
  if (dead()) return;
  std::lock_guard lock(mutex_);
  if (finished_ || lost_) return;
  cancel_ = true;
  note();
}

void ServerCall::abandon() {
  if (dead()) return;
  std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  core_->handled();
  if (lost_) return;
  over_.store(true, std::memory_order_release);
  cancel_ = true;
  note();
  wake_waiters();
}

void ServerCall::want_message() {
  if (dead()) return;
  {
    std::lock_guard lock(mutex_);
    if (inbox_.empty() && !messages_complete_ && is_active()) {
      wanted_ = true;
      return;
    }
  }
  signal(kMessage);
}

// --- state ---

bool ServerCall::take(Slice& message) {
  if (dead()) return false;
  std::lock_guard lock(mutex_);
  if (inbox_.empty()) return false;
  message = std::move(inbox_[inbox_first_++]);
  inbox_bytes_ -= message.size() + kMessageOverhead;
  if (inbox_first_ == inbox_.size()) {
    inbox_.clear();
    inbox_first_ = 0;
  }
  if (reader_waits_ && inbox_bytes_ <= kReadAhead / 2 && is_active()) note();
  return true;
}

bool ServerCall::messages_ended() const {
  if (dead() || !is_active()) return true;
  std::lock_guard lock(mutex_);
  return messages_complete_ && inbox_.empty();
}

bool ServerCall::can_write() const {
  if (dead() || !is_active()) return true;
  std::lock_guard lock(mutex_);
  const bool can = can_write_locked();
  if (!can) const_cast<ServerCall*>(this)->write_waits_ = true;
  return can;
}

bool ServerCall::can_write_locked() const { return !blocked_ && noted_.size() <= http::Exchange::kHighWater; }

// --- waiting ---

// True: something may have changed. False: it is too late.
bool ServerCall::wait_until(std::unique_lock<std::mutex>& lock, TimePoint until) {
  ++waiters_;
  bool in_time = true;
  if (until == kNever) {
    changed_.wait(lock);
  } else {
    in_time = changed_.wait_for(lock, until - system_clock().now()) == std::cv_status::no_timeout;
  }
  --waiters_;
  return in_time;
}

ServerCall::Wait ServerCall::wait_message(TimePoint until) {
  if (dead()) return Wait::kEnded;
  std::unique_lock lock(mutex_);
  for (bool in_time = true;; in_time = wait_until(lock, until)) {
    if (!inbox_.empty()) return Wait::kReady;
    if (messages_complete_ || !is_active()) return Wait::kEnded;
    if (!in_time) return Wait::kTimeout;
  }
}

ServerCall::Wait ServerCall::wait_writable(TimePoint until) {
  if (dead()) return Wait::kEnded;
  std::unique_lock lock(mutex_);
  for (bool in_time = true;; in_time = wait_until(lock, until)) {
    if (!is_active()) return Wait::kEnded;
    if (can_write_locked()) return Wait::kReady;
    if (!in_time) return Wait::kTimeout;
  }
}

}  // namespace godwit::python
