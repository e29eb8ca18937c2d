#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channel.h"
#include "event_queue.h"
#include "godwit/async/executor.h"
#include "godwit/base/block.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/metadata.h"
#include "godwit/rpc/status.h"
#include "waiting.h"
#include "wire.h"

namespace godwit::python {

struct CallOptions {
  std::optional<Duration> timeout = {};  // zero or less: DEADLINE_EXCEEDED at once
  std::optional<bool> wait_for_ready = {};
};

// A method by its path: one object for each path and kind of the process, which stays. nullptr when there are too many
// (a program that makes up paths): give the path itself to make() then.
const ClientMethod* find_method(std::string_view path, MethodKind kind);

// One call of a client, of any kind, for any thread of Python's and for asyncio alike. Commands (write, cancel, ...)
// never wait: they are noted under a mutex, and one piece of work posted to the channel's loop carries out what has
// been noted since. Results are waited for (wait_...: without Python's lock; sync API) or come as events (asyncio,
// futures).
//
//   made --start()--> running --> ended: status() is final, everything received may still be taken
//
// Each call that runs is kept alive by the loop. Dropping the last reference of Python's side does not cancel: that is
// the Python object's decision. After a fork, and when the process ends, a call has ended, CANCELLED.
//
// Calls of the kind kUnary take one message and give one, else they fail; other kinds let each side send as many as it
// likes.
class ClientCall final : public EventSource, private rpc::CallSink, private Work {
 public:
  enum class Wait : std::uint8_t { kReady, kEnded, kTimeout };

  // `queue`: where events go; empty for callers that wait.
  static Ref<ClientCall> make(Ref<Channel> channel, const ClientMethod& method, const CallOptions& options,
                              Ref<EventQueue> queue);
  // For paths that are not worth keeping.
  static Ref<ClientCall> make(Ref<Channel> channel, std::string_view path, MethodKind kind, const CallOptions& options,
                              Ref<EventQueue> queue);

  // Before start: what to send.
  Metadata& metadata() { return context_.metadata(); }
  // Starts. With a message (not framed; copied): it is the only one. After it the call runs whether or not anybody
  // looks.
  void start();
  void start_with(std::string_view message);

  void write(std::string_view message);  // copied
  void close_writing();
  // Ends the call at once, as far as this side goes: what was received and not taken is dropped. False: it had ended.
  bool cancel();  // CANCELLED
  bool cancel_with(StatusCode code, std::string details);
  // The next message, please: kMessage follows when it is there or the messages have ended. The engine reads ahead a
  // little by itself (64 KiB), so that waiting readers seldom wait for the wire.
  void want_message();

  // --- state, any time, any thread, never waits ---
  bool has_initial_metadata() const;  // or the call has ended without
  bool take(Slice& message);          // the next message that is there
  // Up to `max` messages that are there, appended to `messages`.
  void take_many(std::size_t max, std::vector<Slice>& messages);
  bool messages_ended() const;  // all were taken, and no more will come
  bool can_write() const;       // false while much waits to be sent; true after the end
  bool ended() const;
  // After ended(): final. Before: OK and empty.
  StatusCode code() const;
  std::string details() const;
  // Empty until they are there. They live as long as the call.
  const Metadata& initial_metadata() const;
  const Metadata& trailing_metadata() const;
  // A serialized google.rpc.Status, or "": what other implementations show as trailing metadata
  // "grpc-status-details-bin".
  std::string status_details() const;
  std::string peer() const;
  TimePoint deadline() const { return deadline_; }  // kNever without one

  // --- waiting, without Python's lock. `until` kNever: for ever. kTimeout also when a signal came: look at it ---
  Wait wait_message(TimePoint until);  // kReady: take() gives one
  Wait wait_initial_metadata(TimePoint until);
  Wait wait_writable(TimePoint until);  // kEnded: writing is of no use
  Wait wait_ended(TimePoint until);     // kReady when it has

 private:
  // So many bytes of messages are fetched ahead of the reader; each message counts a little more than its bytes.
  static constexpr std::size_t kFetchBytes = 64 * 1024;
  static constexpr std::size_t kPerMessage = 64;
  // Messages up to this size are copied instead of keeping the buffer they lie in.
  static constexpr std::size_t kCopyBytes = 2048;

  ClientCall(Ref<Channel> channel, const ClientMethod* method, std::unique_ptr<ClientMethod> own_method,
             const CallOptions& options, Ref<EventQueue> queue);
  ~ClientCall() override;
  bool alive() const { return channel_->alive(); }
  bool unary() const { return method_->kind() == MethodKind::kUnary; }

  // With the mutex.
  void begin(std::unique_lock<std::mutex> lock);
  void pop(Slice& message);
  void fetch_more(std::unique_lock<std::mutex> lock);
  void post(std::unique_lock<std::mutex> lock, bool here = false);  // Executor::post_and_turn()
  // What to ring.
  Bell::Ring end(StatusCode code, std::string details);
  Bell::Ring end_here(StatusCode code, std::string details);
  bool has_message() const { return next_ < incoming_.size(); }

  // On the loop.
  void run() override;
  void start_on_loop();
  void fetch();
  bool has_room();
  void push(Slice message);
  void on_initial_metadata() override;
  void on_message(const http::BodyView& message) override;
  void on_writable() override;
  void on_done() override;
  void tell(std::uint32_t bits, Bell::Ring ring);
  Slice keep(const http::BodyView& message);

  template <typename Look>
  Wait wait(TimePoint until, Look look);

  const Ref<Channel> channel_;
  const ClientMethod* const method_;
  const std::unique_ptr<ClientMethod> own_method_;
  TimePoint deadline_ = kNever;
  bool too_late_ = false;  // the time-out was zero or less

  // The loop's from start to end.
  rpc::Call* call_ = nullptr;
  ClientContext context_;
  Outgoing sending_;
  Slice only_;  // the only message, framed

  Bell bell_;
  mutable std::mutex mutex_;  // guards what follows
  Outgoing outgoing_;
  std::vector<Slice> incoming_;
  std::size_t next_ = 0;  // the first of incoming_ that was not taken
  std::size_t incoming_bytes_ = 0;
  bool only_one_ = false;
  bool started_ = false;
  bool counted_ = false;  // in Runtime::calls
  bool posted_ = false;
  bool loop_can_write_ = true;
  bool was_full_ = false;  // can_write() has been false: kWritable follows
  bool paused_ = true;     // no message has been asked for
  bool wants_message_ = false;
  bool close_ = false;
  bool cancelled_ = false;  // ended from this side: the loop is to let go
  bool has_initial_metadata_ = false;
  bool has_trailing_metadata_ = false;
  bool ended_ = false;
  StatusCode code_ = StatusCode::kOk;
  std::string details_;
  std::string status_details_;
  std::string peer_;
};

}  // namespace godwit::python
