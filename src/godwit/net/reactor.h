#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/base/time.h"
#include "godwit/net/descriptor.h"

namespace godwit::net {

class Reactor;

// Somebody who waits for a descriptor to become ready. Registered with at most one reactor; destroying it takes it out,
// also from the events that the reactor is just handing out. For the loop's thread only.
class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // `events` are epoll's bits. May destroy the watch.
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watch();

 private:
  friend class Reactor;
  Reactor* reactor_ = nullptr;
  int descriptor_ = -1;
  // The list of those that want to be called again in the next turn.
  Watch* previous_ = nullptr;
  Watch* next_ = nullptr;
  bool again_ = false;
};

// Readiness of descriptors: one epoll instance and one eventfd. Each descriptor is registered once, so that a message
// costs no system call beside its own receive and send.
class Reactor {
 public:
  Reactor() = default;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Creates the descriptors. Once, before anything else.
  Result<void, Error> open();

  // Registers `descriptor`, which stays the caller's; it is closed only after remove(). `events` are epoll's bits
  // (EPOLLET for edges); 0 waits for errors only.
  Result<void, Error> add(Watch& watch, int descriptor, std::uint32_t events);
  void modify(Watch& watch, std::uint32_t events);
  void remove(Watch& watch);
  // Calls watch.on_ready(EPOLLIN) in the next poll(), which does not sleep: for readers that stopped early to be fair.
  void call_again(Watch& watch);
  bool has_again() const { return again_first_ != nullptr; }

  // Looks what is ready, without sleeping, and hands it out. Returns how many watches were called.
  int poll() { return wait(Duration::zero()), hand_out(); }
  // The two parts of it. wait() sleeps until something is ready, at most `timeout` (zero: not at all; negative: without
  // limit). Between begin_wait() and hand_out() another thread may use everything but these functions, if it is kept
  // from doing so at the same time as hand_out(): watches that it removes are not called.
  void begin_wait() { waiting_ = true; }
  void wait(Duration timeout);
  int hand_out();
  // Makes poll() return, now or at its next call. Any thread.
  void wake();

 private:
  int wait_for_events(Duration timeout);
  void unlink_again(Watch& watch);

  static constexpr int kBatch = 256;
  OwnedDescriptor epoll_;
  OwnedDescriptor eventfd_;
  bool has_pwait2_ = true;
  Watch* again_first_ = nullptr;
  Watch* again_last_ = nullptr;
  std::size_t again_count_ = 0;
  int batch_position_ = 0;
  int batch_size_ = 0;  // 0 while batch_ is filled
  int ready_ = 0;       // what was filled in
  bool waiting_ = false;
  std::vector<Watch*> removed_;  // since begin_wait(), and not added again: batch_ may have them
  epoll_event batch_[kBatch];
};

}  // namespace godwit::net
