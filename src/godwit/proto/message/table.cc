#include "godwit/proto/message/table.h"

#include <algorithm>
#include <cstring>

#include "godwit/proto/message/generated_file.h"

namespace godwit::proto {

const EnumTable::Value* EnumTable::find(std::int32_t number) const {
  if (sequential) {
    const auto i = static_cast<std::uint32_t>(number) - static_cast<std::uint32_t>(values[0].number);
    return i < value_count ? values + i : nullptr;
  }
  for (std::uint32_t i = 0; i < value_count; i++) {
    if (values[i].number == number) return values + i;
  }
  return nullptr;
}

const EnumTable::Value* EnumTable::find(std::string_view wanted) const {
  for (std::uint32_t i = 0; i < value_count; i++) {
    if (wanted == name(values[i])) return values + i;
  }
  return nullptr;
}

bool enum_is_valid(const EnumTable& table, std::int32_t number) { return table.find(number) != nullptr; }

std::string_view enum_name(const EnumTable& table, std::int32_t number) {
  const EnumTable::Value* value = table.find(number);
  return value ? std::string_view(table.name(*value)) : std::string_view();
}

bool parse_enum_value(const EnumTable& table, std::string_view name, std::int32_t& value) {
  const EnumTable::Value* found = table.find(name);
  if (found) value = found->number;
  return found != nullptr;
}

const FieldEntry* MessageTable::find_sparse(std::uint32_t number) const {
  const FieldEntry* begin = entries() + dense_max + 1;
  const FieldEntry* end = entries() + entry_count;
  const FieldEntry* found = std::lower_bound(begin, end, number, [](const FieldEntry& e, std::uint32_t n) { return e.number() < n; });
  return found != end && found->number() == number ? found : nullptr;
}

const char* MessageTable::field_name(const FieldEntry& field) const {
  const char* name = names;
  for (const FieldEntry* e = entries(); e <= &field; e++) {
    if (e->is_field()) name += std::strlen(name) + 1;
  }
  return name;
}

// The bounds of the section that GODWIT_GENERATED_FILE fills; absent when nothing does.
extern "C" {
extern const GeneratedFile* const godwit_files_begin[] __asm__("__start_godwit_generated_files") __attribute__((weak, visibility("hidden")));
extern const GeneratedFile* const godwit_files_end[] __asm__("__stop_godwit_generated_files") __attribute__((weak, visibility("hidden")));
}

std::span<const GeneratedFile* const> generated_files() {
  if (!godwit_files_begin) return {};
  return {godwit_files_begin, static_cast<std::size_t>(godwit_files_end - godwit_files_begin)};
}

}  // namespace godwit::proto
