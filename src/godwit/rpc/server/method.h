#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "godwit/async/task.h"
#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/rpc/method_kind.h"
#include "godwit/rpc/status.h"

namespace godwit::rpc {

class ServerCall;

// What a method does with a call, in bytes. One object for each method, shared by all loops: it holds no state of a call.
class MethodHandler {
 public:
  virtual ~MethodHandler() = default;
  // Runs the call. For methods whose client does not stream, call.request() holds the one message. The task may outlive
  // the exchange (when the client is gone), never the call.
  virtual Task<Status> invoke(ServerCall& call) = 0;
  // The task (with all interceptors) ended with OK: sends what is still to be sent, for a unary reply the message. May
  // make the status an error.
  virtual void complete(ServerCall& call, Status& status) {
    (void)call;
    (void)status;
  }
};

struct Method {
  std::string path;  // "/package.Service/Method"
  MethodKind kind = MethodKind::kUnary;
  std::shared_ptr<MethodHandler> handler;
};

// The methods of a server, by path. Filled before the server starts, constant afterwards; read by all loops.
class MethodRegistry {
 public:
  // Fails when the path is no "/service/method" or is there already.
  Result<void, Error> add(Method method);
  // Takes calls to every path that is not registered, as a bidirectional stream of bytes. nullptr: UNIMPLEMENTED.
  void set_fallback(std::shared_ptr<MethodHandler> handler);

  const Method* find(std::string_view path) const;
  const Method* fallback() const { return fallback_.handler ? &fallback_ : nullptr; }
  bool has_service(std::string_view service) const;  // "package.Service"
  // In the order in which they were added.
  const std::vector<std::unique_ptr<Method>>& methods() const { return methods_; }

 private:
  std::vector<std::unique_ptr<Method>> methods_;
  std::unordered_map<std::string_view, const Method*> by_path_;
  Method fallback_{"*", MethodKind::kBidiStreaming, nullptr};
};

}  // namespace godwit::rpc
