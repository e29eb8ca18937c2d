#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/rpc/server/method.h"

namespace godwit {

// A service that a Server can serve: what generated base classes derive from. The object must outlive the server.
class Service {
 public:
  virtual ~Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // "package.Service"
  virtual std::string_view service_name() const = 0;
  // One entry for each method, its handler bound to this object.
  virtual std::vector<rpc::Method> methods() = 0;
  // True when its handlers block: the server then needs worker threads.
  virtual bool blocks() const { return false; }

 protected:
  Service() = default;
};

}  // namespace godwit
