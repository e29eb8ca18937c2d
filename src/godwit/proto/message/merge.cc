#include <cstring>

#include "godwit/proto/message/access.h"

// Copying, merging and comparing whole trees. These walk down by recursion: one level of C++ for each level of messages,
// and parsed messages are limited in depth.

namespace godwit::proto {
namespace {

void merge_message(Message& to, const Message& from, Arena& arena);

void set_bit(Message& message, std::uint32_t bit) {
  memory_at<std::uint32_t>(&message, kMessageHeader + bit / 32 * 4) |= 1u << bit % 32;
}

StringField copy_text(const StringField& from, Arena& arena) {
  StringField to;
  const std::string_view copy = arena.copy(from.view());
  to.data = copy.data();
  to.size = to.capacity = static_cast<std::uint32_t>(copy.size());
  return to;
}

Message* copy_message(const Message& from, Arena& arena) {
  Message* to = new_message(from.Table(), arena);
  merge_message(*to, from, arena);
  return to;
}

void merge_list(const FieldEntry& field, Message& to, const Message& from, Arena& arena) {
  const auto& source = memory_at<RepeatedBase>(&from, field.offset());
  if (source.size == 0) return;
  auto& list = memory_at<RepeatedBase>(&to, field.offset());
  const std::size_t size = value_size(field.encoding());
  list.reserve(std::size_t{list.size} + source.size, size, arena);
  char* out = static_cast<char*>(list.data) + list.size * size;
  switch (field.encoding()) {
    case Encoding::kString:
    case Encoding::kBytes:
      for (std::uint32_t i = 0; i < source.size; i++) {
        reinterpret_cast<StringField*>(out)[i] = copy_text(static_cast<const StringField*>(source.data)[i], arena);
      }
      break;
    case Encoding::kMessage:
    case Encoding::kGroup:
      for (std::uint32_t i = 0; i < source.size; i++) {
        memory_at<Message*>(out, i * 8) = copy_message(*memory_at<Message*>(source.data, i * 8), arena);
      }
      break;
    default:
      std::memcpy(out, source.data, source.size * size);
      break;
  }
  list.size += source.size;
}

void merge_map(const FieldEntry& field, Message& to, const Message& from, Arena& arena) {
  const auto& source = memory_at<MapField>(&from, field.offset());
  auto& map = memory_at<MapField>(&to, field.offset());
  const MessageTable& table = *field.message;
  const std::size_t stride = table.object_size;
  const FieldEntry& value = table.entries()[2];
  const bool text_key = table.entries()[1].field_type() == FieldType::kString;
  for (std::uint32_t i = 0; i < source.size; i++) {
    const char* entry = source.entries + i * stride;
    void* into = text_key ? map.insert(memory_at<StringField>(entry, 0).view(), stride, arena).entry
                          : map.insert(memory_at<std::uint64_t>(entry, 0), stride, arena).entry;
    switch (value.encoding()) {
      case Encoding::kString:
      case Encoding::kBytes:
        memory_at<StringField>(into, value.offset()) = copy_text(memory_at<StringField>(entry, value.offset()), arena);
        break;
      case Encoding::kMessage:
        memory_at<Message*>(into, value.offset()) = copy_message(*memory_at<Message*>(entry, value.offset()), arena);
        break;
      default:
        memory_at<std::uint64_t>(into, value.offset()) = memory_at<std::uint64_t>(entry, value.offset());
        break;
    }
  }
}

void merge_single(const FieldEntry& field, Message& to, const Message& from, Arena& arena) {
  if (!field_is_present(&from, field)) return;
  if (field.cardinality() == Cardinality::kHasBit) set_bit(to, field.extra.presence);
  if (field.cardinality() == Cardinality::kOneof) {
    auto& which = memory_at<std::uint32_t>(&to, field.extra.presence);
    if (which != field.number()) std::memset(reinterpret_cast<char*>(&to) + field.offset(), 0, value_size(field.encoding()));
    which = field.number();
  }
  switch (field.encoding()) {
    case Encoding::kString:
    case Encoding::kBytes:
      memory_at<StringField>(&to, field.offset()) = copy_text(memory_at<StringField>(&from, field.offset()), arena);
      break;
    case Encoding::kMessage:
    case Encoding::kGroup: {
      auto& child = memory_at<Message*>(&to, field.offset());
      const Message& source = *memory_at<Message*>(&from, field.offset());
      if (child) {
        merge_message(*child, source, arena);
      } else {
        child = copy_message(source, arena);
      }
      break;
    }
    default:
      std::memcpy(reinterpret_cast<char*>(&to) + field.offset(), reinterpret_cast<const char*>(&from) + field.offset(),
                  value_size(field.encoding()));
      break;
  }
}

void merge_message(Message& to, const Message& from, Arena& arena) {
  for (const FieldEntry& field : from.Table().all_entries()) {
    if (!field.is_field()) continue;
    switch (field.cardinality()) {
      case Cardinality::kRepeated:
      case Cardinality::kPacked: merge_list(field, to, from, arena); break;
      case Cardinality::kMap: merge_map(field, to, from, arena); break;
      default: merge_single(field, to, from, arena); break;
    }
  }
  const Bytes unknown = from.UnknownFieldBytes();
  if (!unknown.empty()) to.AppendUnknownFieldBytes(unknown);
}

bool equal_message(const Message& a, const Message& b);

// Values of one field; `a` and `b` point at them.
bool equal_value(const FieldEntry& field, const void* a, const void* b) {
  switch (field.encoding()) {
    case Encoding::kString:
    case Encoding::kBytes:
      return memory_at<StringField>(a, 0).view() == memory_at<StringField>(b, 0).view();
    case Encoding::kMessage:
    case Encoding::kGroup:
      return equal_message(*memory_at<Message*>(a, 0), *memory_at<Message*>(b, 0));
    case Encoding::kFixed32:
      if (field.field_type() == FieldType::kFloat) return memory_at<float>(a, 0) == memory_at<float>(b, 0);
      break;
    case Encoding::kFixed64:
      if (field.field_type() == FieldType::kDouble) return memory_at<double>(a, 0) == memory_at<double>(b, 0);
      break;
    default:
      break;
  }
  return std::memcmp(a, b, value_size(field.encoding())) == 0;
}

bool equal_maps(const FieldEntry& field, const MapField& a, const MapField& b) {
  if (a.size != b.size) return false;
  const MessageTable& table = *field.message;
  const std::size_t stride = table.object_size;
  const FieldEntry& value = table.entries()[2];
  const bool text_key = table.entries()[1].field_type() == FieldType::kString;
  for (std::uint32_t i = 0; i < a.size; i++) {
    const char* entry = a.entries + i * stride;
    const void* other = text_key ? b.find(memory_at<StringField>(entry, 0).view(), stride)
                                 : b.find(memory_at<std::uint64_t>(entry, 0), stride);
    if (!other || !equal_value(value, entry + value.offset(), static_cast<const char*>(other) + value.offset())) return false;
  }
  return true;
}

bool equal_field(const FieldEntry& field, const Message& a, const Message& b) {
  switch (field.cardinality()) {
    case Cardinality::kRepeated:
    case Cardinality::kPacked: {
      const auto& x = memory_at<RepeatedBase>(&a, field.offset());
      const auto& y = memory_at<RepeatedBase>(&b, field.offset());
      if (x.size != y.size) return false;
      const std::size_t size = value_size(field.encoding());
      for (std::size_t i = 0; i < x.size; i++) {
        if (!equal_value(field, static_cast<const char*>(x.data) + i * size, static_cast<const char*>(y.data) + i * size)) return false;
      }
      return true;
    }
    case Cardinality::kMap:
      return equal_maps(field, memory_at<MapField>(&a, field.offset()), memory_at<MapField>(&b, field.offset()));
    default: {
      const bool present = field_is_present(&a, field);
      if (present != field_is_present(&b, field)) return false;
      return !present || equal_value(field, reinterpret_cast<const char*>(&a) + field.offset(),
                                     reinterpret_cast<const char*>(&b) + field.offset());
    }
  }
}

bool equal_message(const Message& a, const Message& b) {
  if (&a == &b) return true;
  if (&a.Table() != &b.Table()) return false;
  for (const FieldEntry& field : a.Table().all_entries()) {
    if (field.is_field() && !equal_field(field, a, b)) return false;
  }
  const Bytes x = a.UnknownFieldBytes();
  const Bytes y = b.UnknownFieldBytes();
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size()) == 0);
}

}  // namespace

