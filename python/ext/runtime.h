#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "event_queue.h"
#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "waiting.h"

namespace godwit::net {
class EventLoop;
class SystemNameLookup;
}  // namespace godwit::net

namespace godwit::python {

// What all channels of the process share: one event loop on a thread of its own, started by the first channel. Servers
// have a loop each. It lives as long as the process.
class Runtime {
 public:
  // Starts it if need be. The error: no descriptors or threads are left.
  static Result<Runtime*, Error> get();
  net::EventLoop& loop() { return *loop_; }
  Dialer& dialer() { return *dialer_; }
  NameLookup& names() { return *names_; }

  // For the loop's thread: events, and threads to wake, that are gathered until the end of the turn.
  EventBatch& events() { return *events_; }
  WakeBatch& wakes() { return *wakes_; }

  // Calls that have begun and not ended, of all channels. One that begins alone is sent on its caller's thread; beside
  // others the loop's thread sends, many at once.
  std::atomic<std::size_t> calls{0};

  // Forking. Before fork() every loop of the process comes to rest between two turns, so that no lock of ours is held
  // and no object half changed; in the parent they go on. In the child the loops, connections, channels and servers of
  // the parent are given up as they are: their descriptors are closed (without a word to the peers), their memory
  // stays, their threads do not exist. generation() changes, and who holds a channel of an older generation makes a new
  // one. Call without Python's lock: before_fork() waits for loops (a second at most), and for another thread that
  // forks. One thread may call it and another one not, but between before_fork() and after_fork_...() the thread is the
  // same.
  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
  static std::uint64_t generation();

  // The end of the process: the loop stops, and whatever was made before is dead as in the child of a fork. Waits for
  // the loop's thread.
  static void stop();

 private:
  Runtime() = default;
  ~Runtime();
  Result<void, Error> start();

  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<net::SystemNameLookup> lookup_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<NameLookup> names_;
  std::unique_ptr<EventBatch> events_;
  std::unique_ptr<WakeBatch> wakes_;
  std::thread thread_;
  Runtime* older_ = nullptr;  // of the parent's
};

}  // namespace godwit::python
