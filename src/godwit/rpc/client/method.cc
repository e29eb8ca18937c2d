#include "godwit/rpc/client/method.h"

#include <atomic>
#include <utility>

namespace godwit {

ClientMethod::ClientMethod(std::string path, MethodKind kind, HeaderCache cache)
    : path_(std::move(path)), kind_(kind), index_(0) {
  static std::atomic<std::size_t> next{1};
  if (cache == HeaderCache::kPerChannel) index_ = next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace godwit
