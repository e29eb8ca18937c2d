#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "godwit/proto/wire/field_type.h"
#include "godwit/proto/wire/wire_type.h"

// The constant tables that describe a message's memory. Generated classes carry one each, dynamic messages build the
// same at run time; parser, serializer, JSON, text and reflection walk them. There is no other code per message.

namespace godwit::proto {

class Message;
class MessageDescriptor;
struct GeneratedFile;
struct MessageTable;

// How one value lies in memory and on the wire. Low half of FieldEntry::kind.
enum class Encoding : std::uint8_t {
  kInt32 = 0,      // int32_t; varint, sign-extended to 64 bits: int32 and open enums
  kUint32 = 1,     // uint32_t; varint
  kInt64 = 2,      // 64 bits; varint: int64, uint64
  kSint32 = 3,     // int32_t; zigzag varint
  kSint64 = 4,     // int64_t; zigzag varint
  kBool = 5,       // bool; varint
  kFixed32 = 6,    // 32 bits little-endian: fixed32, sfixed32, float
  kFixed64 = 7,    // 64 bits little-endian: fixed64, sfixed64, double
  kString = 8,     // StringField, valid UTF-8
  kBytes = 9,      // StringField, any bytes: bytes, and strings of proto2
  kMessage = 10,   // Message*, length-delimited; in a map field: MapField
  kClosedEnum = 11,  // int32_t; varint; a number that the enum does not name goes to the unknown fields
  kGroup = 12,     // Message*, between a start and an end tag
  kEnd = 14,       // only of entry 0
  kGap = 15,       // a number without a field
};

// How many values, and how their presence is kept. High half of FieldEntry::kind.
enum class Cardinality : std::uint8_t {
  kImplicit = 0,  // present when not zero, not empty, not null (messages are always this or kOneof)
  kHasBit = 1,    // bit `presence` of the has-words that follow the message's header
  kOneof = 2,     // present when the uint32_t at byte `presence` holds this field's number
  kRepeated = 3,  // RepeatedField, one tag for each
  kPacked = 4,    // RepeatedField, written in one length-delimited piece; both forms are read
  kMap = 5,       // MapField; `message` is the entry's table
};

// One field. 16 bytes; the parser finds it by field number and compares the whole tag at once.
struct FieldEntry {
  std::uint32_t tag = 0;      // number and wire type, as it is written; 0 in gaps
  std::uint16_t offset4 = 0;  // place in the message, in units of 4 bytes
  std::uint8_t kind = static_cast<std::uint8_t>(Encoding::kGap);
  std::uint8_t type = 0;      // FieldType in the low 5 bits, then flags
  union {
    const MessageTable* message;  // messages outside of oneofs, and map fields
    struct {
      std::uint32_t presence;  // see Cardinality; 0 when not used
      std::uint32_t index;     // in MessageTable::types, of enums and of messages inside of oneofs
    } extra;
  };

  static constexpr std::uint8_t kRequired = 0x20;  // proto2 required
  static constexpr std::uint8_t kUtf8Unchecked = 0x40;  // a proto2 string: text, but its bytes are not checked

  // A number without a field; entry 0 is the end mark of walks from the last entry to the first.
  constexpr FieldEntry() : message(nullptr) {}
  constexpr FieldEntry(std::uint32_t number, WireType wire, Cardinality cardinality, Encoding encoding, FieldType type_of_field,
                       std::size_t offset, std::uint32_t presence = 0, std::uint32_t index = 0, std::uint8_t flags = 0)
      : tag(make_tag(number, wire)),
        offset4(static_cast<std::uint16_t>(offset / 4)),
        kind(static_cast<std::uint8_t>(static_cast<unsigned>(cardinality) << 4 | static_cast<unsigned>(encoding))),
        type(static_cast<std::uint8_t>(static_cast<unsigned>(type_of_field) | flags)),
        extra{presence, index} {}
  constexpr FieldEntry(std::uint32_t number, Cardinality cardinality, std::size_t offset, const MessageTable* table)
      : tag(make_tag(number, WireType::kLengthDelimited)),
        offset4(static_cast<std::uint16_t>(offset / 4)),
        kind(static_cast<std::uint8_t>(static_cast<unsigned>(cardinality) << 4 | static_cast<unsigned>(Encoding::kMessage))),
        type(static_cast<std::uint8_t>(FieldType::kMessage)),
        message(table) {}
  static constexpr FieldEntry end() {
    FieldEntry entry;
    entry.kind = static_cast<std::uint8_t>(Encoding::kEnd);
    return entry;
  }

