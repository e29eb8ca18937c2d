#pragma once

#include <string_view>
#include <unordered_map>

#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/table.h"

namespace godwit::proto {

class DescriptorPool;

// Finds message types by name, for google.protobuf.Any: generated types first, then those of a pool. Making one takes
// time in the size of the pool; make it once and keep it. Many threads may look up at the same time.
class TypeRegistry {
 public:
  // Generated types only.
  TypeRegistry() = default;
  // Every message type that the pool has now; one that is too large for a table (see DynamicTypes) is left out. `pool`
  // must outlive the registry.
  explicit TypeRegistry(const DescriptorPool& pool);

  // Null when there is no such type. The table lives as long as the registry.
  const MessageTable* find(std::string_view full_name) const;

 private:
  DynamicTypes dynamic_;
  std::unordered_map<std::string_view, const MessageTable*> tables_;
};

// The table of a generated type, or null. Full name without a leading dot.
const MessageTable* find_generated_type(std::string_view full_name);

// "type.googleapis.com/pkg.Name" gives "pkg.Name"; empty when there is no slash or nothing behind the last one.
std::string_view type_name_of_url(std::string_view type_url);

}  // namespace godwit::proto
