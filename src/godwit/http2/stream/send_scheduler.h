#pragma once

#include "godwit/http2/stream/stream.h"

namespace godwit::http2 {

// The streams that have DATA waiting and an open window of their own, served in turn: a ring, one frame each.
class SendScheduler {
 public:
  bool empty() const { return front_ == nullptr; }
  Stream* front() const { return front_; }
  static bool contains(const Stream& stream) { return stream.next_ready_ != nullptr; }

  // At the end of the ring. Does nothing when it is there already.
  void add(Stream& stream) {
    if (contains(stream)) return;
    if (!front_) {
      front_ = stream.next_ready_ = stream.previous_ready_ = &stream;
      return;
    }
    stream.next_ready_ = front_;
    stream.previous_ready_ = front_->previous_ready_;
    front_->previous_ready_->next_ready_ = &stream;
    front_->previous_ready_ = &stream;
  }
  void remove(Stream& stream) {
    if (!contains(stream)) return;
    if (stream.next_ready_ == &stream) {
      front_ = nullptr;
    } else {
      stream.previous_ready_->next_ready_ = stream.next_ready_;
      stream.next_ready_->previous_ready_ = stream.previous_ready_;
      if (front_ == &stream) front_ = stream.next_ready_;
    }
    stream.next_ready_ = stream.previous_ready_ = nullptr;
  }
  // The front goes to the end.
  void rotate() { front_ = front_->next_ready_; }

 private:
  Stream* front_ = nullptr;
};

}  // namespace godwit::http2