  constexpr std::uint32_t number() const { return tag >> 3; }
  constexpr std::size_t offset() const { return std::size_t{offset4} * 4; }
  constexpr Encoding encoding() const { return static_cast<Encoding>(kind & 15); }
  constexpr Cardinality cardinality() const { return static_cast<Cardinality>(kind >> 4); }
  constexpr FieldType field_type() const { return static_cast<FieldType>(type & 31); }
  constexpr bool required() const { return (type & kRequired) != 0; }
  constexpr bool is_field() const { return tag != 0; }
  constexpr bool is_map() const { return cardinality() == Cardinality::kMap; }
  // Repeated fields; maps not counted.
  constexpr bool is_repeated() const { return cardinality() == Cardinality::kRepeated || cardinality() == Cardinality::kPacked; }
};
static_assert(sizeof(FieldEntry) == 16);

// The largest message object that offset4 can address.
inline constexpr std::size_t kMaxObjectBytes = std::size_t{65535} * 4;

// An enum: its numbers, its names, whether it is closed. Values in the order of the .proto file.
struct EnumTable {
  struct Value {
    std::int32_t number;
    std::uint32_t name;  // offset into `names`
  };
  const char* names;            // "full.Name\0VALUE\0VALUE\0"
  const Value* values;
  std::uint32_t value_count;
  bool closed;
  // True when the numbers are `values[0].number + i` for each i: then look-ups by number need no search.
  bool sequential;

  const char* full_name() const { return names; }
  const char* name(const Value& value) const { return names + value.name; }
  // The first value with this number, or null.
  const Value* find(std::int32_t number) const;
  // The value of this name, or null.
  const Value* find(std::string_view name) const;
};

bool enum_is_valid(const EnumTable& table, std::int32_t number);
// Empty for a number that has no name.
std::string_view enum_name(const EnumTable& table, std::int32_t number);
// False, and `value` stays, when no value has this name.
bool parse_enum_value(const EnumTable& table, std::string_view name, std::int32_t& value);
template <typename E>
bool parse_enum(const EnumTable& table, std::string_view name, E* value) {
  std::int32_t number;
  if (!parse_enum_value(table, name, number)) return false;
  *value = static_cast<E>(number);
  return true;
}

// A oneof. All its members have the same `presence`, the place of the uint32_t that holds the number of the member that
// is set.
struct OneofTable {
  const char* name;
  std::uint32_t member;  // the number of its first field
};

// The head of a message's table; the entries follow it in memory (TableOf). Entry 0 is FieldEntry::end(); entries
// 1 to dense_max stand at the index of their number; entries of larger numbers follow, in ascending order.
struct alignas(16) MessageTable {
  std::uint32_t object_size;   // bytes, a multiple of 8
  std::uint32_t dense_max;     // the largest number that is its own index
  std::uint32_t entry_count;   // with entry 0 and gaps
  std::uint32_t flags;
  const void* default_object;  // object_size bytes that a new object begins as; null for map entries
  const char* names;           // "full.Name\0field\0field\0" in the order of the entries, without gaps
  const void* const* types;    // EnumTable of enum fields; MessageTable of message fields inside of oneofs
  union {                      // null in map entries
    const GeneratedFile* file;
    const MessageDescriptor* descriptor;  // with kDynamic
  };
  const OneofTable* oneofs;    // without the synthetic ones of proto3 optional
  std::uint32_t oneof_count;
  std::uint32_t has_words;     // uint32_t words of has-bits behind the header

  // A map entry: entries 1 and 2 are key and value, their offsets count from the entry's start, and there is no header.
  static constexpr std::uint32_t kMapEntry = 1;
  // The message, or one that it can hold, has required fields.
  static constexpr std::uint32_t kHasRequired = 2;
  // proto2 extension ranges are declared.
  static constexpr std::uint32_t kExtendable = 4;
  // Made at run time from a descriptor (DynamicTypes).
  static constexpr std::uint32_t kDynamic = 8;

  const FieldEntry* entries() const { return reinterpret_cast<const FieldEntry*>(this + 1); }
  std::span<const FieldEntry> all_entries() const { return {entries(), entry_count}; }
  const char* full_name() const { return names; }
  bool is_map_entry() const { return (flags & kMapEntry) != 0; }
  // The field of this number, or null.
  const FieldEntry* find(std::uint32_t number) const {
    if (number <= dense_max) return entries()[number].is_field() ? entries() + number : nullptr;
    return find_sparse(number);
  }
  const FieldEntry* find_sparse(std::uint32_t number) const;
  // The field's name in the .proto file. `field` is an entry of this table. Takes time in the number of fields.
  const char* field_name(const FieldEntry& field) const;
  // The table of a message field's values (of a map: of its entries), or null.
  const MessageTable* message_of(const FieldEntry& field) const {
    if (field.encoding() != Encoding::kMessage && field.encoding() != Encoding::kGroup) return nullptr;
    return field.cardinality() == Cardinality::kOneof ? static_cast<const MessageTable*>(types[field.extra.index]) : field.message;
  }
  const EnumTable* enum_of(const FieldEntry& field) const {
    return field.field_type() == FieldType::kEnum ? static_cast<const EnumTable*>(types[field.extra.index]) : nullptr;
  }
};
static_assert(sizeof(MessageTable) % 16 == 0);

// A table with its entries, as generated code defines it.
template <std::size_t kEntries>
struct TableOf {
  MessageTable head;
  FieldEntry entries[kEntries];
};

}  // namespace godwit::proto
