// What must hold in a pool of linked files, whoever made them: for the fuzzers of .proto sources and of descriptors.
#pragma once

#include <string>
#include <string_view>

#include "godwit/base/assert.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::fuzz {

// Everything that a descriptor of any kind says about itself; its path leads to it in its file.
template <typename D>
void check_element(const D& d, const proto::FileDescriptor& file) {
  GODWIT_ASSERT(!d.name().empty() && d.full_name().ends_with(d.name()));
  GODWIT_ASSERT(d.path().size() >= 2);
  (void)d.options().ByteSizeLong();
  const proto::SourceLocation at = d.location();
  const proto::SourceLocation same = file.location_at(d.path());
  GODWIT_ASSERT(at.start_line == same.start_line && at.end_column == same.end_column);
  GODWIT_ASSERT(d.comments().leading == file.comments_at(d.path()).leading);
  GODWIT_ASSERT(file.pool().find_file_containing(d.full_name()) == &file);
}

inline void check_field(const proto::FieldDescriptor& field) {
  const proto::DescriptorPool& pool = field.file().pool();
  check_element(field, field.file());
  GODWIT_ASSERT(!proto::field_type_name(field.type()).empty());
  GODWIT_ASSERT((field.message_type() != nullptr) == (field.value_type() == proto::ValueType::kMessage));
  GODWIT_ASSERT((field.enum_type() != nullptr) == (field.value_type() == proto::ValueType::kEnum));
  GODWIT_ASSERT(field.is_map() == (field.map_key() != nullptr && field.map_value() != nullptr));
  if (field.value_type() == proto::ValueType::kEnum) GODWIT_ASSERT(field.default_value_enum() != nullptr);
  if (field.is_extension()) {
    GODWIT_ASSERT(pool.find_extension(field.full_name()) == &field && pool.find_field(field.full_name()) == nullptr);
    GODWIT_ASSERT(pool.find_extension(field.containing_type(), field.number()) == &field);
    GODWIT_ASSERT(field.containing_type().is_extension_number(field.number()));
  } else {
    GODWIT_ASSERT(pool.find_field(field.full_name()) == &field && pool.find_extension(field.full_name()) == nullptr);
  }
}

inline void check_enum(const proto::EnumDescriptor& type) {
  const proto::DescriptorPool& pool = type.file().pool();
  check_element(type, type.file());
  GODWIT_ASSERT(pool.find_enum(type.full_name()) == &type && !type.values().empty());
  for (const proto::EnumValueDescriptor& value : type.values()) {
    check_element(value, type.file());
    GODWIT_ASSERT(pool.find_enum_value(value.full_name()) == &value && type.find_value(value.name()) == &value);
    GODWIT_ASSERT(type.find_value(value.number())->number() == value.number());
    GODWIT_ASSERT(!type.is_reserved_number(value.number()) && !type.is_reserved_name(value.name()));
  }
}

inline void check_message(const proto::MessageDescriptor& message) {
  const proto::DescriptorPool& pool = message.file().pool();
  check_element(message, message.file());
  GODWIT_ASSERT(pool.find_message(message.full_name()) == &message);
  for (const proto::FieldDescriptor& field : message.fields()) {
    check_field(field);
    GODWIT_ASSERT(message.find_field(field.number()) == &field && message.find_field(field.name()) == &field);
    GODWIT_ASSERT(!message.is_reserved_number(field.number()) && !message.is_reserved_name(field.name()));
    GODWIT_ASSERT(!message.is_extension_number(field.number()));
    (void)message.find_field_by_json_name(field.json_name());
  }
  for (const proto::OneofDescriptor& oneof : message.oneofs()) {
    check_element(oneof, message.file());
    GODWIT_ASSERT(pool.find_oneof(oneof.full_name()) == &oneof && message.find_oneof(oneof.name()) == &oneof);
    for (const proto::FieldDescriptor* field : oneof.fields()) GODWIT_ASSERT(field->containing_oneof() == &oneof);
  }
  for (const proto::FieldDescriptor* field : pool.extensions_of(message)) {
    GODWIT_ASSERT(&field->containing_type() == &message);
  }
  for (const proto::FieldDescriptor& field : message.extensions()) check_field(field);
  for (const proto::EnumDescriptor& type : message.enums()) {
    check_enum(type);
    GODWIT_ASSERT(message.find_enum(type.name()) == &type);
  }
  for (const proto::MessageDescriptor& nested : message.messages()) {
    check_message(nested);
    GODWIT_ASSERT(message.find_message(nested.name()) == &nested && nested.containing_type() == &message);
  }
}

inline void check_file(const proto::FileDescriptor& file) {
  const proto::DescriptorPool& pool = file.pool();
  GODWIT_ASSERT(pool.find_file(file.name()) == &file && pool.files()[file.index_in_pool()] == &file);
  (void)file.options().ByteSizeLong();
  (void)file.syntax_comments();
  (void)file.package_comments();
  for (const proto::FieldDescriptor& field : file.extensions()) check_field(field);
  for (const proto::EnumDescriptor& type : file.enums()) check_enum(type);
  for (const proto::MessageDescriptor& message : file.messages()) check_message(message);
  for (const proto::ServiceDescriptor& service : file.services()) {
    check_element(service, file);
    GODWIT_ASSERT(pool.find_service(service.full_name()) == &service);
    for (const proto::MethodDescriptor& method : service.methods()) {
      check_element(method, file);
      GODWIT_ASSERT(pool.find_method(method.full_name()) == &method && service.find_method(method.name()) == &method);
    }
  }
}

}  // namespace godwit::fuzz
