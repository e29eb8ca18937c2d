#pragma once

#include <cstdint>

#include "godwit/async/executor.h"
#include "godwit/async/dialer.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"

namespace godwit::net {
class EventLoop;
}

namespace godwit::python {

// What all channels of the process share: one event loop on a thread of its own, started by the first channel. Servers
// have a loop each.
class Runtime {
 public:
  // Starts it if need be. The error: no descriptors or threads are left.
  static Result<Runtime*, Error> get();
  net::EventLoop& loop();
  Dialer& dialer();
  NameLookup& names();

  // Forking. Before fork() every loop of the process comes to rest between two turns, so that no lock of ours is held
  // and no object half changed; in the parent they go on. In the child the loops, connections, channels and servers of
  // the parent are given up as they are: their descriptors are closed (without a word to the peers), their memory stays,
  // their threads do not exist. generation() changes, and who holds a channel of an older generation makes a new one.
  // Call with Python's lock; engine threads never take it.
  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
  static std::uint64_t generation();
};

}  // namespace godwit::python
