#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "godwit/async/executor.h"
#include "godwit/base/arena.h"
#include "godwit/base/time.h"
#include "godwit/rpc/metadata.h"

namespace godwit {

namespace rpc {
class Attempt;
class Call;
}  // namespace rpc

// What a caller says about one call, and what the call tells the caller beside messages and status. One object for one
// call at a time: it must outlive its call, and reset() makes it ready for the next. Every call works without one.
// Used by one thread at a time (the channel's loop while the call runs), but for cancel().
class ClientContext {
 public:
  ClientContext() : send_metadata_(arena_), initial_metadata_(arena_), trailing_metadata_(arena_) {}
  // Cancels a call that still runs.
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // Before the call ------------------------------------------------------------------------------------------------

  // The call ends with DEADLINE_EXCEEDED when it takes longer. Counted from its start. Zero or less: it fails at once.
  void set_timeout(Duration timeout) { timeout_ = timeout; }
  // The same as a point on the clock of the channel's loop. With both, the earlier one counts.
  void set_deadline(TimePoint deadline) { deadline_ = deadline; }
  // True: while the servers cannot be reached the call waits (until its deadline) instead of failing. Default: what the
  // method's configuration says, else false.
  void set_wait_for_ready(bool wait) { wait_for_ready_ = wait; }
  // Metadata to send with the request.
  Metadata& metadata() { return send_metadata_; }
  const Metadata& metadata() const { return send_metadata_; }
  // Sent as :authority instead of the channel's. Copied.
  void set_authority(std::string_view authority) { authority_ = arena_.copy(authority); }
  // Messages of more bytes fail the call with RESOURCE_EXHAUSTED. Default: the channel's limits.
  void set_max_receive_message_bytes(std::size_t bytes) { max_receive_message_bytes_ = bytes; }
  void set_max_send_message_bytes(std::size_t bytes) { max_send_message_bytes_ = bytes; }

  std::optional<Duration> timeout() const { return timeout_; }
  TimePoint deadline() const { return deadline_; }  // kNever without one; a timeout is not counted in
  std::optional<bool> wait_for_ready() const { return wait_for_ready_; }
  std::string_view authority() const { return authority_; }
  std::optional<std::size_t> max_receive_message_bytes() const { return max_receive_message_bytes_; }
  std::optional<std::size_t> max_send_message_bytes() const { return max_send_message_bytes_; }

  // At any time ----------------------------------------------------------------------------------------------------

  // Ends the call with CANCELLED if it has not ended; a call that starts later fails at once. Any thread.
  void cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

  // During and after the call --------------------------------------------------------------------------------------

  // From the response's headers, once they have arrived. Empty for Trailers-Only.
  const Metadata& initial_metadata() const { return initial_metadata_; }
  // With the status; complete when the call has ended.
  const Metadata& trailing_metadata() const { return trailing_metadata_; }
  // Who answers: "ipv4:127.0.0.1:50051"; "" until the call was given to a connection.
  std::string_view peer() const { return peer_; }

  // Ready for another call; settings and results are forgotten. Not while a call runs.
  void reset();

  // Memory that lives until reset().
  Arena& arena() { return arena_; }

 private:
  friend class rpc::Call;
  friend class rpc::Attempt;
  class CancelWork;
  class Lock;

  // The call's side, on its loop. detach() is the last thing a call does with its context.
  void attach(rpc::Call& call, Executor& executor);
  void detach();
  void forget_results();

  static constexpr std::size_t kFirstMemory = 512;
  alignas(std::max_align_t) std::uint8_t first_memory_[kFirstMemory];
  Arena arena_{MutableBytes(first_memory_, kFirstMemory)};
  Metadata send_metadata_;
  Metadata initial_metadata_;
  Metadata trailing_metadata_;
  std::string_view authority_;
  std::string_view peer_;
  std::optional<Duration> timeout_;
  TimePoint deadline_ = kNever;
  std::optional<bool> wait_for_ready_;
  std::optional<std::size_t> max_receive_message_bytes_;
  std::optional<std::size_t> max_send_message_bytes_;

  // How cancel() on another thread finds the call. The four are guarded by lock_, which is held for a few instructions.
  std::atomic<bool> lock_{false};
  std::atomic<bool> cancelled_{false};
  rpc::Call* call_ = nullptr;
  Executor* executor_ = nullptr;
  CancelWork* cancel_work_ = nullptr;
};

}  // namespace godwit
