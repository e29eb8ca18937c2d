#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "godwit/compiler/codegen/cpp/names.h"
#include "godwit/proto/message/table.h"
#include "godwit/proto/schema/descriptor.h"

// What the two files of a message's code say about it in common.

namespace godwit::compiler::cpp {

struct FieldModel {
  const proto::FieldDescriptor* field;
  const proto::OneofDescriptor* oneof;  // not of proto3 optional
  FieldNames names;
  proto::Cardinality cardinality;
  proto::Encoding encoding;  // of a map: kMessage
  int bit = 0;               // the has-bit, with Cardinality::kHasBit
  std::string type;          // as accessors speak of it: "std::int32_t", "std::string_view", "Author"
  std::string key_type;      // of maps; `type` is that of values, "Author*" for messages
  std::string storage;       // the member's declaration without its name: "std::int32_t", "Author*"
  std::string initializer;   // " = 0", "{\"text\"}", "" where the type has its own

  bool is_message() const { return encoding == proto::Encoding::kMessage && cardinality != proto::Cardinality::kMap; }
  bool is_text() const { return encoding == proto::Encoding::kString || encoding == proto::Encoding::kBytes; }
  bool is_list() const { return cardinality == proto::Cardinality::kRepeated || cardinality == proto::Cardinality::kPacked; }
  bool is_map() const { return cardinality == proto::Cardinality::kMap; }
  // Takes 4 bytes in the object.
  bool is_small() const;
  // "fields_.name_", "fields_.kind_.name_"
  std::string place() const;
  // What offsetof() takes: the same without "fields_.".
  std::string member_path() const;
};

struct OneofModel {
  const proto::OneofDescriptor* oneof;
  std::string name;  // in accessors
  std::string type;  // "Kind" of KindCase
};

struct MessageModel {
  const proto::MessageDescriptor* type;
  std::string name;
  std::vector<FieldModel> fields;  // in the order of the file
  std::vector<OneofModel> oneofs;
  int has_words = 0;
  std::uint32_t dense_max = 0;
  std::vector<const FieldModel*> by_number;
  std::size_t entry_count = 1;
};

MessageModel make_model(const proto::MessageDescriptor& type);

// The key and the value of a map's entries, as fields of the entry.
FieldModel make_field_model(const proto::FieldDescriptor& field, FieldNames names);

// All messages of a file but map entries, each after those that it holds, as far as they do not hold each other.
std::vector<const proto::MessageDescriptor*> messages_in_order(const proto::FileDescriptor& file);
// All enums, nested ones behind those of the messages around them.
std::vector<const proto::EnumDescriptor*> all_enums(const proto::FileDescriptor& file);

// An upper bound of the object's size in bytes.
std::size_t object_size_bound(const MessageModel& message);

// The declaration as it might stand in the .proto file: "repeated Article articles = 1;"
std::string declaration(const proto::FieldDescriptor& field);

}  // namespace godwit::compiler::cpp
