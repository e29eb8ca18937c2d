#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event_queue.h"
#include "godwit/async/cancellation.h"
#include "godwit/async/event.h"
#include "godwit/async/executor.h"
#include "godwit/async/task.h"
#include "godwit/base/block.h"
#include "godwit/rpc/status.h"
#include "wire.h"

namespace godwit::rpc {
class ServerCall;
}

namespace godwit::python {

class ServerCore;
class ServerLoop;

// What Server::add_method() was told.
struct ServerMethod {
  std::string path;
  int id = -1;
  bool client_streams = true;
  bool server_streams = true;
  void* binding = nullptr;  // for the bindings: Python's objects for path and id
};

// One call on the server, for the Python thread or the asyncio task that handles it. Commands never wait: they are
// noted under a mutex and carried out by the server's loop. When nobody waits for the answer any more they do nothing.
//
//   arrived --> handled (read, write) --finish()--> finished
//       '----- client cancelled, deadline passed, server stopped --> lost: kEnded is signalled, finish() is still
//       expected
//
// In both ends is_active() is false at once, and every wait returns. Whoever drops the last reference of an unfinished
// call cancels it first: see abandon(). Pooled: in steady state a small unary call allocates nothing here.
class ServerCall final : public EventSource, private Work {
 public:
  enum class Wait : std::uint8_t { kReady, kEnded, kTimeout };

  bool made_by_engine() const override { return true; }

  // --- what is known when the call arrives; constant. Views live as long as the call is held ---
  const ServerMethod& method() const { return *method_; }
  int method_id() const { return method_->id; }  // -1 for paths that nobody has registered
  std::string_view path() const;                 // "/package.Service/Method"
  std::string_view authority() const { return part(authority_); }
  std::string_view peer() const { return part(peer_); }  // "ipv4:127.0.0.1:50000"
  TimePoint deadline() const { return deadline_; }       // kNever without one
  // Calls entry(key, value) for each, in order.
  template <typename F>
  void for_each_metadata(F&& entry) const {
    const char* at = text_.data() + metadata_.begin;
    for (std::uint32_t i = 0; i < metadata_.size; ++i) {
      Lengths lengths;
      __builtin_memcpy(&lengths, at, sizeof lengths);
      at += sizeof lengths;
      entry(std::string_view(at, lengths.key), std::string_view(at + lengths.key, lengths.value));
      at += lengths.key + lengths.value;
    }
  }
  std::size_t metadata_size() const { return metadata_.size; }
  Entries invocation_metadata() const;
  // Of a registered method whose client does not stream: the one message, already here.
  bool has_request() const { return has_request_; }
  std::string_view request() const;
  // It was copied: a large one need not be kept. For the thread that handles the call.
  void drop_request() { large_request_ = Slice(); }
  // Of connections with TLS. For clients that were verified: the certificate (PEM), its alternative names and common
  // name.
  struct Peer {
    std::string certificate_pem;
    std::vector<std::string> alternative_names;
    std::string common_name;
    std::string tls_version;
    std::string tls_cipher;
  };
  const Peer* tls_peer() const { return tls_peer_.get(); }

  // --- commands. Messages come without prefix and are copied ---
  void send_initial_metadata(Entries metadata);
  void write(std::string_view message);
  // The end: `last` is a message to be sent before the status. Exactly once counts; later ones do nothing.
  void finish(StatusCode code, std::string_view details, Entries trailing, std::optional<std::string_view> last = {}) {
    end(code, details, std::move(trailing), last, false);
  }
  // For the thread that replies to many calls in a row: the loop is not woken for each. What was noted leaves with
  // Server::flush(), or about 1 ms later.
  void finish_later(StatusCode code, std::string_view details, Entries trailing,
                    std::optional<std::string_view> last = {}) {
    end(code, details, std::move(trailing), last, true);
  }
  void want_message();
  void cancel();  // the client sees CANCELLED
  // Nobody will call finish(): cancels what has not ended.
  void abandon();

