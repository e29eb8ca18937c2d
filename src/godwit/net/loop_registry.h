#pragma once

namespace godwit::net {

class EventLoop;

// Every event loop of the process, for fork.h. Any thread.
void register_loop(EventLoop& loop);
void unregister_loop(EventLoop& loop);

// A loop's place in that list.
struct LoopLink {
  EventLoop* previous = nullptr;
  EventLoop* next = nullptr;
};

}  // namespace godwit::net
