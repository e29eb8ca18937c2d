#include "godwit/proto/message/dynamic_message.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <unordered_map>

#include "godwit/proto/message/access.h"
#include "godwit/proto/message/layout.h"

namespace godwit::proto {

struct DynamicTypes::Known {
  std::unordered_map<const MessageDescriptor*, MessageTable*> messages;
  std::unordered_map<const EnumDescriptor*, const EnumTable*> enums;
};

// Makes the tables of a type and of all types below it. Tables are reserved when they are first named and filled from a
// list, so that types may hold each other and a long chain of types needs no deep stack.
class DynamicTypes::Builder {
 public:
  Builder(Arena& memory, Known& known) : memory_(memory), known_(known) {}

  Result<const MessageTable*, Error> build(const MessageDescriptor& type) {
    const MessageTable* table = reserve(type);
    while (!open_.empty()) {
      const MessageDescriptor* next = open_.front();
      open_.pop_front();
      if (!fill(*next, *known_.messages[next])) {
        // Whatever was made in this call may name the failed table: forget it.
        for (const MessageDescriptor* made : made_) known_.messages.erase(made);
        return Failure(Error("message " + std::string(next->full_name()) + " has too many fields: its object would be larger than " +
                             std::to_string(kMaxObjectBytes) + " bytes"));
      }
    }
    return table;
  }

 private:
  MessageTable* reserve(const MessageDescriptor& type) {
    MessageTable*& table = known_.messages[&type];
    if (table) return table;
    std::vector<std::uint32_t> numbers;
    for (const FieldDescriptor& field : type.fields()) numbers.push_back(static_cast<std::uint32_t>(field.number()));
    std::sort(numbers.begin(), numbers.end());
    const std::uint32_t dense = choose_dense_max(numbers);
    const auto sparse = static_cast<std::uint32_t>(numbers.end() - std::upper_bound(numbers.begin(), numbers.end(), dense));
    const std::uint32_t count = 1 + dense + sparse;
    table = static_cast<MessageTable*>(memory_.allocate(sizeof(MessageTable) + count * sizeof(FieldEntry), alignof(MessageTable)));
    std::memset(static_cast<void*>(table), 0, sizeof(MessageTable));
    table->dense_max = dense;
    table->entry_count = count;
    table->flags = MessageTable::kDynamic | (type.is_map_entry() ? MessageTable::kMapEntry : 0);
    table->descriptor = &type;
    auto* entries = reinterpret_cast<FieldEntry*>(table + 1);
    for (std::uint32_t i = 0; i < count; i++) entries[i] = i == 0 ? FieldEntry::end() : FieldEntry();
    open_.push_back(&type);
    made_.push_back(&type);
    return table;
  }

  const EnumTable* make(const EnumDescriptor& type) {
    const EnumTable*& table = known_.enums[&type];
    if (table) return table;
    std::string names(type.full_name());
    const auto size = type.values().size();
    auto* values = static_cast<EnumTable::Value*>(memory_.allocate(size * sizeof(EnumTable::Value), 4));
    bool sequential = true;
    for (std::size_t i = 0; i < size; i++) {
      const EnumValueDescriptor& value = type.values()[i];
      names += '\0';
      values[i] = {value.number(), static_cast<std::uint32_t>(names.size())};
      names += value.name();
      sequential = sequential && std::int64_t{value.number()} == std::int64_t{values[0].number} + static_cast<std::int64_t>(i);
    }
    table = memory_.create<EnumTable>(EnumTable{keep(names), values, static_cast<std::uint32_t>(size), type.is_closed(), sequential});
    return table;
  }

  const char* keep(std::string text) {
    text += '\0';
    return memory_.copy(text).data();
  }

  bool fill(const MessageDescriptor& type, MessageTable& table);
  void fill_defaults(const MessageDescriptor& type, const MessageTable& table, void* object);
  void collect_names(const MessageDescriptor& type, MessageTable& table);

