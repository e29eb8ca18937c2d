#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "godwit/net/event_loop.h"

namespace godwit::net {

// How many processors this process may use, by its affinity mask; at least 1.
std::size_t usable_processors();

// Several event loops, each with its thread.
class LoopGroup {
 public:
  struct Options {
    std::size_t count = 0;  // 0: usable_processors()
    bool pin = false;       // thread i runs on the i-th usable processor only (modulo their number)
    EventLoop::Options loop;
  };
  // The loops exist but do not run yet: what belongs on them may be set up from this thread.
  static Result<std::unique_ptr<LoopGroup>, Error> create(const Options& options);
  static Result<std::unique_ptr<LoopGroup>, Error> create() { return create(Options{}); }
  ~LoopGroup();  // stops and joins
  LoopGroup(const LoopGroup&) = delete;
  LoopGroup& operator=(const LoopGroup&) = delete;

  void start();
  // Stops every loop and waits for the threads: not from one of them. Afterwards what belongs to the loops may be taken
  // down from this thread, before the group.
  void stop();

  std::size_t size() const { return loops_.size(); }
  EventLoop& operator[](std::size_t index) { return *loops_[index]; }
  const std::vector<EventLoop*>& loops() const { return pointers_; }

 private:
  explicit LoopGroup(bool pin) : pin_(pin) {}
  const bool pin_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<EventLoop*> pointers_;
  std::vector<std::thread> threads_;
};

}  // namespace godwit::net
