#pragma once

#include <memory>
#include <string>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/compiler/compiler.h"
#include "godwit/compiler/driver/disk_source_tree.h"
#include "godwit/proto/json/type_registry.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/rpc/method_kind.h"

namespace godwit::cli {

// .proto files compiled when the program runs, and the types of their messages. What it gives lives as long as it.
class ServiceCatalog {
 public:
  // The error's text is complete (compiler's errors with their places) and ends with a newline.
  static Result<std::unique_ptr<ServiceCatalog>, Error> compile(const std::vector<std::string>& files,
                                                                const std::vector<std::string>& folders);

  // "package.Service/Method", a "/" in front of it or a dot instead of the slash is fine. The error's further lines say
  // what there is.
  Result<const proto::MethodDescriptor*, Error> find(std::string_view written) const;

  // Not thread-safe.
  Result<const proto::MessageTable*, Error> table(const proto::MessageDescriptor& type) { return types_.table(type); }
  // For google.protobuf.Any.
  const proto::TypeRegistry& registry() const { return *registry_; }

 private:
  ServiceCatalog() = default;
  std::vector<const proto::ServiceDescriptor*> services() const;
  Error unknown_service(std::string_view written, std::string_view service, std::string_view method) const;

  compiler::DiskSourceTree tree_;
  compiler::Report report_;
  std::unique_ptr<compiler::Compiler> compiler_;
  proto::DynamicTypes types_;
  std::unique_ptr<proto::TypeRegistry> registry_;
};

MethodKind kind_of(const proto::MethodDescriptor& method);

}  // namespace godwit::cli
