#pragma once

#include <cstdint>

namespace godwit::net {

class EventLoop;

// fork() in a process whose event loops run. Around each fork(), on the thread that forks:
//
//   before_fork();
//   const pid_t child = fork();
//   if (child == 0) after_fork_in_child(); else after_fork_in_parent();
//
// Before: every loop comes to rest between two turns, and look-ups of names end, so that no other thread holds a lock
// of ours or has an object half changed. A loop in the middle of a long turn (or the one that forks from inside its own
// turn) is not waited for longer than a second altogether. A rest lasts ten seconds at most: who forks may wait, in
// other preparations for the fork, for somebody who waits for a loop.
// Parent: the loops go on.
// Child: the threads of the loops do not exist. The loops and all that lives on them are given up as they are: their
// descriptors are closed, without a word to the peers, who still talk to the parent; their memory stays, reachable,
// for ever. Nothing of it may be used or destroyed, but posting to a loop and dropping descriptors do no harm. New
// loops work. A loop that forked from inside its own turn ends with that turn.
//
// Until after_fork_...() loops are neither made nor destroyed: other threads wait who want to.
void before_fork();
void after_fork_in_parent();
void after_fork_in_child();

// Differs in the child from what it was in the parent.
std::uint64_t fork_generation();

// Around something that takes locks of its own which fork() does not know, and does not end in a turn of a loop: forks
// wait for its end (as above), and it waits while one is going on.
class ForkWaits {
 public:
  ForkWaits();
  ~ForkWaits();
  ForkWaits(const ForkWaits&) = delete;
  ForkWaits& operator=(const ForkWaits&) = delete;

 private:
  const std::uint32_t generation_;
};

}  // namespace godwit::net