  Arena& memory_;
  Known& known_;
  std::deque<const MessageDescriptor*> open_;
  std::vector<const MessageDescriptor*> made_;
};

bool DynamicTypes::Builder::fill(const MessageDescriptor& type, MessageTable& table) {
  // The place of everything, before any entry is made: has-words, what takes 4 bytes, what takes more.
  const auto fields = type.fields();
  const std::size_t header = type.is_map_entry() ? 0 : kMessageHeader;
  std::size_t bits = 0;
  const auto is_message = [](const FieldDescriptor& f) { return f.type() == FieldType::kMessage || f.type() == FieldType::kGroup; };
  const auto has_bit = [&](const FieldDescriptor& f) {
    return !type.is_map_entry() && f.has_presence() && !f.is_repeated() && !f.real_containing_oneof() && !is_message(f);
  };
  const auto encoding_of = [](const FieldDescriptor& f) {
    return choose_encoding(f.type(), f.enum_type() && f.enum_type()->is_closed(), f.requires_utf8_validation());
  };
  const auto size_of = [&](const FieldDescriptor& f) -> std::size_t {
    if (f.is_map()) return sizeof(MapField);
    if (f.is_repeated()) return sizeof(RepeatedBase);
    if (type.is_map_entry()) return std::max<std::size_t>(8, slot_size(encoding_of(f)));
    return slot_size(encoding_of(f));
  };
  for (const FieldDescriptor& f : fields) bits += has_bit(f);
  table.has_words = static_cast<std::uint32_t>((bits + 31) / 32);
  std::size_t at = header + table.has_words * 4;
  std::vector<std::size_t> offsets(fields.size());
  std::vector<std::size_t> case_offsets(type.real_oneofs().size()), oneof_offsets(type.real_oneofs().size());
  for (std::size_t i = 0; i < fields.size(); i++) {
    if (!fields[i].real_containing_oneof() && size_of(fields[i]) == 4) offsets[i] = at, at += 4;
  }
  for (std::size_t& offset : case_offsets) offset = at, at += 4;
  at = (at + 7) & ~std::size_t{7};
  for (std::size_t i = 0; i < fields.size(); i++) {
    if (!fields[i].real_containing_oneof() && size_of(fields[i]) != 4) offsets[i] = at, at += size_of(fields[i]);
  }
  for (std::size_t& offset : oneof_offsets) offset = at, at += 16;
  if (at > kMaxObjectBytes) return false;
  table.object_size = static_cast<std::uint32_t>(at);

  std::vector<const void*> types;
  std::uint32_t bit = 0;
  auto* entries = reinterpret_cast<FieldEntry*>(&table + 1);
  for (std::size_t i = 0; i < fields.size(); i++) {
    const FieldDescriptor& f = fields[i];
    const auto number = static_cast<std::uint32_t>(f.number());
    FieldEntry* entry = entries + number;
    if (number > table.dense_max) {  // its place among the larger numbers
      entry = entries + table.dense_max + 1;
      for (const FieldDescriptor& other : fields) {
        const auto n = static_cast<std::uint32_t>(other.number());
        entry += n > table.dense_max && n < number;
      }
    }
    const OneofDescriptor* oneof = f.real_containing_oneof();
    const std::size_t offset = oneof ? oneof_offsets[static_cast<std::size_t>(oneof->index())] : offsets[i];
    if (f.is_map()) {
      *entry = FieldEntry(number, Cardinality::kMap, offset, reserve(*f.message_type()));
      continue;
    }
    if (is_message(f) && !oneof && f.type() == FieldType::kMessage) {
      *entry = FieldEntry(number, f.is_repeated() ? Cardinality::kRepeated : Cardinality::kImplicit, offset, reserve(*f.message_type()));
      continue;
    }
    const Encoding encoding = encoding_of(f);
    const bool packed = f.is_packed() && f.is_packable();
    const Cardinality cardinality = packed            ? Cardinality::kPacked
                                    : f.is_repeated() ? Cardinality::kRepeated
                                    : oneof           ? Cardinality::kOneof
                                    : has_bit(f)      ? Cardinality::kHasBit
                                                      : Cardinality::kImplicit;
    std::uint32_t presence = 0, index = 0;
    if (oneof) presence = static_cast<std::uint32_t>(case_offsets[static_cast<std::size_t>(oneof->index())]);
    if (has_bit(f)) presence = bit++;
    if (f.enum_type() || f.message_type()) {
      index = static_cast<std::uint32_t>(types.size());
      types.push_back(f.enum_type() ? static_cast<const void*>(make(*f.enum_type())) : reserve(*f.message_type()));
    }
    std::uint8_t flags = 0;
    if (f.is_required()) flags |= FieldEntry::kRequired, table.flags |= MessageTable::kHasRequired;
    if (f.type() == FieldType::kString && encoding == Encoding::kBytes) flags |= FieldEntry::kUtf8Unchecked;
    *entry = FieldEntry(number, packed ? WireType::kLengthDelimited : wire_type_of(encoding), cardinality, encoding, f.type(), offset,
                        presence, index, flags);
    if (f.type() == FieldType::kGroup && !oneof) entry->message = static_cast<const MessageTable*>(types.back());
  }
  auto** kept = static_cast<const void**>(memory_.allocate(types.size() * sizeof(void*) + 1, alignof(void*)));
  std::copy(types.begin(), types.end(), kept);
  table.types = kept;
  collect_names(type, table);
  if (!type.is_map_entry()) {
    void* object = memory_.allocate(table.object_size, 8);
    std::memset(object, 0, table.object_size);
    memory_at<const MessageTable*>(object, 0) = &table;
    fill_defaults(type, table, object);
    table.default_object = object;
  }
  return true;
}

void DynamicTypes::Builder::collect_names(const MessageDescriptor& type, MessageTable& table) {
  std::string names(type.full_name());
  for (const FieldEntry& entry : table.all_entries()) {
    if (!entry.is_field()) continue;
    names += '\0';
    names += type.find_field(static_cast<std::int32_t>(entry.number()))->name();
  }
  table.names = keep(names);
  const auto oneofs = type.real_oneofs();
  if (oneofs.empty()) return;
  auto* made = static_cast<OneofTable*>(memory_.allocate(oneofs.size() * sizeof(OneofTable), alignof(OneofTable)));
  for (std::size_t i = 0; i < oneofs.size(); i++) {
    made[i] = {keep(std::string(oneofs[i].name())), static_cast<std::uint32_t>(oneofs[i].fields()[0]->number())};
  }
  table.oneofs = made;
  table.oneof_count = static_cast<std::uint32_t>(oneofs.size());
}

void DynamicTypes::Builder::fill_defaults(const MessageDescriptor& type, const MessageTable& table, void* object) {
  for (const FieldDescriptor& f : type.fields()) {
    const FieldEntry& entry = *table.find(static_cast<std::uint32_t>(f.number()));
    if (entry.cardinality() != Cardinality::kHasBit && entry.cardinality() != Cardinality::kImplicit) continue;
    switch (f.value_type()) {
      case ValueType::kInt32: memory_at<std::int32_t>(object, entry.offset()) = f.default_value_int32(); break;
      case ValueType::kInt64: memory_at<std::int64_t>(object, entry.offset()) = f.default_value_int64(); break;
      case ValueType::kUint32: memory_at<std::uint32_t>(object, entry.offset()) = f.default_value_uint32(); break;
      case ValueType::kUint64: memory_at<std::uint64_t>(object, entry.offset()) = f.default_value_uint64(); break;
      case ValueType::kDouble: memory_at<double>(object, entry.offset()) = f.default_value_double(); break;
      case ValueType::kFloat: memory_at<float>(object, entry.offset()) = f.default_value_float(); break;
      case ValueType::kBool: memory_at<bool>(object, entry.offset()) = f.default_value_bool(); break;
      case ValueType::kEnum: memory_at<std::int32_t>(object, entry.offset()) = f.default_value_enum()->number(); break;
      case ValueType::kString:
      case ValueType::kBytes: memory_at<StringField>(object, entry.offset()) = StringField(f.default_value_string()); break;
      case ValueType::kMessage: break;
    }
  }
}

DynamicTypes::DynamicTypes() : known_(std::make_unique<Known>()) {}
DynamicTypes::~DynamicTypes() = default;

Result<const MessageTable*, Error> DynamicTypes::table(const MessageDescriptor& type) {
  if (type.is_map_entry())
    return Failure(Error(std::string(type.full_name()) + " is the entry of a map, not a message of its own"));
  return Builder(memory_, *known_).build(type);
}

}  // namespace godwit::proto
