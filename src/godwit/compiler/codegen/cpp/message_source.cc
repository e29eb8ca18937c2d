#include "godwit/compiler/codegen/cpp/message_source.h"

#include <algorithm>

#include "godwit/proto/message/layout.h"

namespace godwit::compiler::cpp {
namespace {

using proto::Cardinality;
using proto::Encoding;
using proto::FieldType;

std::string_view encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::kInt32: return "kInt32";
    case Encoding::kUint32: return "kUint32";
    case Encoding::kInt64: return "kInt64";
    case Encoding::kSint32: return "kSint32";
    case Encoding::kSint64: return "kSint64";
    case Encoding::kBool: return "kBool";
    case Encoding::kFixed32: return "kFixed32";
    case Encoding::kFixed64: return "kFixed64";
    case Encoding::kString: return "kString";
    case Encoding::kBytes: return "kBytes";
    case Encoding::kMessage: return "kMessage";
    case Encoding::kClosedEnum: return "kClosedEnum";
    case Encoding::kGroup: return "kGroup";
    default: return "kGap";
  }
}

std::string_view cardinality_name(Cardinality cardinality) {
  switch (cardinality) {
    case Cardinality::kImplicit: return "kImplicit";
    case Cardinality::kHasBit: return "kHasBit";
    case Cardinality::kOneof: return "kOneof";
    case Cardinality::kRepeated: return "kRepeated";
    case Cardinality::kPacked: return "kPacked";
    case Cardinality::kMap: return "kMap";
  }
  return "";
}

std::string_view wire_type_name(proto::WireType type) {
  switch (type) {
    case proto::WireType::kVarint: return "kVarint";
    case proto::WireType::kFixed64: return "kFixed64";
    case proto::WireType::kLengthDelimited: return "kLengthDelimited";
    case proto::WireType::kStartGroup: return "kStartGroup";
    case proto::WireType::kEndGroup: return "kEndGroup";
    case proto::WireType::kFixed32: return "kFixed32";
  }
  return "";
}

// "kSint64"
std::string field_type_enumerator(FieldType type) {
  std::string name = "k" + std::string(proto::field_type_name(type));
  name[1] = static_cast<char>(name[1] - 'a' + 'A');
  return name;
}

// "{1, WireType::..., ...}" of a field that is neither a map nor a message outside of a oneof.
std::string value_entry(const FieldModel& field, int number, const std::string& offset, const std::string& presence, std::size_t index) {
  const bool packed = field.cardinality == Cardinality::kPacked;
  std::string text = "{" + std::to_string(number) + ", godwit_::WireType::";
  text += wire_type_name(packed ? proto::WireType::kLengthDelimited : proto::wire_type_of(field.encoding));
  text += ", godwit_::Cardinality::";
  text += cardinality_name(field.cardinality);
  text += ", godwit_::Encoding::";
  text += encoding_name(field.encoding);
  text += ", godwit_::FieldType::" + field_type_enumerator(field.field->type()) + ", " + offset;
  std::string flags;
  if (field.field->is_required()) flags = "godwit_::FieldEntry::kRequired";
  if (field.field->type() == FieldType::kString && field.encoding == Encoding::kBytes) {
    flags += (flags.empty() ? "" : " | ") + std::string("godwit_::FieldEntry::kUtf8Unchecked");
  }
  if (!flags.empty() || index != 0 || presence != "0") text += ", " + presence;
  if (!flags.empty() || index != 0) text += ", " + std::to_string(index);
  if (!flags.empty()) text += ", " + flags;
  return text + "}";
}

// The full name and the names of fields, with zeros between, one literal on each line.
void print_names(std::string_view full_name, const std::vector<std::string>& names, Printer& out) {
  out.print("\"$name$", {{"name", escape(full_name)}});
  for (const std::string& name : names) out.print("\\0\"\n\"$name$", {{"name", name}});
  out.print("\",\n");
}

