#include "godwit/rpc/server/method.h"

#include <utility>

namespace godwit::rpc {

Result<void, Error> MethodRegistry::add(Method method) {
  const std::string_view path = method.path;
  const std::size_t slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash == 0 || slash + 1 == path.size()) {
    return Failure(Error("method '" + method.path + "' can't be registered: a path has the form /package.Service/Method"));
  }
  if (by_path_.contains(path)) {
    return Failure(Error("method '" + method.path + "' is registered already: each service can be added once to a server"));
  }
  methods_.push_back(std::make_unique<Method>(std::move(method)));
  by_path_.emplace(methods_.back()->path, methods_.back().get());
  return {};
}

void MethodRegistry::set_fallback(std::shared_ptr<MethodHandler> handler) { fallback_.handler = std::move(handler); }

const Method* MethodRegistry::find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

bool MethodRegistry::has_service(std::string_view service) const {
  for (const auto& method : methods_) {
    const std::string_view path = method->path;
    if (path.substr(1, path.rfind('/') - 1) == service) return true;
  }
  return false;
}

}  // namespace godwit::rpc
