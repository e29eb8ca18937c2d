// The half of ServerCall that runs on the loop: between the engine's call and what Python's threads have noted.
#include <algorithm>
#include <cstring>
#include <utility>

#include "godwit/rpc/server/server_call.h"
#include "godwit/stub/server_stream.h"
#include "server_call.h"
#include "server_loop.h"

namespace godwit::python {
namespace {

void copy_entries(const Entries& from, Metadata& to, Status* status) {
  for (const auto& [key, value] : from) {
    if (status && key == kStatusDetailsKey) {
      status->with_details(value);
    } else {
      add_entry(key, value, to);  // what may not be sent ends the call, with the reason
    }
  }
}

}  // namespace

// What the handler's task waits for: the end that Python says, or that the call is lost. The task goes on in a turn of
// its own, never from inside an event of the engine: the tasks beside it may be on the stack there.
class ServerCall::FinishAwaiter final : private CancellationCallback {
 public:
  FinishAwaiter(ServerCall& call, CancellationToken token) : call_(call), token_(token) {}
  ~FinishAwaiter() { call_.main_ = {}; }
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    call_.main_ = handle;
    attach(token_);
  }
  void await_resume() const {}

 private:
  void on_cancelled() override { call_.lost(); }
  ServerCall& call_;
  const CancellationToken token_;
};

// --- arriving ---

ServerCall::Part ServerCall::append(std::string_view bytes) {
  const Part part{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(bytes.size())};
  text_.append(bytes);
  return part;
}

void ServerCall::copy_head(rpc::ServerCall& engine) {
  const ServerContext& context = engine.context();
  text_.clear();
  path_ = method_->id < 0 ? append(engine.path()) : Part{};
  authority_ = append(context.authority());
  const http::ConnectionInfo& connection = context.connection();
  peer_ = append(connection.peer);
  metadata_ = {static_cast<std::uint32_t>(text_.size()), 0};
  for (const Metadata::Entry& entry : context.client_metadata()) {
    const Lengths lengths{static_cast<std::uint32_t>(entry.key.size()), static_cast<std::uint32_t>(entry.value.size())};
    text_.append(reinterpret_cast<const char*>(&lengths), sizeof lengths);
    text_.append(entry.key);
    text_.append(entry.value);
    ++metadata_.size;
  }
  if (connection.secure) {
    tls_peer_ =
        std::make_unique<Peer>(Peer{connection.peer_certificate_pem, connection.peer_alt_names,
                                    connection.peer_common_name, connection.tls_version, connection.tls_cipher});
  }
}

void ServerCall::open(rpc::ServerCall& engine, const ServerMethod& method) {
  engine_ = &engine;
  core_ = Ref<ServerCore>::share(&loop_.core());
  method_ = &method;
  deadline_ = engine.context().deadline();
  copy_head(engine);
  if (!method.client_streams) {
    const Bytes request = engine.request();
    has_request_ = true;
    BlockRef owner = request.size() > kKeptRequest ? engine.request_owner() : BlockRef();
    request_ = owner ? Part{} : append(as_text(request));
    if (owner) large_request_ = Slice(request, std::move(owner));
  }
  loop_.events().signal(*this, kArrived);
}

Task<Status> ServerCall::handle_unary(rpc::ServerCall& engine, ServerLoop& loop, const ServerMethod& method) {
  const Ref<ServerCall> call = loop.take();
  call->open(engine, method);
  co_await FinishAwaiter(*call, engine.context().cancellation());
  Status status(call->code_, std::move(call->details_));
  copy_entries(call->trailing_, engine.context().trailing_metadata(), &status);
  co_return status;
}

Task<Status> ServerCall::handle_stream(rpc::ServerCall& engine, ServerLoop& loop, const ServerMethod& method) {
  const Ref<ServerCall> call = loop.take();
  call->open(engine, method);
  // These two end by themselves when the call is over, or are destroyed where they wait.
  Task<void> reader;
  Task<void> watcher;
  const auto nothing = [](void*) {};
  if (method.client_streams) {
    reader = read_ahead(engine, *call);
    reader.start(nothing, nullptr);
  }
  if (method.server_streams) {
    watcher = watch_room(engine, *call);
    watcher.start(nothing, nullptr);
  }
  co_await FinishAwaiter(*call, engine.context().cancellation());
  Status status(call->code_, std::move(call->details_));
  copy_entries(call->trailing_, engine.context().trailing_metadata(), &status);
  co_return status;
}

