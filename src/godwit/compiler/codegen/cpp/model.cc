#include "godwit/compiler/codegen/cpp/model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/message/layout.h"
#include "godwit/proto/message/map.h"

namespace godwit::compiler::cpp {
namespace {

using proto::Cardinality;
using proto::Encoding;
using proto::FieldDescriptor;
using proto::FieldType;
using proto::MessageDescriptor;
using proto::ValueType;

std::string number_type(ValueType type) {
  switch (type) {
    case ValueType::kInt32: return "std::int32_t";
    case ValueType::kInt64: return "std::int64_t";
    case ValueType::kUint32: return "std::uint32_t";
    case ValueType::kUint64: return "std::uint64_t";
    case ValueType::kDouble: return "double";
    case ValueType::kFloat: return "float";
    default: return "bool";
  }
}

// The name of a type as code of `from` says it: without its namespace where that is the same, and no member of the
// class has the same name.
std::string short_name(const FieldDescriptor& from, const std::string& name, const std::string& qualified, const proto::FileDescriptor& file) {
  if (namespace_of(file) != namespace_of(from.file())) return qualified;
  if (name == lower_case(name)) return qualified;
  return name;
}

std::string value_type_name(const FieldDescriptor& field) {
  switch (field.value_type()) {
    case ValueType::kString:
    case ValueType::kBytes: return "std::string_view";
    case ValueType::kEnum: {
      const proto::EnumDescriptor& type = *field.enum_type();
      return short_name(field, enum_type_name(type), qualified_enum_name(type), type.file());
    }
    case ValueType::kMessage: {
      const MessageDescriptor& type = *field.message_type();
      return short_name(field, class_name(type), qualified_class_name(type), type.file());
    }
    default: return number_type(field.value_type());
  }
}

template <typename Float>
std::string float_literal(Float value) {
  const std::string limits = std::is_same_v<Float, float> ? "std::numeric_limits<float>::" : "std::numeric_limits<double>::";
  if (std::isnan(value)) return limits + "quiet_NaN()";
  if (std::isinf(value)) return (value < 0 ? "-" : "") + limits + "infinity()";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return std::is_same_v<Float, float> ? text + "f" : text;
}

std::string string_initializer(std::string_view text) {
  if (text.empty()) return "";
  if (text.find('\0') == std::string_view::npos) return "{\"" + escape(text) + "\"}";
  return "{std::string_view(\"" + escape(text) + "\", " + std::to_string(text.size()) + ")}";
}

std::string initializer(const FieldDescriptor& field, const std::string& type) {
  switch (field.value_type()) {
    case ValueType::kInt32: {
      const std::int32_t v = field.default_value_int32();
      return v == std::numeric_limits<std::int32_t>::min() ? " = -2147483647 - 1" : " = " + std::to_string(v);
    }
    case ValueType::kInt64: {
      const std::int64_t v = field.default_value_int64();
      if (v == std::numeric_limits<std::int64_t>::min()) return " = -9223372036854775807 - 1";
      return " = " + std::to_string(v);
    }
    case ValueType::kUint32: return " = " + std::to_string(field.default_value_uint32()) + (field.default_value_uint32() ? "u" : "");
    case ValueType::kUint64: return " = " + std::to_string(field.default_value_uint64()) + (field.default_value_uint64() ? "u" : "");
    case ValueType::kDouble: return " = " + (field.default_value_double() == 0 && !std::signbit(field.default_value_double()) ? "0" : float_literal(field.default_value_double()));
    case ValueType::kFloat: return " = " + (field.default_value_float() == 0 && !std::signbit(field.default_value_float()) ? "0" : float_literal(field.default_value_float()));
    case ValueType::kBool: return field.default_value_bool() ? " = true" : " = false";
    case ValueType::kEnum: {
      const std::int32_t number = field.default_value_enum()->number();
      return number == 0 ? "{}" : " = static_cast<" + type + ">(" + std::to_string(number) + ")";
    }
    case ValueType::kString:
    case ValueType::kBytes: return string_initializer(field.default_value_string());
    case ValueType::kMessage: return " = nullptr";
  }
  return "";
}

void collect_messages(std::span<const MessageDescriptor> messages, std::vector<const MessageDescriptor*>& out) {
  for (const MessageDescriptor& m : messages) {
    collect_messages(m.messages(), out);
    if (!m.is_map_entry()) out.push_back(&m);
  }
}

void collect_enums(std::span<const MessageDescriptor> messages, std::vector<const proto::EnumDescriptor*>& out) {
  for (const MessageDescriptor& m : messages) {
    for (const proto::EnumDescriptor& e : m.enums()) out.push_back(&e);
    collect_enums(m.messages(), out);
  }
}

// The message of this file that a field holds, or null.
const MessageDescriptor* held_message(const FieldDescriptor& field) {
  if (field.is_map()) return field.map_value()->message_type();
  return field.message_type();
}

}  // namespace

bool FieldModel::is_small() const { return !is_list() && !is_map() && proto::slot_size(encoding) == 4; }

std::string FieldModel::member_path() const {
  return oneof ? lower_case(oneof->name()) + "_." + names.member : names.member;
}
std::string FieldModel::place() const { return "fields_." + member_path(); }

FieldModel make_field_model(const FieldDescriptor& field, FieldNames names) {
  FieldModel m{};
  m.field = &field;
  m.oneof = field.real_containing_oneof();
  m.names = std::move(names);
  const bool closed = field.enum_type() && field.enum_type()->is_closed();
  m.encoding = proto::choose_encoding(field.type(), closed, field.requires_utf8_validation());
  m.type = value_type_name(field);
  if (field.is_map()) {
    m.cardinality = Cardinality::kMap;
    m.key_type = value_type_name(*field.map_key());
    m.type = value_type_name(*field.map_value()) + (field.map_value()->message_type() ? "*" : "");
    m.storage = "::godwit::proto::MapField";
    return m;
  }
  std::string element = m.type;
  if (m.is_text()) element = "::godwit::proto::StringField";
  if (m.encoding == Encoding::kMessage) element += "*";
  if (field.is_repeated()) {
    m.cardinality = field.is_packed() && field.is_packable() ? Cardinality::kPacked : Cardinality::kRepeated;
    m.storage = "::godwit::proto::RepeatedField<" + element + ">";
    return m;
  }
  // Every offset is a multiple of 4, that of a bool too.
  m.storage = field.value_type() == ValueType::kBool ? "alignas(4) bool" : element;
  m.initializer = initializer(field, m.type);
  if (m.oneof) {
    m.cardinality = Cardinality::kOneof;
  } else if (field.has_presence() && m.encoding != Encoding::kMessage) {
    m.cardinality = Cardinality::kHasBit;
  } else {
    m.cardinality = Cardinality::kImplicit;
  }
  return m;
}

MessageModel make_model(const MessageDescriptor& type) {
  MessageModel model;
  model.type = &type;
  model.name = class_name(type);
  std::vector<FieldNames> names = field_names(type);
  int bits = 0;
  for (std::size_t i = 0; i < type.fields().size(); i++) {
    FieldModel field = make_field_model(type.fields()[i], std::move(names[i]));
    if (field.cardinality == Cardinality::kHasBit) field.bit = bits++;
    model.fields.push_back(std::move(field));
  }
  model.has_words = (bits + 31) / 32;
  for (const proto::OneofDescriptor& oneof : type.real_oneofs()) {
    model.oneofs.push_back({&oneof, lower_case(oneof.name()), camel_case(oneof.name())});
  }
  for (const FieldModel& field : model.fields) model.by_number.push_back(&field);
  std::sort(model.by_number.begin(), model.by_number.end(),
            [](const FieldModel* a, const FieldModel* b) { return a->field->number() < b->field->number(); });
  std::vector<std::uint32_t> numbers;
  for (const FieldModel* field : model.by_number) numbers.push_back(static_cast<std::uint32_t>(field->field->number()));
  model.dense_max = proto::choose_dense_max(numbers);
  model.entry_count = 1 + model.dense_max;
  for (std::uint32_t number : numbers) model.entry_count += number > model.dense_max;
  return model;
}

std::vector<const MessageDescriptor*> messages_in_order(const proto::FileDescriptor& file) {
  std::vector<const MessageDescriptor*> all, ordered;
  collect_messages(file.messages(), all);
  std::set<const MessageDescriptor*> seen;
  // Depth first with a list of its own: a chain of types may be long.
  struct Visit {
    const MessageDescriptor* type;
    std::size_t next_field;
  };
  for (const MessageDescriptor* root : all) {
    if (!seen.insert(root).second) continue;
    std::vector<Visit> path = {{root, 0}};
    while (!path.empty()) {
      Visit& visit = path.back();
      if (visit.next_field == visit.type->fields().size()) {
        ordered.push_back(visit.type);
        path.pop_back();
        continue;
      }
      const MessageDescriptor* held = held_message(visit.type->fields()[visit.next_field++]);
      if (held && &held->file() == &file && seen.insert(held).second) path.push_back({held, 0});
    }
  }
  return ordered;
}

std::vector<const proto::EnumDescriptor*> all_enums(const proto::FileDescriptor& file) {
  std::vector<const proto::EnumDescriptor*> all;
  for (const proto::EnumDescriptor& e : file.enums()) all.push_back(&e);
  collect_enums(file.messages(), all);
  return all;
}

std::size_t object_size_bound(const MessageModel& message) {
  std::size_t size = proto::kMessageHeader + 4 * static_cast<std::size_t>(message.has_words) + message.oneofs.size() * 20 + 8;
  for (const FieldModel& field : message.fields) {
    if (field.oneof) continue;
    size += field.is_map() ? sizeof(proto::MapField) : field.is_list() ? 16 : proto::slot_size(field.encoding);
  }
  return size;
}

std::string declaration(const FieldDescriptor& field) {
  const auto type_of = [](const FieldDescriptor& f) -> std::string {
    if (f.message_type()) return std::string(f.message_type()->full_name());
    if (f.enum_type()) return std::string(f.enum_type()->full_name());
    return std::string(proto::field_type_name(f.type()));
  };
  std::string text;
  if (field.is_map()) {
    text = "map<" + type_of(*field.map_key()) + ", " + type_of(*field.map_value()) + "> ";
  } else {
    if (field.is_repeated()) text = "repeated ";
    if (field.is_required()) text = "required ";
    const bool explicit_optional = field.has_presence() && !field.is_required() && !field.real_containing_oneof() &&
                                   (field.file().syntax() == proto::Syntax::kProto2 || field.is_proto3_optional());
    if (explicit_optional && !field.is_repeated()) text = "optional ";
    text += type_of(field) + " ";
  }
  text += std::string(field.name()) + " = " + std::to_string(field.number());
  if (field.has_default_value()) {
    std::string value(field.proto().default_value());
    if (field.value_type() == ValueType::kString || field.value_type() == ValueType::kBytes) value = "\"" + escape(value) + "\"";
    text += " [default = " + value + "]";
  }
  return text + ";";
}

}  // namespace godwit::compiler::cpp
