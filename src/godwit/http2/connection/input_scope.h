#pragma once

#include "godwit/base/assert.h"
#include "godwit/base/time.h"
#include "godwit/http2/connection/connection.h"

namespace godwit::http2 {

// Around every input: inputs do not nest, and time goes on.
class Connection::InputScope {
 public:
  InputScope(Connection& connection, TimePoint now) : connection_(connection) {
    GODWIT_ASSERT(!connection_.inside_input_ && "an input of a Connection was called from inside one of its events");
    connection_.inside_input_ = true;
    connection_.now_ = now;
  }
  ~InputScope() { connection_.inside_input_ = false; }
  InputScope(const InputScope&) = delete;
  InputScope& operator=(const InputScope&) = delete;

 private:
  Connection& connection_;
};

}  // namespace godwit::http2
