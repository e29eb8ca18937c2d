#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include "godwit/http2/frame/frame.h"
#include "godwit/http2/limits/limits.h"

namespace godwit::http2 {

// The last streams that we reset. Their frames may still be under way when the peer has not seen our RST_STREAM yet,
// and are ignored (RFC 9113 section 5.1, "closed"). Holds no memory before the first reset.
class ResetMemory {
 public:
  void add(StreamId id) {
    if (!ids_) ids_ = std::make_unique<Ids>();
    (*ids_)[count_++ % limits::kRememberedResets] = id;
  }
  bool contains(StreamId id) const { return ids_ && std::find(ids_->begin(), ids_->end(), id) != ids_->end(); }
  // True when there were more resets than are remembered.
  bool has_forgotten() const { return count_ > limits::kRememberedResets; }

 private:
  using Ids = std::array<StreamId, limits::kRememberedResets>;
  std::unique_ptr<Ids> ids_;
  std::size_t count_ = 0;
};

}  // namespace godwit::http2
