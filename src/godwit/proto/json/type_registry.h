#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/table.h"

namespace godwit::proto {

class DescriptorPool;

// Finds message types by name, for google.protobuf.Any: generated types first, then those of a pool, whose tables are
// made when they are first asked for. Thread-safe. Make one and keep it.
class TypeRegistry {
 public:
  // Generated types only.
  TypeRegistry() : TypeRegistry(nullptr) {}
  // `pool` must outlive the registry and not change meanwhile.
  explicit TypeRegistry(const DescriptorPool& pool) : TypeRegistry(&pool) {}

  // Null when there is no such type. The table lives as long as the registry.
  const MessageTable* find(std::string_view full_name) const;

 private:
  explicit TypeRegistry(const DescriptorPool* pool) : pool_(pool) {}

  const DescriptorPool* pool_;
  mutable std::mutex mutex_;
  mutable DynamicTypes dynamic_;
};

// The table of a generated type, or null. Full name without a leading dot.
const MessageTable* find_generated_type(std::string_view full_name);

// "type.googleapis.com/pkg.Name" gives "pkg.Name"; empty when there is no slash or nothing behind the last one.
std::string_view type_name_of_url(std::string_view type_url);

}  // namespace godwit::proto
