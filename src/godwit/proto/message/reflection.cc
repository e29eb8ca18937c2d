#include "godwit/proto/message/reflection.h"

#include "godwit/proto/message/access.h"

namespace godwit::proto {
namespace {

Value read(const FieldEntry& field, const void* p) {
  switch (field.field_type()) {
    case FieldType::kDouble: return Value::of_double(memory_at<double>(p, 0));
    case FieldType::kFloat: return Value::of_float(memory_at<float>(p, 0));
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64: return Value::of_int64(memory_at<std::int64_t>(p, 0));
    case FieldType::kUint64:
    case FieldType::kFixed64: return Value::of_uint64(memory_at<std::uint64_t>(p, 0));
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32: return Value::of_int32(memory_at<std::int32_t>(p, 0));
    case FieldType::kUint32:
    case FieldType::kFixed32: return Value::of_uint32(memory_at<std::uint32_t>(p, 0));
    case FieldType::kBool: return Value::of_bool(memory_at<bool>(p, 0));
    case FieldType::kEnum: return Value::of_enum(memory_at<std::int32_t>(p, 0));
    case FieldType::kString: return Value::of_string(memory_at<StringField>(p, 0).view());
    case FieldType::kBytes: return Value::of_bytes(memory_at<StringField>(p, 0).view());
    case FieldType::kMessage:
    case FieldType::kGroup: return Value::of_message(*memory_at<Message*>(p, 0));
  }
  return {};
}

void write(const FieldEntry& field, void* p, const Value& value, Arena& arena) {
  switch (field.field_type()) {
    case FieldType::kDouble: memory_at<double>(p, 0) = value.float64(); break;
    case FieldType::kFloat: memory_at<float>(p, 0) = value.float32(); break;
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64: memory_at<std::int64_t>(p, 0) = value.int64(); break;
    case FieldType::kUint64:
    case FieldType::kFixed64: memory_at<std::uint64_t>(p, 0) = value.uint64(); break;
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32: memory_at<std::int32_t>(p, 0) = value.int32(); break;
    case FieldType::kUint32:
    case FieldType::kFixed32: memory_at<std::uint32_t>(p, 0) = value.uint32(); break;
    case FieldType::kBool: memory_at<bool>(p, 0) = value.boolean(); break;
    case FieldType::kEnum: memory_at<std::int32_t>(p, 0) = value.enum_number(); break;
    case FieldType::kString:
    case FieldType::kBytes: assign_string(memory_at<StringField>(p, 0), value.text(), arena); break;
    case FieldType::kMessage:
    case FieldType::kGroup: {
      Message* copy = new_message(value.message().Table(), arena);
      copy->MergeFrom(value.message());
      memory_at<Message*>(p, 0) = copy;
      break;
    }
  }
}

bool is_list(const FieldEntry& field) { return field.is_repeated(); }

void* element(Message& message, const FieldEntry& field, std::size_t index) {
  GODWIT_ASSERT(is_list(field));
  auto& list = memory_at<RepeatedBase>(&message, field.offset());
  GODWIT_ASSERT(index < list.size);
  return static_cast<char*>(list.data) + index * value_size(field.encoding());
}

void* add_element(Message& message, const FieldEntry& field) {
  GODWIT_ASSERT(is_list(field));
  auto& list = memory_at<RepeatedBase>(&message, field.offset());
  const std::size_t size = value_size(field.encoding());
  list.reserve(std::size_t{list.size} + 1, size, message.arena());
  void* p = static_cast<char*>(list.data) + size * list.size++;
  std::memset(p, 0, size);
  return p;
}

// Marks a single field as present and returns its place; the place of a oneof's new member is zero.
void* present(Message& message, const FieldEntry& field) {
  GODWIT_ASSERT(!is_list(field) && !field.is_map());
  void* p = reinterpret_cast<char*>(&message) + field.offset();
  if (field.cardinality() == Cardinality::kHasBit) {
    memory_at<std::uint32_t>(&message, kMessageHeader + field.extra.presence / 32 * 4) |= 1u << field.extra.presence % 32;
  } else if (field.cardinality() == Cardinality::kOneof) {
    auto& which = memory_at<std::uint32_t>(&message, field.extra.presence);
    if (which != field.number()) std::memset(p, 0, value_size(field.encoding()));
    which = field.number();
  }
  return p;
}

const FieldEntry& key_entry(const FieldEntry& map) { return map.message->entries()[1]; }
const FieldEntry& value_entry(const FieldEntry& map) { return map.message->entries()[2]; }

// The key as the map compares numbers: its bits, zero-extended.
std::uint64_t number_key(const FieldEntry& key_field, const Value& key) {
  std::uint64_t bits = 0;
  Arena unused;
  write(key_field, &bits, key, unused);
  return bits;
}

MapField::Inserted insert(Message& message, const FieldEntry& field, const Value& key) {
  GODWIT_ASSERT(field.is_map());
  auto& map = memory_at<MapField>(&message, field.offset());
  const std::size_t stride = field.message->object_size;
  if (key_entry(field).field_type() == FieldType::kString) return map.insert(key.text(), stride, message.arena());
  return map.insert(number_key(key_entry(field), key), stride, message.arena());
}

}  // namespace

const FieldEntry* entry_of(const Message& message, const FieldDescriptor& field) {
  return field.is_extension() ? nullptr : message.Table().find(static_cast<std::uint32_t>(field.number()));
}

std::size_t count(const Message& message, const FieldEntry& field) {
  if (is_list(field)) return memory_at<RepeatedBase>(&message, field.offset()).size;
  if (field.is_map()) return memory_at<MapField>(&message, field.offset()).size;
  return field_is_present(&message, field) ? 1 : 0;
}

bool has(const Message& message, const FieldEntry& field) { return count(message, field) != 0; }

Value get(const Message& message, const FieldEntry& field) {
  GODWIT_ASSERT(!is_list(field) && !field.is_map());
  const bool is_message = field.encoding() == Encoding::kMessage || field.encoding() == Encoding::kGroup;
  if (field_is_present(&message, field)) return read(field, reinterpret_cast<const char*>(&message) + field.offset());
  if (is_message) {
    return Value::of_message(*static_cast<const Message*>(message.Table().message_of(field)->default_object));
  }
  // Not present: what the default object holds; of a oneof's member that is zero.
  if (field.cardinality() == Cardinality::kOneof) {
    const std::uint64_t zero[2] = {};
    return read(field, zero);
  }
  return read(field, static_cast<const char*>(message.Table().default_object) + field.offset());
}

Value get(const Message& message, const FieldEntry& field, std::size_t index) {
  return read(field, element(const_cast<Message&>(message), field, index));
}

void set(Message& message, const FieldEntry& field, const Value& value) {
  write(field, present(message, field), value, message.arena());
}
void set(Message& message, const FieldEntry& field, std::size_t index, const Value& value) {
  write(field, element(message, field, index), value, message.arena());
}
void add(Message& message, const FieldEntry& field, const Value& value) {
  write(field, add_element(message, field), value, message.arena());
}

Message& mutable_message(Message& message, const FieldEntry& field) {
  auto& slot = memory_at<Message*>(present(message, field), 0);
  if (!slot) slot = new_message(*message.Table().message_of(field), message.arena());
  return *slot;
}
Message& mutable_message(Message& message, const FieldEntry& field, std::size_t index) {
  GODWIT_ASSERT(message.Table().message_of(field));
  return *memory_at<Message*>(element(message, field, index), 0);
}
Message& add_message(Message& message, const FieldEntry& field) {
  Message* child = new_message(*message.Table().message_of(field), message.arena());
  memory_at<Message*>(add_element(message, field), 0) = child;
  return *child;
}

void clear(Message& message, const FieldEntry& field) {
  if (is_list(field)) {
    memory_at<RepeatedBase>(&message, field.offset()).size = 0;
    return;
  }
  if (field.is_map()) {
    memory_at<MapField>(&message, field.offset()).clear();
    return;
  }
  if (field.cardinality() == Cardinality::kOneof) {
    auto& which = memory_at<std::uint32_t>(&message, field.extra.presence);
    if (which == field.number()) which = 0;
    return;
  }
  if (field.cardinality() == Cardinality::kHasBit) {
    memory_at<std::uint32_t>(&message, kMessageHeader + field.extra.presence / 32 * 4) &= ~(1u << field.extra.presence % 32);
  }
  std::memcpy(reinterpret_cast<char*>(&message) + field.offset(),
              static_cast<const char*>(message.Table().default_object) + field.offset(), value_size(field.encoding()));
}

std::uint32_t which_oneof(const Message& message, const FieldEntry& field) {
  return field.cardinality() == Cardinality::kOneof ? memory_at<std::uint32_t>(&message, field.extra.presence) : 0;
}

Value map_key(const Message& message, const FieldEntry& field, std::size_t i) {
  const auto& map = memory_at<MapField>(&message, field.offset());
  GODWIT_ASSERT(field.is_map() && i < map.size);
  return read(key_entry(field), map.entries + i * field.message->object_size);
}

Value map_value(const Message& message, const FieldEntry& field, std::size_t i) {
  const auto& map = memory_at<MapField>(&message, field.offset());
  GODWIT_ASSERT(field.is_map() && i < map.size);
  return read(value_entry(field), map.entries + i * field.message->object_size + value_entry(field).offset());
}

void map_set(Message& message, const FieldEntry& field, const Value& key, const Value& value) {
  void* entry = insert(message, field, key).entry;
  write(value_entry(field), static_cast<char*>(entry) + value_entry(field).offset(), value, message.arena());
}

Message& mutable_map_message(Message& message, const FieldEntry& field, const Value& key, bool* added) {
  GODWIT_ASSERT(field.is_map() && value_entry(field).encoding() == Encoding::kMessage);
  const MapField::Inserted inserted = insert(message, field, key);
  auto& slot = memory_at<Message*>(inserted.entry, value_entry(field).offset());
  if (inserted.added) slot = new_message(*value_entry(field).message, message.arena());
  if (added) *added = inserted.added;
  return *slot;
}

bool map_contains(const Message& message, const FieldEntry& field, const Value& key) {
  GODWIT_ASSERT(field.is_map());
  const auto& map = memory_at<MapField>(&message, field.offset());
  const std::size_t stride = field.message->object_size;
  if (key_entry(field).field_type() == FieldType::kString) return map.find(key.text(), stride) != nullptr;
  return map.find(number_key(key_entry(field), key), stride) != nullptr;
}

}  // namespace godwit::proto
