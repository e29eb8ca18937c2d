#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "event_queue.h"
#include "godwit/async/executor.h"
#include "godwit/rpc/client/call.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/status.h"
#include "wire.h"

namespace godwit::python {

class Channel;

struct CallOptions {
  std::optional<Duration> timeout;  // zero or less: DEADLINE_EXCEEDED at once
  std::optional<bool> wait_for_ready;
  std::string authority;  // empty: the channel's
  Entries metadata;
};

// One call of a client, of any kind, for any thread of Python's and for asyncio alike. Commands (write, cancel, ...) never
// wait: they are noted under a mutex, and one piece of work posted to the channel's loop carries out what has been noted
// since. Results are waited for (wait_...: without Python's lock; sync API) or come as events (asyncio, futures).
//
//   made --start()--> running --> ended: status() is final, everything received may still be taken
//
// Each call that runs is kept alive by the loop. Dropping the last reference of Python's side does not cancel: that is
// the Python object's decision.
class ClientCall final : public EventSource {
 public:
  enum class Wait : std::uint8_t { kReady, kEnded, kTimeout };

  // `queue`: where events go; empty for callers that wait.
  static Ref<ClientCall> make(Ref<Channel> channel, std::string_view path, CallOptions options, Ref<EventQueue> queue);

  // Starts. With a message: it is the only one (unary request). After it the call runs whether or not anybody looks.
  void start();
  void start_with(Slice framed);

  void write(Slice framed);
  void close_writing();
  void cancel();                               // CANCELLED, if the call has not ended
  void cancel_with(StatusCode code, std::string details);
  // The next message, please: kMessage follows when it is there or the messages have ended. The engine reads ahead a
  // little by itself (64 KiB), so that waiting readers seldom wait for the wire.
  void want_message();

  // --- state, any time, any thread, never waits ---
  bool has_initial_metadata() const;  // or the call has ended without
  bool take(Slice& message);          // the next message that is there
  bool messages_ended() const;        // all were taken, and no more will come
  bool can_write() const;             // false while much waits to be sent; true after the end
  bool ended() const;
  // After ended(): final. Before: OK and empty.
  StatusCode code() const;
  std::string details() const;
  Entries initial_metadata() const;
  Entries trailing_metadata() const;
  std::string peer() const;
  TimePoint deadline() const;         // kNever without one

  // --- waiting, without Python's lock. `until` kNever: for ever. kTimeout lets callers look at signals ---
  Wait wait_message(TimePoint until);           // kReady: take() gives one
  Wait wait_initial_metadata(TimePoint until);
  Wait wait_writable(TimePoint until);          // kEnded: writing is of no use
  Wait wait_ended(TimePoint until);             // kReady when it has

 private:
  class OnLoop;
  ~ClientCall() override;
};

}  // namespace godwit::python
