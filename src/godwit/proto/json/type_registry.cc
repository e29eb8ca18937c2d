#include "godwit/proto/json/type_registry.h"

#include <vector>

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

TypeRegistry::TypeRegistry(const DescriptorPool& pool) {
  std::vector<const MessageDescriptor*> open;
  for (const FileDescriptor* file : pool.files()) {
    for (const MessageDescriptor& type : file->messages()) open.push_back(&type);
  }
  while (!open.empty()) {
    const MessageDescriptor& type = *open.back();
    open.pop_back();
    for (const MessageDescriptor& nested : type.messages()) open.push_back(&nested);
    if (type.is_map_entry()) continue;
    const auto table = dynamic_.table(type);
    if (table.ok()) tables_.emplace(type.full_name(), *table);
  }
}

const MessageTable* TypeRegistry::find(std::string_view full_name) const {
  if (const MessageTable* table = find_generated_type(full_name)) return table;
  const auto found = tables_.find(full_name);
  return found != tables_.end() ? found->second : nullptr;
}

std::string_view type_name_of_url(std::string_view type_url) {
  const std::size_t slash = type_url.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : type_url.substr(slash + 1);
}

}  // namespace godwit::proto
