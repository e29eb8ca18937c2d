#pragma once

#include <cstdint>

#include "godwit/http2/stream/stream_state.h"

namespace godwit::http2 {

// One stream of a Connection. The engine makes it (open() or on_headers with a request), and a pointer stays valid until
// on_stream_closed() for it has returned. All work is done by commands of the Connection.
class Stream {
 public:
  // Free for the user of the engine; nullptr on a new stream of the peer.
  void* user = nullptr;

  std::uint32_t id() const { return id_; }
  StreamState state() const { return state_; }

 private:
  friend class Connection;

  std::uint32_t id_ = 0;
  StreamState state_ = StreamState::kIdle;
};

}  // namespace godwit::http2