  // --- state ---
  bool is_active() const { return !over_.load(std::memory_order_acquire); }
  bool take(Slice& message);
  bool messages_ended() const;  // all were taken; or the call is over
  bool can_write() const;       // false while much waits to be sent: kWritable follows. True when the call is over

  // --- waiting, without Python's lock ---
  Wait wait_message(TimePoint until);   // kReady: take() gives one
  Wait wait_writable(TimePoint until);  // kEnded: writing is of no use

 private:
  friend class ServerCore;
  friend class ServerLoop;
  class FinishAwaiter;
  struct Lengths {
    std::uint32_t key, value;
  };
  struct Part {
    std::uint32_t begin = 0, size = 0;
  };
  static constexpr std::size_t kReadAhead = 64 * 1024;   // bytes of messages that wait to be taken
  static constexpr std::size_t kKeptRequest = 4 * 1024;  // longer requests stay where they were received
  static constexpr std::size_t kMessageOverhead = 64;    // so that many empty messages are not for free

  explicit ServerCall(ServerLoop& loop);
  ~ServerCall() override;
  void unreferenced() override;
  std::string_view part(Part p) const { return {text_.data() + p.begin, p.size}; }
  Part append(std::string_view bytes);
  bool dead() const;  // of the parent of this process

  // Any thread. note() and the functions with `lock` want the mutex held.
  void note(bool later = false);
  void end(StatusCode code, std::string_view details, Entries&& trailing, std::optional<std::string_view> last,
           bool later);
  bool wait_until(std::unique_lock<std::mutex>& lock, TimePoint until);
  bool can_write_locked() const;
  void wake_waiters();

  // The loop's side.
  void open(rpc::ServerCall& engine, const ServerMethod& method);
  void copy_head(rpc::ServerCall& engine);
  static Task<Status> handle_unary(rpc::ServerCall& engine, ServerLoop& loop, const ServerMethod& method);
  static Task<Status> handle_stream(rpc::ServerCall& engine, ServerLoop& loop, const ServerMethod& method);
  static Task<void> read_ahead(rpc::ServerCall& engine, ServerCall& call);
  static Task<void> watch_room(rpc::ServerCall& engine, ServerCall& call);
  void run() override;
  void carry_out();
  void send_all();
  void writable_again(bool blocked);
  bool received(Slice message);
  void no_more_messages();
  void lost();

  ServerLoop& loop_;
  Ref<ServerCore> core_;  // while it is in use

  // Constant after the arrival. One buffer for all that is text.
  const ServerMethod* method_ = nullptr;
  std::string text_;
  Part path_, authority_, peer_, request_;
  Part metadata_;  // `size` entries: their lengths, key, value
  bool has_request_ = false;
  TimePoint deadline_ = kNever;
  Slice large_request_;
  std::unique_ptr<Peer> tls_peer_;

  std::atomic<bool> over_{false};  // finished or lost
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int waiters_ = 0;
  bool posted_ = false;  // on its way to the loop: run() or the loop's outbox will come by
  bool finished_ = false;
  bool lost_ = false;
  bool cancel_ = false;
  bool initial_noted_ = false;
  bool write_waits_ = false;  // somebody saw can_write() false
  bool blocked_ = false;      // the connection has enough to send
  bool wanted_ = false;       // want_message() has not been answered
  bool messages_complete_ = false;
  bool reader_waits_ = false;  // the loop reads no further until messages were taken
  StatusCode code_ = StatusCode::kOk;
  std::string details_;
  Entries initial_, trailing_;
  Outgoing noted_;
  std::vector<Slice> inbox_;  // from inbox_first_ on
  std::size_t inbox_first_ = 0;
  std::size_t inbox_bytes_ = 0;

  // The loop's own.
  rpc::ServerCall* engine_ = nullptr;
  std::coroutine_handle<> main_;
  Outgoing sending_;
  Entries sending_initial_;
  AsyncEvent room_;      // the reader may go on
  AsyncEvent blocking_;  // the watcher of the connection's room has something to wait for
};

}  // namespace godwit::python
