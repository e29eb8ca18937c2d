#include "godwit/stub/owned.h"

namespace godwit {

class MessageArenaCache {
 public:
  static constexpr int kKept = 256;

  ~MessageArenaCache() {
    alive_ = false;
    while (first_) delete std::exchange(first_, first_->next_);
  }
  MessageArena* take() {
    if (!first_) return new MessageArena;
    --count_;
    MessageArena* arena = std::exchange(first_, first_->next_);
    return arena;
  }
  void give_back(MessageArena* arena) {
    if (!alive_ || count_ == kKept) {
      delete arena;
      return;
    }
    arena->arena_.reset();
    arena->next_ = first_;
    first_ = arena;
    ++count_;
  }

 private:
  MessageArena* first_ = nullptr;
  int count_ = 0;
  bool alive_ = true;
};

namespace {
thread_local MessageArenaCache cache;
}

MessageArena* MessageArena::take() { return cache.take(); }
void MessageArena::give_back() { cache.give_back(this); }

}  // namespace godwit
