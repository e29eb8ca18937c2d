// The last step of linking: the rules of the language that need names, numbers and options all together.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "godwit/base/text.h"
#include "godwit/proto/schema/linker.h"

namespace godwit::proto {

using google::protobuf::FieldOptions;
using google::protobuf::FileOptions;

namespace {

constexpr std::int32_t kFirstReservedNumber = 19000, kLastReservedNumber = 19999;

bool is_options_message(std::string_view full_name) {
  static const std::unordered_set<std::string_view> kNames = {
      "google.protobuf.FileOptions",  "google.protobuf.MessageOptions",   "google.protobuf.FieldOptions",
      "google.protobuf.EnumOptions",  "google.protobuf.EnumValueOptions", "google.protobuf.ExtensionRangeOptions",
      "google.protobuf.OneofOptions", "google.protobuf.ServiceOptions",   "google.protobuf.MethodOptions",
      "google.protobuf.StreamOptions"};
  return kNames.contains(full_name);
}

// EntryName of a map field: "string_map" makes StringMapEntry.
std::string map_entry_name(std::string_view field_name) {
  std::string out;
  bool upper = true;
  for (char c : field_name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return out + "Entry";
}

}  // namespace

void SchemaLinker::validate_file() {
  if (proto_.options().optimize_for() != FileOptions::LITE_RUNTIME) {
    for (std::size_t i = 0; i < file_->dependencies_.size(); ++i) {
      if (file_->dependencies_[i]->options().optimize_for() != FileOptions::LITE_RUNTIME) continue;
      PathGuard guard(*this, path::kFileDependency, static_cast<std::uint32_t>(i));
      error(Part::kImport, file_->dependencies_[i]->name(),
            "Files that do not use optimize_for = LITE_RUNTIME cannot import files which do use this option.  This "
            "file is not lite, but it imports " +
                in_quotes(file_->dependencies_[i]->name()) + " which is.");
      break;
    }
  }
  for (std::uint32_t i = 0; i < file_->message_count_; ++i) {
    PathGuard guard(*this, path::kFileMessage, i);
    validate_message(file_->messages_[i]);
  }
  for (std::uint32_t i = 0; i < file_->enum_count_; ++i) {
    PathGuard guard(*this, path::kFileEnum, i);
    validate_enum(file_->enums_[i]);
  }
  for (std::uint32_t i = 0; i < file_->extension_count_; ++i) {
    PathGuard guard(*this, path::kFileExtension, i);
    validate_field(file_->extensions_[i]);
  }
}

void SchemaLinker::validate_message(MessageDescriptor& m) {
  for (std::uint32_t i = 0; i < m.field_count_; ++i) {
    PathGuard guard(*this, path::kMessageField, i);
    validate_field(m.fields_[i]);
  }
  validate_numbers(m);
  validate_reserved(m);
  validate_json_names(m);
  validate_oneofs(m);
  bool proto3 = file_->syntax_ == Syntax::kProto3;
  if (proto3 && !m.extension_ranges_.empty()) {
    PathGuard guard(*this, path::kMessageExtensionRange, 0);
    error(Part::kNumber, m.full_name_, "Extension ranges are not allowed in proto3.",
          "use a google.protobuf.Any field, or write syntax = \"proto2\";");
  }
  if (m.options().message_set_wire_format()) {
    error(Part::kName, m.full_name_, proto3 ? "MessageSet is not supported in proto3." : "MessageSet is not supported.",
          "drop option message_set_wire_format");
  }
  if (m.is_map_entry_ || m.options().map_entry()) {
    // Only map fields make entries, and theirs are exactly so.
    bool good = false;
    if (m.containing_type_ != nullptr) {
      for (const FieldDescriptor& f : m.containing_type_->fields()) {
        if (f.message_type() == &m && map_entry_name(f.name()) == m.name_) {
          good = m.is_map_entry_ && f.is_repeated() && m.field_count_ == 2 && m.message_count_ == 0 &&
                 m.enum_count_ == 0 && m.extension_count_ == 0 && m.oneof_count_ == 0 && m.extension_ranges_.empty() &&
                 m.fields_[0].name_ == "key" && m.fields_[0].number_ == 1 && m.fields_[0].label_ == Label::kOptional &&
                 m.fields_[1].name_ == "value" && m.fields_[1].number_ == 2 && m.fields_[1].label_ == Label::kOptional;
        }
      }
    }
    if (!good) {
      error(Part::kName, m.full_name_, "map_entry should not be set explicitly. Use map<KeyType, ValueType> instead.");
    }
  }
  for (std::uint32_t i = 0; i < m.message_count_; ++i) {
    PathGuard guard(*this, path::kMessageNested, i);
    validate_message(m.messages_[i]);
  }
  for (std::uint32_t i = 0; i < m.enum_count_; ++i) {
    PathGuard guard(*this, path::kMessageEnum, i);
    validate_enum(m.enums_[i]);
  }
  for (std::uint32_t i = 0; i < m.extension_count_; ++i) {
    PathGuard guard(*this, path::kMessageExtension, i);
    validate_field(m.extensions_[i]);
  }
}

std::string SchemaLinker::next_free_number(const MessageDescriptor& m) {
  if (suggestions_left_ == 0) return {};
  --suggestions_left_;
  std::int64_t next = 1;
  for (const FieldDescriptor& f : m.fields()) next = std::max<std::int64_t>(next, std::int64_t{f.number()} + 1);
  if (next >= kEndOfFieldNumbers) next = 1;           // the end is taken: the first gap then
  auto taken = [&](std::int64_t n) -> std::int64_t {  // 0, or where to go on
    if (n >= kFirstReservedNumber && n <= kLastReservedNumber) return kLastReservedNumber + 1;
    for (const NumberRange& r : m.reserved_ranges_) {
      if (r.contains(n)) return r.last;
    }
    for (const NumberRange& r : m.extension_ranges_) {
      if (r.contains(n)) return r.last;
    }
    for (const FieldDescriptor& f : m.fields()) {
      if (f.number() == n) return n + 1;
    }
    return 0;
  };
  for (bool again = false; next < kEndOfFieldNumbers || !again;) {
    if (next >= kEndOfFieldNumbers) {
      again = true;
      next = 1;
    }
    std::int64_t after = taken(next);
    if (after == 0) return "the next free number is " + std::to_string(next);
    next = after;
  }
  return "no number is free";
}

void SchemaLinker::validate_field_number(const FieldDescriptor& f) {
  std::string message;
  if (f.number_ <= 0) {
    message = "Field numbers must be positive integers.";
  } else if (f.number_ >= kEndOfFieldNumbers &&
             !(f.is_extension_ && f.containing_type_->options().message_set_wire_format())) {
    message = "Field numbers cannot be greater than " + std::to_string(kEndOfFieldNumbers - 1) + ".";
  } else if (f.number_ >= kFirstReservedNumber && f.number_ <= kLastReservedNumber) {
    message = "Field numbers " + std::to_string(kFirstReservedNumber) + " through " +
              std::to_string(kLastReservedNumber) + " are reserved for the protocol buffer library implementation.";
  } else {
    return;
  }
  error(Part::kNumber, f.full_name_, message, f.is_extension_ ? std::string() : next_free_number(*f.containing_type_));
}

void SchemaLinker::validate_numbers(const MessageDescriptor& m) {
  const FieldDescriptor* ordered = m.fields_;
  if (m.by_number_ == nullptr) return;  // 1, 2, 3, ...: no number twice
  for (std::uint32_t i = 1; i < m.field_count_; ++i) {
    const FieldDescriptor& f = ordered[m.by_number_[i]];
    const FieldDescriptor& before = ordered[m.by_number_[i - 1]];
    if (f.number_ != before.number_) continue;
    // The first of a run is the one to name.
    std::uint32_t k = i - 1;
    while (k > 0 && ordered[m.by_number_[k - 1]].number_ == f.number_) --k;
    PathGuard guard(*this, path::kMessageField, f.index_);
    error(Part::kNumber, f.full_name_,
          "Field number " + std::to_string(f.number_) + " has already been used in " + in_quotes(m.full_name_) +
              " by field " + in_quotes(ordered[m.by_number_[k]].name_) + ".",
          next_free_number(m));
  }
}

void SchemaLinker::validate_reserved(const MessageDescriptor& m) {
  auto text = [](const NumberRange& r) { return std::to_string(r.first) + " to " + std::to_string(r.last - 1); };
  auto check = [&](std::span<const NumberRange> ranges, std::int32_t field, const char* kind) {
    for (std::uint32_t i = 0; i < ranges.size(); ++i) {
      const NumberRange& r = ranges[i];
      PathGuard guard(*this, field, i);
      if (r.first <= 0) {
        error(Part::kNumber, m.full_name_,
              std::string(kind) == "Extension" ? "Extension numbers must be positive integers."
                                               : "Reserved numbers must be positive integers.");
      } else if (r.last <= r.first) {
        error(Part::kNumber, m.full_name_, std::string(kind) + " range end number must be greater than start number.",
              "write the smaller number first");
      } else if (r.last > kEndOfFieldNumbers && !m.options().message_set_wire_format()) {
        error(Part::kNumber, m.full_name_,
              std::string(kind) + " numbers cannot be greater than " + std::to_string(kEndOfFieldNumbers - 1) + ".",
              "write max");
      }
    }
  };
  check(m.reserved_ranges_, path::kMessageReservedRange, "Reserved");
  check(m.extension_ranges_, path::kMessageExtensionRange, "Extension");
  // Ranges are few, but a file made to hurt has many: sort them and look at neighbours.
  struct Named {
    NumberRange range;
    bool is_extension;
    std::uint32_t index;
  };
  std::vector<Named> all;
  for (std::uint32_t i = 0; i < m.reserved_ranges_.size(); ++i) all.push_back({m.reserved_ranges_[i], false, i});
  for (std::uint32_t i = 0; i < m.extension_ranges_.size(); ++i) all.push_back({m.extension_ranges_[i], true, i});
  std::sort(all.begin(), all.end(), [](const Named& a, const Named& b) { return a.range.first < b.range.first; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].range.first >= all[i - 1].range.last) continue;
    const Named* later = &all[i];
    const Named* earlier = &all[i - 1];
    bool same = later->is_extension == earlier->is_extension;
    if (same ? later->index < earlier->index : !later->is_extension) std::swap(later, earlier);
    PathGuard guard(*this, later->is_extension ? path::kMessageExtensionRange : path::kMessageReservedRange,
                    later->index);
    const char* kind = later->is_extension ? "Extension range " : "Reserved range ";
    error(Part::kNumber, m.full_name_,
          kind + text(later->range) + " overlaps with " + (same ? "already-defined range " : "reserved range ") +
              text(earlier->range) + ".");
  }
  std::unordered_set<std::string_view> names;
  std::uint32_t name_index = 0;
  for (std::string_view name : m.proto_->reserved_name()) {
    PathGuard guard(*this, path::kMessageReservedName, name_index++);
    if (!names.insert(name).second)
      error(Part::kName, m.full_name_, "Field name " + in_quotes(name) + " is reserved multiple times.");
  }
  if (all.empty() && names.empty()) return;
  for (std::uint32_t i = 0; i < m.field_count_; ++i) {
    const FieldDescriptor& f = m.fields_[i];
    auto after = std::upper_bound(all.begin(), all.end(), f.number_,
                                  [](std::int32_t n, const Named& r) { return n < r.range.first; });
    if (after != all.begin() && std::prev(after)->range.contains(f.number_)) {
      const Named& r = *std::prev(after);
      if (r.is_extension) {
        PathGuard guard(*this, path::kMessageExtensionRange, r.index);
        error(Part::kNumber, m.full_name_,
              "Extension range " + text(r.range) + " includes field " + in_quotes(f.name_) + " (" +
                  std::to_string(f.number_) + ").");
      } else {
        PathGuard guard(*this, path::kMessageField, i);
        error(Part::kNumber, f.full_name_,
              "Field " + in_quotes(f.name_) + " uses reserved number " + std::to_string(f.number_) + ".",
              next_free_number(m));
      }
    }
    if (names.contains(f.name_)) {
      PathGuard guard(*this, path::kMessageField, i);
      error(Part::kName, f.full_name_, "Field name " + in_quotes(f.name_) + " is reserved.",
            "choose another name; a reserved one belonged to a field that was removed");
    }
  }
}

void SchemaLinker::validate_json_names(const MessageDescriptor& m) {
  struct Seen {
    const FieldDescriptor* field;
    bool custom;
  };
  bool strict =
      m.features_->json_format == Features::JsonFormat::kAllow && !m.options().deprecated_legacy_json_field_conflicts();
  // Two rounds as protoc has them: default names among themselves, then names as they are, custom ones among them.
  for (bool customs : {false, true}) {
    std::unordered_map<std::string, Seen> seen;
    for (std::uint32_t i = 0; i < m.field_count_; ++i) {
      const FieldDescriptor& f = m.fields_[i];
      std::string standard = default_json_name(f.name_);
      bool custom = customs && f.json_name_ != standard;
      auto [entry, added] = seen.emplace(custom ? std::string(f.json_name_) : standard, Seen{&f, custom});
      if (added) continue;
      const Seen& first = entry->second;
      if (customs && !custom && !first.custom) continue;  // said in the first round
      PathGuard guard(*this, path::kMessageField, i);
      std::string name = customs ? std::string(f.json_name_) : standard;
      std::string message = std::string("The ") + (custom ? "custom" : "default") + " JSON name of field " +
                            in_quotes(f.name_) + " (" + in_quotes(name) + ") conflicts with the " +
                            (first.custom ? "custom" : "default") + " JSON name of field " +
                            in_quotes(first.field->name_) + ".";
      bool warn_only = !strict && !(custom && first.custom);
      if (warn_only) {
        if (!m.options().deprecated_legacy_json_field_conflicts())
          warning(Part::kName, f.full_name_, std::move(message));
      } else {
        error(Part::kName, f.full_name_, std::move(message),
              "rename one of them, or give it another name with [json_name = \"...\"]");
      }
    }
  }
}

void SchemaLinker::validate_oneofs(const MessageDescriptor& m) {
  bool synthetic_seen = false;
  for (std::uint32_t i = 0; i < m.oneof_count_; ++i) {
    const OneofDescriptor& o = m.oneofs_[i];
    PathGuard guard(*this, path::kMessageOneof, i);
    if (o.fields_.empty()) error(Part::kName, o.full_name_, "Oneof must have at least one field.");
    if (synthetic_seen && !o.is_synthetic_)
      error(Part::kWhole, o.full_name_, "Synthetic oneofs must be after all other oneofs");
    synthetic_seen |= o.is_synthetic_;
    if (o.fields_.size() < 2) continue;
    std::uint32_t first = o.fields_.front()->index_, last = o.fields_.back()->index_;
    if (last - first + 1 != o.fields_.size()) {
      const FieldDescriptor* stranger = nullptr;
      for (std::uint32_t k = first; k <= last && stranger == nullptr; ++k) {
        if (m.fields_[k].containing_oneof_ != &o) stranger = &m.fields_[k];
      }
      path_.resize(path_.size() - 2);
      path_.insert(path_.end(), {path::kMessageField, static_cast<std::int32_t>(stranger->index_)});
      error(Part::kWhole, o.full_name_,
            "Fields in the same oneof must be defined consecutively. " + in_quotes(stranger->name_) +
                " cannot be defined before the completion of the " + in_quotes(o.name_) + " oneof definition.");
    }
  }
}

void SchemaLinker::validate_field(FieldDescriptor& f) {
  const FieldOptions& options = f.options();
  bool proto3 = file_->syntax_ == Syntax::kProto3;
  f.is_packed_ =
      f.is_packable() &&
      (options.has_packed() ? options.packed() : f.features_->repeated_encoding == Features::RepeatedEncoding::kPacked);
  validate_field_number(f);
  if (options.packed() && !f.is_packable()) {
    error(Part::kType, f.full_name_, "[packed = true] can only be specified for repeated primitive fields.");
  }
  if ((options.lazy() || options.unverified_lazy()) && f.type_ != FieldType::kMessage) {
    error(Part::kType, f.full_name_,
          std::string("[") + (options.lazy() ? "lazy" : "unverified_lazy") +
              " = true] can only be specified for submessage fields.");
  }
  if (options.has_jstype() && options.jstype() != FieldOptions::JS_NORMAL) {
    ValueType v = f.value_type();
    if (v != ValueType::kInt64 && v != ValueType::kUint64) {
      error(Part::kType, f.full_name_, "jstype is only allowed on int64, uint64, sint64, fixed64 or sfixed64 fields.");
    }
  }
  std::string_view json_name = f.json_name_;
  if (json_name.starts_with('[') && json_name.ends_with(']')) {
    error(
        Part::kJsonName, f.full_name_,
        "option json_name value cannot start with '[' and end with ']'; that is reserved for representing extensions.");
  }
  if (json_name.find('\0') != std::string_view::npos) {
    error(Part::kJsonName, f.full_name_, "option json_name cannot have embedded null characters.");
  }
  if (proto3) {
    if (f.label_ == Label::kRequired) error(Part::kType, f.full_name_, "Required fields are not allowed in proto3.");
    if (f.has_default_value_)
      error(Part::kDefault, f.full_name_, "Explicit default values are not allowed in proto3.",
            "drop the default; the reader applies it");
    if (f.enum_type_ != nullptr && f.enum_type_->is_closed() && !f.is_extension_) {
      error(Part::kType, f.full_name_,
            "Enum type " + in_quotes(f.enum_type_->full_name()) + " is not an open enum, but is used in " +
                in_quotes(f.containing_type_->full_name()) + " which is a proto3 message type.",
            "write syntax = \"proto3\"; in " + std::string(f.enum_type_->file().name()));
    }
    if (f.type_ == FieldType::kGroup) error(Part::kType, f.full_name_, "Groups are not supported in proto3 syntax.");
  }
  if (f.is_extension_) validate_extension(f);
  if (f.message_type_ != nullptr && f.message_type_->is_map_entry()) validate_map_field(f);
  if (f.proto_->proto3_optional() && (f.containing_oneof_ == nullptr || !f.containing_oneof_->is_synthetic_) &&
      !f.is_extension_) {
    error(Part::kWhole, f.full_name_, "Fields with proto3_optional set must be a member of a one-field oneof.");
  }
}

void SchemaLinker::validate_extension(const FieldDescriptor& f) {
  if (f.containing_oneof_ != nullptr)
    error(Part::kOneof, f.full_name_, "FieldDescriptorProto.oneof_index should not be set for extensions.");
  if (f.label_ == Label::kRequired)
    error(Part::kType, f.full_name_, "The extension " + std::string(f.full_name_) + " cannot be required.");
  if (file_->syntax_ == Syntax::kProto3 && !is_options_message(f.containing_type_->full_name())) {
    error(Part::kExtendee, f.full_name_, "Extensions in proto3 are only allowed for defining options.",
          "use a google.protobuf.Any field");
  }
}

// `f` is of an entry's type. An entry is no message of its own: nothing but its map may hold it.
void SchemaLinker::validate_map_field(const FieldDescriptor& f) {
  const MessageDescriptor& entry = *f.message_type_;
  if (!f.is_map_ || f.is_extension_ || f.containing_oneof_ != nullptr || f.containing_type_ != entry.containing_type_ ||
      map_entry_name(f.name()) != entry.name_) {
    error(Part::kType, f.full_name_, "map_entry should not be set explicitly. Use map<KeyType, ValueType> instead.",
          in_quotes(entry.full_name()) + " is the entry of a map, which only the map's own field can hold");
    return;
  }
  if (entry.field_count_ != 2) return;  // the entry has an error of its own
  const FieldDescriptor& key = entry.fields_[0];
  const FieldDescriptor& value = entry.fields_[1];
  switch (key.type()) {
    case FieldType::kEnum:
      error(Part::kType, f.full_name_, "Key in map fields cannot be enum types.", "keys are integers, bool or string");
      break;
    case FieldType::kFloat:
    case FieldType::kDouble:
    case FieldType::kMessage:
    case FieldType::kGroup:
    case FieldType::kBytes:
      error(Part::kType, f.full_name_, "Key in map fields cannot be float/double, bytes or message types.",
            "keys are integers, bool or string");
      break;
    default:
      break;
  }
  if (value.is_map_ || value.type() == FieldType::kGroup)
    error(Part::kType, f.full_name_, "Value in map fields cannot be a map or a group.");
  if (value.enum_type() != nullptr && !value.enum_type()->values().empty() &&
      value.enum_type()->values()[0].number() != 0) {
    error(Part::kType, f.full_name_, "Enum value in map must define 0 as the first value.");
  }
}

}  // namespace godwit::proto
