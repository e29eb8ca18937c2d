#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "godwit/base/text.h"
#include "godwit/proto/schema/linker.h"

namespace godwit::proto {
namespace {

// The name of an enum value as languages see it that give enums a scope of their own: without the enum's name in front,
// without underscores, letter case alone by word. Two values that are equal then would collide there.
std::string stripped_name(std::string_view enum_name, std::string_view value_name) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::size_t i = 0, j = 0;
  while (i < value_name.size() && j < enum_name.size()) {
    if (value_name[i] == '_') {
      ++i;
    } else if (enum_name[j] == '_') {
      ++j;
    } else if (lower(value_name[i]) == lower(enum_name[j])) {
      ++i;
      ++j;
    } else {
      break;
    }
  }
  while (j < enum_name.size() && enum_name[j] == '_') ++j;
  std::string_view rest = value_name;
  if (j == enum_name.size()) {
    while (i < value_name.size() && value_name[i] == '_') ++i;
    if (i < value_name.size()) rest = value_name.substr(i);
  }
  std::string out;
  bool next_upper = true;
  for (char c : rest) {
    if (c == '_') {
      next_upper = true;
      continue;
    }
    char l = lower(c);
    out += next_upper && l >= 'a' && l <= 'z' ? static_cast<char>(l - 'a' + 'A') : l;
    next_upper = false;
  }
  return out;
}

}  // namespace

void SchemaLinker::validate_enum(const EnumDescriptor& e) {
  if (e.value_count_ == 0) return;
  if (!e.is_closed() && e.values_[0].number_ != 0) {
    PathGuard guard(*this, path::kEnumValue, 0);
    error(Part::kNumber, e.values_[0].full_name_, "The first enum value must be zero for open enums.",
          "put " + std::string(e.name_) + "_UNSPECIFIED = 0; first");
  }
  // Aliases.
  std::unordered_map<std::int32_t, const EnumValueDescriptor*> used;
  bool aliases = false;
  std::int64_t next = 0;
  for (const EnumValueDescriptor& v : e.values()) next = std::max<std::int64_t>(next, std::int64_t{v.number_} + 1);
  for (std::uint32_t i = 0; i < e.value_count_; ++i) {
    const EnumValueDescriptor& v = e.values_[i];
    auto [entry, added] = used.emplace(v.number_, &v);
    if (added) continue;
    aliases = true;
    if (e.options().allow_alias()) continue;
    PathGuard guard(*this, path::kEnumValue, i);
    std::string help = "if this is intended, add option allow_alias = true; to the enum";
    if (next <= 0x7fffffff) help += "; the next free number is " + std::to_string(next);
    error(Part::kNumber, v.full_name_,
          in_quotes(v.full_name_) + " uses the same enum value as " + in_quotes(entry->second->full_name_) + ".", help);
  }
  if (e.options().has_allow_alias() && e.options().allow_alias() && !aliases) {
    error(Part::kName, e.full_name_,
          in_quotes(e.full_name_) + " declares support for enum aliases but no enum values share field numbers.",
          "remove the unnecessary option allow_alias = true;");
  }
  // Reserved numbers and names.
  auto text = [](const NumberRange& r) { return std::to_string(r.first) + " to " + std::to_string(r.last - 1); };
  for (std::uint32_t i = 0; i < e.reserved_ranges_.size(); ++i) {
    const NumberRange& r = e.reserved_ranges_[i];
    PathGuard guard(*this, path::kEnumReservedRange, i);
    if (r.last <= r.first)
      error(Part::kNumber, e.full_name_, "Reserved range end number must be greater than start number.",
            "write the smaller number first");
    for (std::uint32_t k = 0; k < i && k < 1000; ++k) {
      const NumberRange& other = e.reserved_ranges_[k];
      if (r.first < other.last && other.first < r.last) {
        error(Part::kNumber, e.full_name_,
              "Reserved range " + text(r) + " overlaps with already-defined range " + text(other) + ".");
        break;
      }
    }
  }
  std::unordered_set<std::string_view> names;
  std::uint32_t name_index = 0;
  for (std::string_view name : e.proto_->reserved_name()) {
    PathGuard guard(*this, path::kEnumReservedName, name_index++);
    if (!names.insert(name).second)
      error(Part::kName, e.full_name_, "Enum value " + in_quotes(name) + " is reserved multiple times.");
  }
  if (!e.reserved_ranges_.empty() || !names.empty()) {
    for (std::uint32_t i = 0; i < e.value_count_; ++i) {
      const EnumValueDescriptor& v = e.values_[i];
      PathGuard guard(*this, path::kEnumValue, i);
      if (e.is_reserved_number(v.number_)) {
        error(Part::kNumber, v.full_name_,
              "Enum value " + in_quotes(v.name_) + " uses reserved number " + std::to_string(v.number_) + ".");
      }
      if (names.contains(v.name_))
        error(Part::kName, v.full_name_, "Enum value " + in_quotes(v.name_) + " is reserved.");
    }
  }
  validate_enum_names(e);
}

void SchemaLinker::validate_enum_names(const EnumDescriptor& e) {
  std::unordered_map<std::string, const EnumValueDescriptor*> seen;
  for (std::uint32_t i = 0; i < e.value_count_; ++i) {
    const EnumValueDescriptor& v = e.values_[i];
    auto [entry, added] = seen.emplace(stripped_name(e.name_, v.name_), &v);
    // Aliases may well have names that are alike; the same name twice is told elsewhere.
    if (added || entry->second->name_ == v.name_ || entry->second->number_ == v.number_) continue;
    PathGuard guard(*this, path::kEnumValue, i);
    std::string message = "Enum name " + std::string(v.name_) + " has the same name as " +
                          std::string(entry->second->name_) +
                          " if you ignore case and strip out the enum name prefix (if any).";
    if (e.options().deprecated_legacy_json_field_conflicts()) {
      warning(Part::kName, v.full_name_, message,
              "languages that give enums a scope of their own cannot tell them apart");
    } else {
      error(Part::kName, v.full_name_, message, "rename one; with allow_alias they may have the same number");
    }
  }
}

}  // namespace godwit::proto
