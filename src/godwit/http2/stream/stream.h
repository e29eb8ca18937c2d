#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "godwit/http/field.h"
#include "godwit/http2/flow_control/receive_window.h"
#include "godwit/http2/flow_control/send_window.h"
#include "godwit/http2/frame/error_code.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/stream/send_queue.h"
#include "godwit/http2/stream/stream_state.h"

namespace godwit::http2 {

enum class ResetCause : std::uint8_t;

// Trailers that wait behind DATA: a copy of what send_headers() was given.
struct WaitingTrailers {
  const http::PreparedFields* prepared = nullptr;
  std::string text;               // names and values of `rest`, one after the other
  std::vector<http::Field> rest;  // views into `text`
};

// One stream of a Connection. The engine makes it (open(), or on_headers with a request), and a pointer stays valid
// until on_stream_closed() for it has returned. All work is done by commands of the Connection.
class Stream {
 public:
  // Free for the user of the engine; nullptr on a new stream of the peer.
  void* user = nullptr;

  StreamId id() const { return id_; }
  StreamState state() const { return state_; }
  // False once our END_STREAM was given to the engine (it may still wait behind DATA) or the stream is closed.
  bool can_send() const { return !end_queued_ && state_ != StreamState::kClosed; }

 private:
  friend class Connection;
  friend class StreamPool;
  friend class StreamTable;
  friend class SendScheduler;

  Stream(StreamId id, std::uint32_t send_window, std::uint32_t receive_window)
      : id_(id), send_window_(send_window), receive_window_(receive_window) {}

  StreamId id_;
  StreamState state_ = StreamState::kIdle;

  // What the peer has sent so far.
  bool final_headers_received_ : 1 = false;  // the request, or a response that is not 1xx
  bool head_request_ : 1 = false;            // client: the response has no body, whatever its content-length says
  // What the user has given us.
  bool headers_sent_ : 1 = false;
  bool end_queued_ : 1 = false;  // no more from the user
  bool above_high_ : 1 = false;  // on_writable() is owed
  // How it ended.
  bool reset_pending_ : 1 = false;  // on_reset() is owed
  bool ended_well_ : 1 = false;     // by END_STREAM on both sides
  ResetCause reset_cause_{};
  ErrorCode reset_code_{};
  const char* reset_text_ = nullptr;  // a literal; nullptr: the connection's error text
  std::uint64_t begins_at_ = 0;       // client: the position of the request's first byte in the connection's output

  SendWindow send_window_;
  ReceiveWindow receive_window_;
  std::uint32_t unconsumed_ = 0;    // bytes that the user holds
  std::int64_t content_left_ = -1;  // what content-length still promises; -1: nothing was promised
  SendQueue queue_;
  std::unique_ptr<WaitingTrailers> trailers_;

  Stream* next_ready_ = nullptr;  // in the SendScheduler's ring; nullptr: not in it
  Stream* previous_ready_ = nullptr;
  Stream* next_ = nullptr;  // in the list of closed streams, or of free ones
};

}  // namespace godwit::http2