// The table of a map's entries: a key and a value, without a header.
void print_map_entry(const MessageModel& message, const FieldModel& map, Printer& out) {
  const FieldModel key = make_field_model(*map.field->map_key(), {});
  const FieldModel value = make_field_model(*map.field->map_value(), {});
  const std::string name = message.name + "_" + std::string(map.field->message_type()->name());
  const std::size_t key_size = std::max<std::size_t>(8, proto::slot_size(key.encoding));
  const std::size_t value_size = std::max<std::size_t>(8, proto::slot_size(value.encoding));
  std::string types = "nullptr";
  if (value.field->enum_type()) {
    out.print("static constexpr const void* $name$_types[] = {&$type$_internal_table};\n",
              {{"name", name}, {"type", qualified_enum_name(*value.field->enum_type())}});
    types = name + "_types";
  }
  const auto plain = [](FieldModel model) {
    model.cardinality = Cardinality::kImplicit;
    return model;
  };
  const std::string value_text =
      value.encoding == Encoding::kMessage
          ? "{2, godwit_::Cardinality::kImplicit, " + std::to_string(key_size) + ", &" +
                qualified_class_name(*value.field->message_type()) + "::internal_table()}"
          : value_entry(plain(value), 2, std::to_string(key_size), "0", 0);
  out.print(
      "static constinit const godwit_::TableOf<3> $name$_table = {\n"
      "    {$size$, 2, 3, godwit_::MessageTable::kMapEntry, nullptr, \"$full$\\0key\\0value\", $types$, {nullptr}, nullptr, 0, 0},\n"
      "    {godwit_::FieldEntry::end(),\n"
      "     $key$,\n"
      "     $value$}};\n"
      "\n",
      {{"name", name},
       {"size", std::to_string(key_size + value_size)},
       {"full", map.field->message_type()->full_name()},
       {"types", types},
       {"key", value_entry(plain(key), 1, "0", "0", 0)},
       {"value", value_text}});
}

}  // namespace

void print_enum_table(const proto::EnumDescriptor& type, Printer& out) {
  const std::string name = enum_type_name(type);
  std::size_t offset = type.full_name().size() + 1;
  std::vector<std::string> names;
  bool sequential = true;
  out.print("static constexpr ::godwit::proto::EnumTable::Value $name$_values[] = {\n", {{"name", name}});
  for (const proto::EnumValueDescriptor& value : type.values()) {
    const std::string number = value.number() == -2147483647 - 1 ? "-2147483647 - 1" : std::to_string(value.number());
    out.print("    {$number$, $offset$},\n", {{"number", number}, {"offset", std::to_string(offset)}});
    sequential = sequential && std::int64_t{value.number()} == std::int64_t{type.values()[0].number()} + value.index();
    offset += value.name().size() + 1;
    names.emplace_back(value.name());
  }
  out.print("};\nconstinit const ::godwit::proto::EnumTable $name$_internal_table = {\n", {{"name", name}});
  out.indent();
  out.indent();
  print_names(type.full_name(), names, out);
  out.print("$name$_values, $count$, $closed$, $sequential$};\n\n",
            {{"name", name},
             {"count", std::to_string(names.size())},
             {"closed", type.is_closed() ? "true" : "false"},
             {"sequential", sequential ? "true" : "false"}});
  out.outdent();
  out.outdent();
}

