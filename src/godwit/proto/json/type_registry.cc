#include "godwit/proto/json/type_registry.h"

#include "godwit/proto/message/generated_file.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::proto {

const MessageTable* find_generated_type(std::string_view full_name) {
  for (const GeneratedFile* file : generated_files()) {
    for (const MessageTable* const* table = file->messages; *table != nullptr; ++table) {
      if ((*table)->full_name() == full_name) return *table;
    }
  }
  return nullptr;
}

const MessageTable* TypeRegistry::find(std::string_view full_name) const {
  if (const MessageTable* table = find_generated_type(full_name)) return table;
  if (pool_ == nullptr) return nullptr;
  const MessageDescriptor* type = pool_->find_message(full_name);
  if (type == nullptr || type->is_map_entry()) return nullptr;
  std::lock_guard lock(mutex_);
  const auto table = dynamic_.table(*type);
  return table.ok() ? *table : nullptr;
}

std::string_view type_name_of_url(std::string_view type_url) {
  const std::size_t slash = type_url.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : type_url.substr(slash + 1);
}

}  // namespace godwit::proto
