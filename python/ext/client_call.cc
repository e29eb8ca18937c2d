#include "client_call.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include "godwit/base/bytes.h"
#include "godwit/http/exchange.h"
#include "godwit/net/event_loop.h"
#include "runtime.h"
#include "status_text.h"

namespace godwit::python {
namespace {

const Metadata kNoMetadata;

constexpr std::string_view kForked = "the channel belongs to the parent of this process, or the process ends";

}  // namespace

const ClientMethod* find_method(std::string_view path, MethodKind kind) {
  constexpr std::size_t kMost = 4096;
  struct Table {
    std::mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<ClientMethod>> methods[4];
  };
  static auto* table = new Table;  // channels refer to its methods until the process ends
  const std::lock_guard lock(table->mutex);
  auto& methods = table->methods[static_cast<std::size_t>(kind)];
  std::string key(path);
  if (const auto found = methods.find(key); found != methods.end()) return found->second.get();
  if (methods.size() >= kMost) return nullptr;
  auto method = std::make_unique<ClientMethod>(key, kind);
  return methods.emplace(std::move(key), std::move(method)).first->second.get();
}

Ref<ClientCall> ClientCall::make(Ref<Channel> channel, const ClientMethod& method, const CallOptions& options,
                                 Ref<EventQueue> queue) {
  return Ref<ClientCall>::adopt(new ClientCall(std::move(channel), &method, nullptr, options, std::move(queue)));
}

Ref<ClientCall> ClientCall::make(Ref<Channel> channel, std::string_view path, MethodKind kind,
                                 const CallOptions& options, Ref<EventQueue> queue) {
  auto method = std::make_unique<ClientMethod>(std::string(path), kind, ClientMethod::HeaderCache::kUncached);
  const ClientMethod* m = method.get();
  return Ref<ClientCall>::adopt(new ClientCall(std::move(channel), m, std::move(method), options, std::move(queue)));
}

ClientCall::ClientCall(Ref<Channel> channel, const ClientMethod* method, std::unique_ptr<ClientMethod> own_method,
                       const CallOptions& options, Ref<EventQueue> queue)
    : channel_(std::move(channel)), method_(method), own_method_(std::move(own_method)) {
  if (queue) set_queue(std::move(queue));
  if (options.timeout) {
    too_late_ = *options.timeout <= Duration::zero();
    deadline_ = add_saturating(system_clock().now(), *options.timeout);
    context_.set_timeout(*options.timeout);
  }
  if (options.wait_for_ready) context_.set_wait_for_ready(*options.wait_for_ready);
}

ClientCall::~ClientCall() = default;

// --- commands ---

// Ends with the mutex free: the loop's thread, which this may wake, wants it at once.
void ClientCall::post(std::unique_lock<std::mutex> lock, bool here) {
  if (posted_) return;
  posted_ = true;
  retain();  // until run() returns
  lock.unlock();
  Executor& loop = channel_->runtime_.loop();
  here ? loop.post_and_turn(*this) : loop.post(*this);
}

void ClientCall::start() { begin(std::unique_lock(mutex_)); }

void ClientCall::start_with(std::string_view message) {
  constexpr std::size_t kInside = 256;  // small ones lie in the context's own memory
  constexpr std::size_t kPrefix = 5;
  if (message.size() <= kInside) {
    auto* to = static_cast<std::uint8_t*>(context_.arena().allocate(kPrefix + message.size(), 1));
    to[0] = 0;
    store_be32(to + 1, static_cast<std::uint32_t>(message.size()));
    if (!message.empty()) std::memcpy(to + kPrefix, message.data(), message.size());
    only_ = Slice::from_static({to, kPrefix + message.size()});
  } else {
    only_ = frame_message(message);
  }
  std::unique_lock lock(mutex_);
  only_one_ = close_ = true;
  begin(std::move(lock));
}

void ClientCall::begin(std::unique_lock<std::mutex> lock) {
  if (started_ || ended_) return;
  started_ = true;
  if (channel_->closed()) {
    end_here(StatusCode::kCancelled, std::string(kChannelClosed));
  } else if (too_late_) {
    end_here(StatusCode::kDeadlineExceeded,
             std::string(kDeadlineExceeded) + ": the time-out was zero or less when the call began");
  } else {
    counted_ = true;
    const bool alone = channel_->runtime_.calls.fetch_add(1, std::memory_order_relaxed) == 0;
    return post(std::move(lock), alone);
  }
  lock.unlock();
  signal(kInitialMetadata | kEnded);
}

void ClientCall::write(std::string_view message) {
  if (!alive()) return;
  std::unique_lock lock(mutex_);
  if (ended_ || close_) return;
  outgoing_.add(message);
  if (outgoing_.size() > http::Exchange::kHighWater) was_full_ = true;
  if (started_) post(std::move(lock));
}

void ClientCall::close_writing() {
  if (!alive()) return;
  std::unique_lock lock(mutex_);
  if (ended_ || close_) return;
  close_ = true;
  if (started_) post(std::move(lock));
}

bool ClientCall::cancel() { return cancel_with(StatusCode::kCancelled, std::string(kLocallyCancelled)); }

bool ClientCall::cancel_with(StatusCode code, std::string details) {
  if (!alive()) return false;
  Bell::Ring ring;
  {
    std::unique_lock lock(mutex_);
    if (ended_) return false;
    ring = end_here(code, std::move(details));
    cancelled_ = true;
    if (std::exchange(started_, true)) post(std::move(lock));  // else it is too late for start()
  }
  if (ring) bell_.ring(ring);
  signal(kInitialMetadata | kMessage | kWritable | kEnded);
  return true;
}

void ClientCall::want_message() {
  if (alive()) {
    const std::lock_guard lock(mutex_);
    if (!has_message() && !ended_) {
      wants_message_ = true;
      return;
    }
  }
  signal(kMessage);
}

// With the mutex. The end, by this side or the other.
Bell::Ring ClientCall::end(StatusCode code, std::string details) {
  ended_ = true;
  if (counted_) channel_->runtime_.calls.fetch_sub(1, std::memory_order_relaxed);
  code_ = code;
  details_ = std::move(details);
  return bell_.strike();
}

// With the mutex. What was received does not count.
Bell::Ring ClientCall::end_here(StatusCode code, std::string details) {
  incoming_.clear();
  next_ = incoming_bytes_ = 0;
  outgoing_.clear();
  return end(code, std::move(details));
}

// --- state ---

bool ClientCall::has_initial_metadata() const {
  if (!alive()) return true;
  const std::lock_guard lock(mutex_);
  return has_initial_metadata_ || ended_;
}

// With the mutex.
void ClientCall::pop(Slice& message) {
  message = std::move(incoming_[next_++]);
  incoming_bytes_ -= message.size() + kPerMessage;
  if (next_ == incoming_.size()) {
    incoming_.clear();
    next_ = 0;
  }
}

// When the reader has taken something.
void ClientCall::fetch_more(std::unique_lock<std::mutex> lock) {
  if (paused_ && !ended_ && incoming_bytes_ <= kFetchBytes / 2) post(std::move(lock));
}

bool ClientCall::take(Slice& message) {
  if (!alive()) return false;
  std::unique_lock lock(mutex_);
  if (!has_message()) return false;
  pop(message);
  fetch_more(std::move(lock));
  return true;
}

void ClientCall::take_many(std::size_t max, std::vector<Slice>& messages) {
  if (!alive()) return;
  std::unique_lock lock(mutex_);
  if (!has_message()) return;
  for (; max > 0 && has_message(); --max) pop(messages.emplace_back());
  fetch_more(std::move(lock));
}

bool ClientCall::messages_ended() const {
  if (!alive()) return true;
  const std::lock_guard lock(mutex_);
  return ended_ && !has_message();
}

bool ClientCall::can_write() const {
  if (!alive()) return true;
  const std::lock_guard lock(mutex_);
  return ended_ || (loop_can_write_ && outgoing_.size() <= http::Exchange::kHighWater);
}

bool ClientCall::ended() const {
  if (!alive()) return true;
  const std::lock_guard lock(mutex_);
  return ended_;
}

StatusCode ClientCall::code() const {
  if (!alive()) return StatusCode::kCancelled;
  const std::lock_guard lock(mutex_);
  return code_;
}

std::string ClientCall::details() const {
  if (!alive()) return std::string(kChannelClosed) + " (" + std::string(kForked) + ")";
  const std::lock_guard lock(mutex_);
  return details_;
}

const Metadata& ClientCall::initial_metadata() const {
  if (!alive()) return kNoMetadata;
  const std::lock_guard lock(mutex_);
  return has_initial_metadata_ ? context_.initial_metadata() : kNoMetadata;
}

const Metadata& ClientCall::trailing_metadata() const {
  if (!alive()) return kNoMetadata;
  const std::lock_guard lock(mutex_);
  return has_trailing_metadata_ ? context_.trailing_metadata() : kNoMetadata;
}

std::string ClientCall::status_details() const {
  if (!alive()) return {};
  const std::lock_guard lock(mutex_);
  return status_details_;
}

std::string ClientCall::peer() const {
  if (!alive()) return {};
  const std::lock_guard lock(mutex_);
  if (!peer_.empty()) return peer_;
  return has_trailing_metadata_ ? std::string(context_.peer()) : std::string();
}

// --- waiting ---

template <typename Look>
ClientCall::Wait ClientCall::wait(TimePoint until, Look look) {
  if (!alive()) return Wait::kEnded;
  for (bool last = false;;) {
    Bell::Ticket ticket;
    {
      const std::lock_guard lock(mutex_);
      if (const std::optional<Wait> found = look()) return *found;
      if (last) return Wait::kTimeout;
      ticket = bell_.listen();
    }
    Duration left(-1);
    if (until != kNever && (left = until - system_clock().now()) <= Duration::zero()) return Wait::kTimeout;
    last = bell_.sleep(ticket, left) != FutexWait::kWoken;
  }
}

ClientCall::Wait ClientCall::wait_message(TimePoint until) {
  return wait(until, [this]() -> std::optional<Wait> {
    if (has_message()) return Wait::kReady;
    if (ended_) return Wait::kEnded;
    return {};
  });
}
ClientCall::Wait ClientCall::wait_initial_metadata(TimePoint until) {
  return wait(until, [this]() -> std::optional<Wait> {
    if (has_initial_metadata_) return Wait::kReady;
    if (ended_) return Wait::kEnded;
    return {};
  });
}
ClientCall::Wait ClientCall::wait_writable(TimePoint until) {
  return wait(until, [this]() -> std::optional<Wait> {
    if (ended_) return Wait::kEnded;
    if (loop_can_write_ && outgoing_.size() <= http::Exchange::kHighWater) return Wait::kReady;
    return {};
  });
}
ClientCall::Wait ClientCall::wait_ended(TimePoint until) {
  if (!alive()) return Wait::kReady;
  return wait(until, [this]() -> std::optional<Wait> {
    if (ended_) return Wait::kReady;
    return {};
  });
}

// --- on the loop ---

void ClientCall::run() {
  const Ref<ClientCall> posted = Ref<ClientCall>::adopt(this);
  std::unique_lock lock(mutex_);
  posted_ = false;
  if (cancelled_) {
    lock.unlock();
    if (call_) call_->cancel();
    return;
  }
  if (ended_) return;
  sending_.swap(outgoing_);
  const bool close = close_;
  const bool fetch = paused_ && incoming_bytes_ <= kFetchBytes / 2;
  const bool start = !call_;
  lock.unlock();

  if (start) {
    start_on_loop();
    if (!call_ || only_one_) return;
  }
  sending_.for_each([this](Bytes framed) { call_ ? call_->send(framed, false) : void(); },
                    [this](const Slice& framed) { call_ ? call_->send(framed, false) : void(); });
  sending_.clear();
  if (close && call_) call_->close_sending();
  if (fetch && call_) this->fetch();
  if (!call_) return;
  const bool can_write = call_->can_write();
  lock.lock();
  loop_can_write_ = can_write;
  if (!can_write) {
    was_full_ = true;
    return;
  }
  const bool writable = std::exchange(was_full_, false);
  const Bell::Ring ring = bell_.strike();
  lock.unlock();
  tell(writable ? std::uint32_t{kWritable} : 0, ring);
}

void ClientCall::start_on_loop() {
  using Delivery = rpc::Call::Delivery;
  // Timers are coarser than such a time-out, and an answer could come before they look.
  if (deadline_ <= system_clock().now()) {
    std::unique_lock lock(mutex_);
    if (ended_) return;
    const Bell::Ring ring =
        end_here(StatusCode::kDeadlineExceeded,
                 std::string(kDeadlineExceeded) + ": the time-out was over before the call was sent");
    lock.unlock();
    return tell(kInitialMetadata | kMessage | kWritable | kEnded, ring);
  }
  retain();  // until on_done()
  call_ = &rpc::Call::make(channel_->core(), *method_, &context_, *this, unary() ? Delivery::kPush : Delivery::kPull);
  if (!only_one_) return call_->start();
  Slice only = std::move(only_);
  if (only.owner()) {
    call_->start_with(only, {});
  } else {
    call_->start_with(only.bytes(), {});
  }
  if (call_ && !unary()) fetch();
}

void ClientCall::tell(std::uint32_t bits, Bell::Ring ring) {
  Runtime& runtime = channel_->runtime_;
  if (ring) runtime.wakes().ring(*this, bell_, ring);
  if (bits != 0 && has_queue()) runtime.events().signal(*this, bits);
}

// Takes what is there, and asks for more while the reader's share is not full.
void ClientCall::fetch() {
  Slice message;
  while (has_room()) {
    if (!call_->take(message)) {
      if (call_ && !call_->done()) call_->want_message();
      return;
    }
    push(keep({message.bytes(), message.owner()}));
  }
}

bool ClientCall::has_room() {
  const std::lock_guard lock(mutex_);
  paused_ = incoming_bytes_ > kFetchBytes;
  return !paused_;
}

// A message on the way to its reader. Small ones do not hold on to a receive buffer.
Slice ClientCall::keep(const http::BodyView& message) {
  if (message.bytes.size() > kCopyBytes) return message.slice();
  if (!unary()) return Slice::copy_of(message.bytes);
  if (message.bytes.empty()) return {};
  const std::string_view copy = context_.arena().copy(as_text(message.bytes));
  return Slice::from_static({reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size()});
}

void ClientCall::push(Slice message) {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  incoming_bytes_ += message.size() + kPerMessage;
  incoming_.push_back(std::move(message));
  if (unary()) return;  // it is looked at when the call has ended
  const bool wanted = std::exchange(wants_message_, false);
  const Bell::Ring ring = bell_.strike();
  lock.unlock();
  tell(wanted ? std::uint32_t{kMessage} : 0, ring);
}

void ClientCall::on_initial_metadata() {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  has_initial_metadata_ = true;
  peer_ = context_.peer();
  const Bell::Ring ring = bell_.strike();
  lock.unlock();
  tell(kInitialMetadata, ring);
}

void ClientCall::on_message(const http::BodyView& message) {
  push(keep(message));
  if (!unary() && call_ && has_room()) call_->want_message();
}

void ClientCall::on_writable() {
  if (!call_->can_write()) return;
  std::unique_lock lock(mutex_);
  if (ended_) return;
  loop_can_write_ = true;
  const bool writable = std::exchange(was_full_, false);
  const Bell::Ring ring = bell_.strike();
  lock.unlock();
  tell(writable ? std::uint32_t{kWritable} : 0, ring);
}

void ClientCall::on_done() {
  const Ref<ClientCall> started = Ref<ClientCall>::adopt(this);
  // What the reader had no room for is here by now.
  Slice message;
  while (!unary() && call_->take(message)) push(std::move(message));
  Status status = std::move(call_->status());
  std::exchange(call_, nullptr)->release();
  std::uint32_t bits = kEnded;
  Bell::Ring ring;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;  // cancelled meanwhile
    if (!status.ok() && unary()) incoming_.clear();
    has_trailing_metadata_ = true;
    if (!has_initial_metadata_) bits |= kInitialMetadata;
    has_initial_metadata_ = true;
    if (std::exchange(wants_message_, false)) bits |= kMessage;
    if (std::exchange(was_full_, false)) bits |= kWritable;
    if (status.ok()) {
      ring = end(StatusCode::kOk, {});
    } else {
      status_details_ = status.details();
      auto [code, details] = known_words(status, channel_->closed());
      ring = end(code, std::move(details));
    }
  }
  tell(bits, ring);
}

}  // namespace godwit::python