bool field_is_present(const void* message, const FieldEntry& field) {
  switch (field.cardinality()) {
    case Cardinality::kHasBit:
      return (memory_at<std::uint32_t>(message, kMessageHeader + field.extra.presence / 32 * 4) >> field.extra.presence % 32 & 1) != 0;
    case Cardinality::kOneof:
      return memory_at<std::uint32_t>(message, field.extra.presence) == field.number();
    default:
      break;
  }
  switch (field.encoding()) {
    case Encoding::kString:
    case Encoding::kBytes:
      return memory_at<StringField>(message, field.offset()).size != 0;
    case Encoding::kMessage:
    case Encoding::kGroup:
      return memory_at<const Message*>(message, field.offset()) != nullptr;
    case Encoding::kBool:
      return memory_at<bool>(message, field.offset());
    case Encoding::kInt64:
    case Encoding::kSint64:
    case Encoding::kFixed64:
      return memory_at<std::uint64_t>(message, field.offset()) != 0;
    default:
      return memory_at<std::uint32_t>(message, field.offset()) != 0;
  }
}

void Message::MergeFrom(const Message& other) {
  GODWIT_ASSERT(table_ == other.table_ && "messages of the same type");
  GODWIT_ASSERT(this != &other);
  merge_message(*this, other, arena());
}

bool Message::Equals(const Message& other) const { return equal_message(*this, other); }

}  // namespace godwit::proto
