#include "godwit/proto/json/well_known.h"

namespace godwit::proto {
namespace {

bool is_single(const FieldEntry* field, FieldType type) {
  return field != nullptr && field->field_type() == type && !field->is_map() && !field->is_repeated();
}

// The message type of a map<string, M>, or null.
const MessageTable* string_map_value(const MessageTable& table, std::uint32_t number) {
  const FieldEntry* field = table.find(number);
  if (field == nullptr || !field->is_map()) return nullptr;
  const MessageTable& entry = *field->message;
  return entry.entries()[1].field_type() == FieldType::kString ? entry.message_of(entry.entries()[2]) : nullptr;
}

// The message type of a repeated field, or null.
const MessageTable* list_value(const MessageTable& table, std::uint32_t number) {
  const FieldEntry* field = table.find(number);
  return field != nullptr && field->is_repeated() ? table.message_of(*field) : nullptr;
}

bool is_value(const MessageTable& table) {
  if (!is_single(table.find(1), FieldType::kEnum) || !is_single(table.find(2), FieldType::kDouble) ||
      !is_single(table.find(3), FieldType::kString) || !is_single(table.find(4), FieldType::kBool) ||
      !is_single(table.find(5), FieldType::kMessage) || !is_single(table.find(6), FieldType::kMessage)) {
    return false;
  }
  for (std::uint32_t i = 1; i <= 6; ++i) {
    const FieldEntry& field = *table.find(i);
    if (field.cardinality() != Cardinality::kOneof || field.extra.presence != table.find(1)->extra.presence) return false;
  }
  return string_map_value(*table.message_of(*table.find(5)), 1) == &table && list_value(*table.message_of(*table.find(6)), 1) == &table;
}

bool is_struct(const MessageTable& table) {
  const MessageTable* value = string_map_value(table, 1);
  return value != nullptr && is_value(*value) && value->message_of(*value->find(5)) == &table;
}

bool is_list_value(const MessageTable& table) {
  const MessageTable* value = list_value(table, 1);
  return value != nullptr && is_value(*value) && value->message_of(*value->find(6)) == &table;
}

bool is_string_list(const FieldEntry* field) {
  return field != nullptr && field->is_repeated() && field->field_type() == FieldType::kString;
}

struct Wrapper {
  std::string_view name;
  FieldType type;
};
constexpr Wrapper kWrappers[] = {
    {"DoubleValue", FieldType::kDouble}, {"FloatValue", FieldType::kFloat},   {"Int64Value", FieldType::kInt64},
    {"UInt64Value", FieldType::kUint64}, {"Int32Value", FieldType::kInt32},   {"UInt32Value", FieldType::kUint32},
    {"BoolValue", FieldType::kBool},     {"StringValue", FieldType::kString}, {"BytesValue", FieldType::kBytes},
};

}  // namespace

WellKnown well_known_of(const MessageTable& table) {
  constexpr std::string_view kPackage = "google.protobuf.";
  std::string_view name = table.full_name();
  if (!name.starts_with(kPackage)) return WellKnown::kNone;
  name.remove_prefix(kPackage.size());
  const auto if_true = [](bool shape, WellKnown type) { return shape ? type : WellKnown::kNone; };
  if (name == "Timestamp" || name == "Duration") {
    const bool shape = is_single(table.find(1), FieldType::kInt64) && is_single(table.find(2), FieldType::kInt32);
    return if_true(shape, name == "Timestamp" ? WellKnown::kTimestamp : WellKnown::kDuration);
  }
  if (name == "Any") {
    return if_true(is_single(table.find(1), FieldType::kString) && is_single(table.find(2), FieldType::kBytes), WellKnown::kAny);
  }
  if (name == "FieldMask") return if_true(is_string_list(table.find(1)), WellKnown::kFieldMask);
  if (name == "Struct") return if_true(is_struct(table), WellKnown::kStruct);
  if (name == "Value") return if_true(is_value(table), WellKnown::kValue);
  if (name == "ListValue") return if_true(is_list_value(table), WellKnown::kListValue);
  for (const Wrapper& wrapper : kWrappers) {
    if (name == wrapper.name) return if_true(is_single(table.find(1), wrapper.type), WellKnown::kWrapper);
  }
  return WellKnown::kNone;
}

bool is_null_value(const EnumDescriptor& type) { return type.full_name() == "google.protobuf.NullValue"; }

}  // namespace godwit::proto