// --- receiving ---

Task<void> ServerCall::read_ahead(rpc::ServerCall& engine, ServerCall& call) {
  for (;;) {
    rpc::ServerCall::ReadResult result = co_await engine.read();
    if (result.outcome == rpc::ServerCall::ReadOutcome::kEnd) call.no_more_messages();
    if (result.outcome != rpc::ServerCall::ReadOutcome::kMessage) co_return;
    if (!call.received(std::move(result.message))) {
      co_await call.room_.wait();
      call.room_.reset();
    }
  }
}

// False: it is enough for now; room_ is set when messages were taken.
bool ServerCall::received(Slice message) {
  bool wanted = false;
  bool more = true;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return true;
    if (inbox_first_ > 64 && inbox_first_ * 2 > inbox_.size()) {
      inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_first_));
      inbox_first_ = 0;
    }
    inbox_bytes_ += message.size() + kMessageOverhead;
    inbox_.push_back(std::move(message));
    more = inbox_bytes_ < kReadAhead;
    reader_waits_ = !more;
    wanted = std::exchange(wanted_, false);
    wake_waiters();
  }
  if (wanted) loop_.events().signal(*this, kMessage);
  return more;
}

void ServerCall::no_more_messages() {
  bool wanted = false;
  {
    std::lock_guard lock(mutex_);
    messages_complete_ = true;
    wanted = std::exchange(wanted_, false);
    wake_waiters();
  }
  if (wanted) loop_.events().signal(*this, kMessage);
}

// --- sending ---

Task<void> ServerCall::watch_room(rpc::ServerCall& engine, ServerCall& call) {
  for (;;) {
    co_await call.blocking_.wait();
    call.blocking_.reset();
    const bool more = co_await engine.writable();
    if (!more) co_return;
    call.writable_again(false);
  }
}

void ServerCall::writable_again(bool blocked) {
  bool tell = false;
  {
    std::lock_guard lock(mutex_);
    blocked_ = blocked;
    if (can_write_locked()) {
      tell = std::exchange(write_waits_, false);
      wake_waiters();
    }
  }
  if (tell) loop_.events().signal(*this, kWritable);
}

void ServerCall::send_all() {
  sending_.for_each([&](Bytes message) { engine_->send_message(message); },
                    [&](const Slice& message) { engine_->send_message(message); });
  sending_.clear();
}

// With the reference that note() took.
void ServerCall::run() {
  carry_out();
  release();
}

void ServerCall::carry_out() {
  bool initial = false, finished = false, lost = false, cancelled = false, read_on = false;
  {
    std::lock_guard lock(mutex_);
    posted_ = false;
    sending_.swap(noted_);
    initial = std::exchange(initial_noted_, false);
    if (initial) sending_initial_.swap(initial_);
    finished = finished_;
    lost = lost_;
    cancelled = cancel_;
    if (reader_waits_ && inbox_bytes_ <= kReadAhead / 2) {
      reader_waits_ = false;
      read_on = true;
    }
  }
  if (!main_) return sending_.clear();
  if (!lost) {
    if (initial) {
      copy_entries(sending_initial_, engine_->context().initial_metadata(), nullptr);
      sending_initial_.clear();
      engine_->send_headers();
    }
    const bool sent = !sending_.empty();
    if (sent) send_all();
    if (cancelled) engine_->fail(Status(StatusCode::kCancelled, "the handler cancelled the call"));
    if (!finished && !cancelled) {
      if (sent) {
        const bool blocked = !engine_->writable().await_ready();
        writable_again(blocked);
        if (blocked) blocking_.set();
      }
      if (read_on) room_.set();
      return;
    }
  }
  // What was lost just now ends in a turn of its own, see lost().
  sending_.clear();
  if (lost || finished) main_.resume();
}

// --- the end ---

void ServerCall::lost() {
  bool tell = false;
  {
    std::lock_guard lock(mutex_);
    lost_ = true;
    over_.store(true, std::memory_order_release);
    tell = !finished_;
    note();
    wake_waiters();
  }
  if (tell) loop_.events().signal(*this, kEnded);
}

}  // namespace godwit::python
