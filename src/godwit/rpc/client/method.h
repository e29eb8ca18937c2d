#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/rpc/method_kind.h"

namespace godwit {

// One method as a client calls it. Immutable and usable on any thread. Normally a static object of the generated code:
// it must outlive every channel it was used with, unless it was made kUncached.
class ClientMethod {
 public:
  enum class HeaderCache : std::uint8_t {
    kPerChannel,  // each channel keeps the request headers of this method, ready to send
    kUncached,    // nothing is kept: for paths that are only known at run time. Must outlive its calls only.
  };

  // `path` is "/package.Service/Method".
  ClientMethod(std::string path, MethodKind kind, HeaderCache cache = HeaderCache::kPerChannel);
  ClientMethod(const ClientMethod&) = delete;
  ClientMethod& operator=(const ClientMethod&) = delete;

  std::string_view path() const { return path_; }
  MethodKind kind() const { return kind_; }
  // From 1, unique among the cached methods of the process; 0 when it is kUncached.
  std::size_t index() const { return index_; }

 private:
  std::string path_;
  MethodKind kind_;
  std::size_t index_;
};

}  // namespace godwit
