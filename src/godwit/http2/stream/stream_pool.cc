#include "godwit/http2/stream/stream_pool.h"

#include <new>

namespace godwit::http2 {
namespace {

// Free memory of the size of a Stream, linked through its first word.
class FreeList {
 public:
  struct Node {
    Node* next;
  };
  ~FreeList() {
    while (first_) ::operator delete(take());
    count_ = StreamPool::kKept;  // late calls at the thread's end keep nothing
  }
  void* take() {
    if (!first_) return nullptr;
    --count_;
    Node* node = first_;
    first_ = node->next;
    return node;
  }
  bool keep(void* memory) {
    if (count_ >= StreamPool::kKept) return false;
    first_ = ::new (memory) Node{first_};
    ++count_;
    return true;
  }

 private:
  Node* first_ = nullptr;
  int count_ = 0;
};

thread_local FreeList free_list;

}  // namespace

Stream* StreamPool::make(StreamId id, std::uint32_t send_window, std::uint32_t receive_window) {
  void* memory = free_list.take();
  if (!memory) memory = ::operator new(sizeof(Stream));
  return ::new (memory) Stream(id, send_window, receive_window);
}

void StreamPool::give_back(Stream* stream) {
  stream->~Stream();
  if (!free_list.keep(stream)) ::operator delete(stream);
}

}  // namespace godwit::http2
