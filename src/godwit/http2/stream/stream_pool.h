#pragma once

#include <cstdint>

#include "godwit/http2/stream/stream.h"

namespace godwit::http2 {

// Makes streams from memory that was used before. Each thread keeps up to kKept free streams for all its connections,
// so that a connection without streams holds none.
class StreamPool {
 public:
  static constexpr int kKept = 1024;

  static Stream* make(StreamId id, std::uint32_t send_window, std::uint32_t receive_window);
  static void give_back(Stream* stream);
};

}  // namespace godwit::http2
