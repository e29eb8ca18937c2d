#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "godwit/base/assert.h"
#include "godwit/proto/message/message.h"
#include "godwit/proto/schema/descriptor.h"

// Reading and changing any message, generated or dynamic, by its table. A field is named by its FieldEntry:
// `message.Table().find(number)`, or entry_of() for a FieldDescriptor. JSON, text and the command line stand on this.
//
// The entry must be of the message's own table; a value of the wrong type, an index that is too large, or a repeated
// field where a single one is asked for is a mistake of the program and asserts.

namespace godwit::proto {

// One value of a field. Strings, bytes and messages are borrowed: valid as long as the message does not change.
class Value {
 public:
  Value() : type_(ValueType::kInt64) { number_.i = 0; }
  static Value of_int32(std::int32_t v) { return Value(ValueType::kInt32, std::int64_t{v}); }
  static Value of_int64(std::int64_t v) { return Value(ValueType::kInt64, v); }
  static Value of_uint32(std::uint32_t v) { return Value(ValueType::kUint32, std::int64_t{v}); }
  static Value of_uint64(std::uint64_t v) { return Value(ValueType::kUint64, static_cast<std::int64_t>(v)); }
  static Value of_bool(bool v) { return Value(ValueType::kBool, std::int64_t{v}); }
  static Value of_enum(std::int32_t number) { return Value(ValueType::kEnum, std::int64_t{number}); }
  static Value of_double(double v) { return Value(ValueType::kDouble, v); }
  static Value of_float(float v) { return Value(v); }
  static Value of_string(std::string_view v) { return Value(ValueType::kString, v); }
  static Value of_bytes(std::string_view v) { return Value(ValueType::kBytes, v); }
  static Value of_message(const Message& v) { return Value(v); }

  ValueType type() const { return type_; }
  std::int32_t int32() const { return check(ValueType::kInt32), static_cast<std::int32_t>(number_.i); }
  std::int64_t int64() const { return check(ValueType::kInt64), number_.i; }
  std::uint32_t uint32() const { return check(ValueType::kUint32), static_cast<std::uint32_t>(number_.i); }
  std::uint64_t uint64() const { return check(ValueType::kUint64), static_cast<std::uint64_t>(number_.i); }
  bool boolean() const { return check(ValueType::kBool), number_.i != 0; }
  std::int32_t enum_number() const { return check(ValueType::kEnum), static_cast<std::int32_t>(number_.i); }
  double float64() const { return check(ValueType::kDouble), number_.d; }
  float float32() const { return check(ValueType::kFloat), number_.f; }
  // Of strings and bytes.
  std::string_view text() const {
    GODWIT_ASSERT(type_ == ValueType::kString || type_ == ValueType::kBytes);
    return text_;
  }
  const Message& message() const { return check(ValueType::kMessage), *number_.m; }

 private:
  Value(ValueType type, std::int64_t v) : type_(type) { number_.i = v; }
  Value(ValueType type, double v) : type_(type) { number_.d = v; }
  Value(ValueType type, std::string_view v) : type_(type), text_(v) { number_.i = 0; }
  explicit Value(float v) : type_(ValueType::kFloat) { number_.f = v; }
  explicit Value(const Message& v) : type_(ValueType::kMessage) { number_.m = &v; }
  void check(ValueType type) const { GODWIT_ASSERT(type_ == type); }

  ValueType type_;
  union {
    std::int64_t i;
    double d;
    float f;  // on its own: by way of a double, NaN would change
    const Message* m;
  } number_;
  std::string_view text_;
};

// The entry of a field in this message's table. Null for an extension.
const FieldEntry* entry_of(const Message& message, const FieldDescriptor& field);

// The number of elements of a repeated field or map; of a single field 1 when it is present, else 0.
std::size_t count(const Message& message, const FieldEntry& field);
// Present: see Cardinality. For lists and maps: not empty.
bool has(const Message& message, const FieldEntry& field);

// A single field; its default when it is not present, of a message the default instance.
Value get(const Message& message, const FieldEntry& field);
// An element of a repeated field.
Value get(const Message& message, const FieldEntry& field, std::size_t index);

// Sets a single field and its presence. Text is copied to the message's arena, a message is copied as a whole.
void set(Message& message, const FieldEntry& field, const Value& value);
void set(Message& message, const FieldEntry& field, std::size_t index, const Value& value);
void add(Message& message, const FieldEntry& field, const Value& value);
// The message in a single field, made when it is not present.
Message& mutable_message(Message& message, const FieldEntry& field);
Message& mutable_message(Message& message, const FieldEntry& field, std::size_t index);
Message& add_message(Message& message, const FieldEntry& field);
// Back to not present, or empty.
void clear(Message& message, const FieldEntry& field);
// The number of the field that is set in this field's oneof, or 0. 0 also when the field is in none.
std::uint32_t which_oneof(const Message& message, const FieldEntry& field);

// The i-th entry of a map, i < count(). The order is that of insertion.
Value map_key(const Message& message, const FieldEntry& field, std::size_t i);
Value map_value(const Message& message, const FieldEntry& field, std::size_t i);
// Inserts or replaces. For message values use mutable_map_message.
void map_set(Message& message, const FieldEntry& field, const Value& key, const Value& value);
// The message at `key`, made when it is not there; `added` (may be null) tells which.
Message& mutable_map_message(Message& message, const FieldEntry& field, const Value& key, bool* added = nullptr);
bool map_contains(const Message& message, const FieldEntry& field, const Value& key);

}  // namespace godwit::proto