void print_message_table(const MessageModel& message, const std::string& file_constant, Printer& out) {
  for (const FieldModel& field : message.fields) {
    if (field.is_map()) print_map_entry(message, field, out);
  }
  // What entries speak of by its index.
  std::vector<std::string> types;
  const auto index_of = [&types](const std::string& type) {
    auto found = std::find(types.begin(), types.end(), type);
    if (found == types.end()) found = types.insert(types.end(), type);
    return static_cast<std::size_t>(found - types.begin());
  };
  std::vector<std::string> entries = {"godwit_::FieldEntry::end()"};
  std::vector<std::string> names;
  std::uint32_t next = 1;
  for (const FieldModel* field : message.by_number) {
    const auto number = static_cast<std::uint32_t>(field->field->number());
    if (number <= message.dense_max) {
      for (; next < number; next++) entries.emplace_back("godwit_::FieldEntry()");
      next = number + 1;
    }
    names.emplace_back(field->field->name());
    const std::string offset = "godwit_::kMessageHeader + offsetof(Fields, " + field->member_path() + ")";
    const std::string head = "{" + std::to_string(number) + ", godwit_::Cardinality::" + std::string(cardinality_name(field->cardinality)) + ", " + offset;
    if (field->is_map()) {
      entries.push_back(head + ", &" + message.name + "_" + std::string(field->field->message_type()->name()) + "_table.head}");
      continue;
    }
    const std::string message_type =
        field->is_message() ? "&" + qualified_class_name(*field->field->message_type()) + "::internal_table()" : "";
    if (field->is_message() && !field->oneof) {
      entries.push_back(head + ", " + message_type + "}");
      continue;
    }
    std::size_t index = 0;
    if (field->is_message()) index = index_of(message_type);
    if (field->field->enum_type()) index = index_of("&" + qualified_enum_name(*field->field->enum_type()) + "_internal_table");
    std::string presence = "0";
    if (field->oneof) presence = "godwit_::kMessageHeader + offsetof(Fields, " + lower_case(field->oneof->name()) + "_case_)";
    if (field->cardinality == Cardinality::kHasBit) presence = std::to_string(field->bit);
    entries.push_back(value_entry(*field, static_cast<int>(number), offset, presence, index));
  }
  if (!types.empty()) {
    out.print("static constexpr const void* $name$_types[] = {\n", {{"name", message.name}});
    for (const std::string& type : types) out.print("    $type$,\n", {{"type", type}});
    out.print("};\n");
  }
  if (!message.oneofs.empty()) {
    out.print("static constexpr ::godwit::proto::OneofTable $name$_oneofs[] = {\n", {{"name", message.name}});
    for (const OneofModel& oneof : message.oneofs) {
      out.print("    {\"$name$\", $member$},\n",
                {{"name", oneof.oneof->name()}, {"member", std::to_string(oneof.oneof->fields()[0]->number())}});
    }
    out.print("};\n");
  }
  std::string flags;
  for (const FieldModel& field : message.fields) {
    if (field.field->is_required()) flags = "godwit_::MessageTable::kHasRequired";
  }
  if (!message.type->extension_ranges().empty()) flags += (flags.empty() ? "" : " | ") + std::string("godwit_::MessageTable::kExtendable");
  if (flags.empty()) flags = "0";
  out.print(
      "constexpr $name$ $name$::default_;\n"
      "constinit const godwit_::TableOf<$count$> $name$::table_ = {\n"
      "    {sizeof($name$), $dense$, $count$, $flags$, &default_,\n",
      {{"name", message.name},
       {"count", std::to_string(message.entry_count)},
       {"dense", std::to_string(message.dense_max)},
       {"flags", flags}});
  out.indent();
  out.indent();
  print_names(message.type->full_name(), names, out);
  out.print("$types$, {&::godwit::proto::generated::$file$}, $oneofs$, $oneof_count$, $words$},\n",
            {{"types", types.empty() ? "nullptr" : message.name + "_types"},
             {"file", file_constant},
             {"oneofs", message.oneofs.empty() ? "nullptr" : message.name + "_oneofs"},
             {"oneof_count", std::to_string(message.oneofs.size())},
             {"words", std::to_string(message.has_words)}});
  for (std::size_t i = 0; i < entries.size(); i++) {
    out.print("$open$$entry$$close$\n", {{"open", i == 0 ? "{" : " "}, {"entry", entries[i]}, {"close", i + 1 == entries.size() ? "}};" : ","}});
  }
  out.print("\n");
  out.outdent();
  out.outdent();
}

}  // namespace godwit::compiler::cpp
