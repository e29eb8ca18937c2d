#pragma once

namespace godwit::rpc {

class Call;

// A call's place in one list. In no list when both neighbours are null.
struct CallLink {
  CallLink* previous = nullptr;
  CallLink* next = nullptr;
  Call* call = nullptr;

  bool linked() const { return next != nullptr; }
  void unlink() {
    if (!next) return;
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
};

// A list of calls in order, through their links. Does not own them.
class CallList {
 public:
  CallList() { head_.previous = head_.next = &head_; }
  CallList(const CallList&) = delete;
  CallList& operator=(const CallList&) = delete;

  bool empty() const { return head_.next == &head_; }
  void push_back(CallLink& link) { insert(*head_.previous, link); }
  void push_front(CallLink& link) { insert(head_, link); }
  Call* front() const { return empty() ? nullptr : head_.next->call; }
  // Takes the first one out; nullptr when there is none.
  Call* pop_front() {
    if (empty()) return nullptr;
    CallLink* first = head_.next;
    first->unlink();
    return first->call;
  }
  // Appends all of `other`, which is empty then.
  void take_all(CallList& other) {
    if (other.empty()) return;
    CallLink* first = other.head_.next;
    CallLink* last = other.head_.previous;
    other.head_.previous = other.head_.next = &other.head_;
    first->previous = head_.previous;
    head_.previous->next = first;
    last->next = &head_;
    head_.previous = last;
  }

 private:
  static void insert(CallLink& after, CallLink& link) {
    link.previous = &after;
    link.next = after.next;
    after.next->previous = &link;
    after.next = &link;
  }
  CallLink head_;
};

}  // namespace godwit::rpc
