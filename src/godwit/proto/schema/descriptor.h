#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/proto/wire/field_type.h"

namespace google::protobuf {
class DescriptorProto;
class EnumDescriptorProto;
class EnumOptions;
class EnumValueDescriptorProto;
class EnumValueOptions;
class FieldDescriptorProto;
class FieldOptions;
class FileDescriptorProto;
class FileOptions;
class MessageOptions;
class MethodDescriptorProto;
class MethodOptions;
class OneofDescriptorProto;
class OneofOptions;
class ServiceDescriptorProto;
class ServiceOptions;
}  // namespace google::protobuf

// The linked form of a schema: what a FileDescriptorProto says, with every name resolved to the thing it names.
//
// All descriptors belong to a DescriptorPool (pool.h), are immutable once the pool has given them out, may be read from
// any thread, and live as long as the pool. They are compared by address. A string_view that a descriptor returns, and
// every span, lives as long as the pool too. A descriptor keeps the serialized form it was made of: see proto().
namespace godwit::proto {

class DescriptorPool;
class EnumDescriptor;
class EnumValueDescriptor;
class FieldDescriptor;
class FileDescriptor;
class MessageDescriptor;
class MethodDescriptor;
class OneofDescriptor;
class ServiceDescriptor;

enum class Syntax : std::uint8_t { kProto2, kProto3, kEditions };

// What a value of a field is in memory: several field types share one.
enum class ValueType : std::uint8_t { kInt32, kInt64, kUint32, kUint64, kDouble, kFloat, kBool, kEnum, kString, kBytes, kMessage };
ValueType value_type_of(FieldType type);

// "int32", "message", ...: the word of the language.
std::string_view field_type_name(FieldType type);

// The values are those of FieldDescriptorProto.Label.
enum class Label : std::uint8_t { kOptional = 1, kRequired = 2, kRepeated = 3 };

// What an edition calls features, resolved for one element. proto2 and proto3 are two fixed sets, with single options
// ([packed]) laid over them; code asks the features and never the syntax.
struct Features {
  enum class FieldPresence : std::uint8_t { kExplicit, kImplicit, kLegacyRequired };
  enum class EnumKind : std::uint8_t { kOpen, kClosed };
  enum class RepeatedEncoding : std::uint8_t { kPacked, kExpanded };
  enum class Utf8Validation : std::uint8_t { kVerify, kNone };
  enum class MessageEncoding : std::uint8_t { kLengthPrefixed, kDelimited };
  enum class JsonFormat : std::uint8_t { kAllow, kLegacyBestEffort };

  FieldPresence field_presence = FieldPresence::kExplicit;
  EnumKind enum_kind = EnumKind::kOpen;
  RepeatedEncoding repeated_encoding = RepeatedEncoding::kPacked;
  Utf8Validation utf8_validation = Utf8Validation::kVerify;
  MessageEncoding message_encoding = MessageEncoding::kLengthPrefixed;
  JsonFormat json_format = JsonFormat::kAllow;

  static const Features& of_proto2();
  static const Features& of_proto3();
};

// The comments beside a declaration, without their markers; empty where there are none, and always when the
// FileDescriptorProto had no source_code_info.
struct Comments {
  std::string_view leading;                // the block directly above
  std::string_view trailing;               // on the same line or directly below
  std::vector<std::string_view> detached;  // further above, separated by empty lines
};

// Where a declaration stands in its source: lines and columns count from 0, ends are exclusive. All 0 when unknown.
struct SourceLocation {
  int start_line = 0, start_column = 0, end_line = 0, end_column = 0;
};

// A half-open range of numbers: first <= n < last. (Enum reserved ranges of the serialized form are inclusive; here
// they are half-open as well, hence 64 bits.)
struct NumberRange {
  std::int64_t first = 0, last = 0;
  bool contains(std::int64_t n) const { return first <= n && n < last; }
};

class FileDescriptor {
 public:
  std::string_view name() const { return name_; }        // as imported: "google/protobuf/any.proto"
  std::string_view package() const { return package_; }  // "" when there is none
  Syntax syntax() const { return syntax_; }
  const Features& features() const;
  const DescriptorPool& pool() const { return *pool_; }
  std::uint32_t index_in_pool() const { return index_; }  // in DescriptorPool::files()

  // The imports in their order in the file, weak and public ones among them. Never null.
  std::span<const FileDescriptor* const> dependencies() const { return dependencies_; }
  std::span<const FileDescriptor* const> public_dependencies() const { return public_dependencies_; }

  std::span<const MessageDescriptor> messages() const;      // top level
  std::span<const EnumDescriptor> enums() const;            // top level
  std::span<const ServiceDescriptor> services() const;
  std::span<const FieldDescriptor> extensions() const;      // declared at top level

  const google::protobuf::FileOptions& options() const;     // the default instance when there are none
  const google::protobuf::FileDescriptorProto& proto() const { return *proto_; }

  // `path` is that of SourceCodeInfo.Location: {4, 0, 2, 1} is the second field of the first message.
  // O(log n) in the number of locations, after an index is made at first use.
  Comments comments_at(std::span<const std::int32_t> path) const;
  SourceLocation location_at(std::span<const std::int32_t> path) const;
  // Comments of the `syntax` and of the `package` statement: what stands at the head of a file.
  Comments syntax_comments() const;
  Comments package_comments() const;

 private:
  friend class SchemaLinker;
  std::string_view name_, package_;
  const DescriptorPool* pool_ = nullptr;
  google::protobuf::FileDescriptorProto* proto_ = nullptr;
  Syntax syntax_ = Syntax::kProto2;
  std::uint32_t index_ = 0;  // among the files of the pool
  std::span<const FileDescriptor* const> dependencies_, public_dependencies_;
  MessageDescriptor* messages_ = nullptr;
  EnumDescriptor* enums_ = nullptr;
  ServiceDescriptor* services_ = nullptr;
  FieldDescriptor* extensions_ = nullptr;
  std::uint32_t message_count_ = 0, enum_count_ = 0, service_count_ = 0, extension_count_ = 0;
  // Locations of source_code_info sorted by path; made at first use, under the pool's lock.
  mutable const std::int32_t* location_index_ = nullptr;
  int find_location(std::span<const std::int32_t> path) const;  // index into source_code_info, or -1
};

class MessageDescriptor {
 public:
  std::string_view name() const { return name_; }            // "Article"
  std::string_view full_name() const { return full_name_; }  // "shop.v1.Article", no leading dot
  int index() const { return static_cast<int>(index_); }     // among its siblings
  const FileDescriptor& file() const { return *file_; }
  const MessageDescriptor* containing_type() const { return containing_type_; }  // null at top level
  const Features& features() const { return *features_; }

  std::span<const FieldDescriptor> fields() const;  // in the order of the file
  // Real oneofs come first, then the synthetic ones that proto3 `optional` makes.
  std::span<const OneofDescriptor> oneofs() const;
  std::span<const OneofDescriptor> real_oneofs() const;
  std::span<const MessageDescriptor> messages() const;  // nested; map entries are among them
  std::span<const EnumDescriptor> enums() const;
  std::span<const FieldDescriptor> extensions() const;  // declared inside this message

  // Null when there is none. By number: O(1) for the usual numbering 1, 2, 3, ..., else O(log n).
  const FieldDescriptor* find_field(std::int32_t number) const;
  const FieldDescriptor* find_field(std::string_view name) const;
  const FieldDescriptor* find_field_by_json_name(std::string_view json_name) const;
  const OneofDescriptor* find_oneof(std::string_view name) const;
  const MessageDescriptor* find_message(std::string_view name) const;
  const EnumDescriptor* find_enum(std::string_view name) const;

  bool is_map_entry() const { return is_map_entry_; }
  // Of a map entry only.
  const FieldDescriptor* map_key() const;
  const FieldDescriptor* map_value() const;

  std::span<const NumberRange> extension_ranges() const { return extension_ranges_; }
  std::span<const NumberRange> reserved_ranges() const { return reserved_ranges_; }
  bool is_extension_number(std::int32_t number) const;
  bool is_reserved_number(std::int32_t number) const;
  bool is_reserved_name(std::string_view name) const;

  const google::protobuf::MessageOptions& options() const;
  const google::protobuf::DescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;  // as in SourceCodeInfo.Location

 private:
  friend class SchemaLinker;
  friend class FileDescriptor;
  std::string_view name_, full_name_;
  const FileDescriptor* file_ = nullptr;
  const MessageDescriptor* containing_type_ = nullptr;
  const Features* features_ = nullptr;
  google::protobuf::DescriptorProto* proto_ = nullptr;
  FieldDescriptor* fields_ = nullptr;
  OneofDescriptor* oneofs_ = nullptr;
  MessageDescriptor* messages_ = nullptr;
  EnumDescriptor* enums_ = nullptr;
  FieldDescriptor* extensions_ = nullptr;
  const std::uint32_t* by_number_ = nullptr;  // field indexes sorted by number
  std::uint32_t index_ = 0, field_count_ = 0, oneof_count_ = 0, real_oneof_count_ = 0, message_count_ = 0, enum_count_ = 0,
                extension_count_ = 0;
  std::uint32_t sequential_ = 0;  // fields [0, sequential_) are numbered 1, 2, 3, ...
  bool is_map_entry_ = false;
  std::span<const NumberRange> extension_ranges_, reserved_ranges_;
};

class OneofDescriptor {
 public:
  std::string_view name() const { return name_; }
  std::string_view full_name() const { return full_name_; }
  int index() const { return static_cast<int>(index_); }
  const FileDescriptor& file() const;
  const MessageDescriptor& containing_type() const { return *containing_type_; }
  // Made by the compiler for one proto3 `optional` field; generated code shows no oneof for it.
  bool is_synthetic() const { return is_synthetic_; }
  std::span<const FieldDescriptor* const> fields() const { return fields_; }

  const google::protobuf::OneofOptions& options() const;
  const google::protobuf::OneofDescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;

 private:
  friend class SchemaLinker;
  std::string_view name_, full_name_;
  const MessageDescriptor* containing_type_ = nullptr;
  google::protobuf::OneofDescriptorProto* proto_ = nullptr;
  std::span<const FieldDescriptor* const> fields_;
  std::uint32_t index_ = 0;
  bool is_synthetic_ = false;
};

// A field of a message, or an extension of one.
class FieldDescriptor {
 public:
  std::string_view name() const { return name_; }
  std::string_view full_name() const { return full_name_; }
  std::string_view json_name() const { return json_name_; }  // declared or lowerCamelCase of the name; "" for extensions
  std::int32_t number() const { return number_; }
  int index() const { return static_cast<int>(index_); }  // in fields() of its message, or in extensions() of its scope
  const FileDescriptor& file() const { return *file_; }

  FieldType type() const { return type_; }
  ValueType value_type() const { return value_type_of(type_); }
  Label label() const { return label_; }
  bool is_repeated() const { return label_ == Label::kRepeated; }  // maps are repeated as well
  bool is_required() const { return label_ == Label::kRequired; }
  bool is_map() const { return is_map_; }
  bool is_packable() const;                       // repeated, and neither a string, bytes nor a message
  bool is_packed() const { return is_packed_; }   // written packed; parsers take both forms
  bool has_presence() const { return has_presence_; }  // has_x() makes sense: messages, oneof members, `optional`, proto2
  bool requires_utf8_validation() const { return type_ == FieldType::kString && features_->utf8_validation == Features::Utf8Validation::kVerify; }
  const Features& features() const { return *features_; }

  // The message that has this field; for an extension the message that it extends.
  const MessageDescriptor& containing_type() const { return *containing_type_; }
  // The oneof it was declared in; null for a synthetic one.
  const OneofDescriptor* real_containing_oneof() const;
  const OneofDescriptor* containing_oneof() const { return containing_oneof_; }  // synthetic ones as well
  bool is_proto3_optional() const { return containing_oneof_ != nullptr && real_containing_oneof() == nullptr; }

  bool is_extension() const { return is_extension_; }
  // The message in whose body an extension is declared; null at top level.
  const MessageDescriptor* extension_scope() const { return extension_scope_; }

  const MessageDescriptor* message_type() const { return message_type_; }  // null unless a message, map or group
  const EnumDescriptor* enum_type() const { return enum_type_; }           // null unless an enum
  // Of a map field only.
  const FieldDescriptor* map_key() const;
  const FieldDescriptor* map_value() const;

  // A default is written in the file (proto2). The values below are the written default or the type's zero; ask the one
  // that fits value_type().
  bool has_default_value() const { return has_default_value_; }
  std::int32_t default_value_int32() const { return static_cast<std::int32_t>(default_.i); }
  std::int64_t default_value_int64() const { return default_.i; }
  std::uint32_t default_value_uint32() const { return static_cast<std::uint32_t>(default_.u); }
  std::uint64_t default_value_uint64() const { return default_.u; }
  float default_value_float() const { return static_cast<float>(default_.d); }
  double default_value_double() const { return default_.d; }
  bool default_value_bool() const { return default_.u != 0; }
  std::string_view default_value_string() const { return default_string_; }  // string and bytes, escapes undone
  const EnumValueDescriptor* default_value_enum() const { return default_enum_; }  // the first value when none is written

  const google::protobuf::FieldOptions& options() const;
  const google::protobuf::FieldDescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;

 private:
  friend class SchemaLinker;
  union Number {
    std::int64_t i;
    std::uint64_t u;
    double d;
  };
  std::string_view name_, full_name_, json_name_;
  const FileDescriptor* file_ = nullptr;
  const MessageDescriptor* containing_type_ = nullptr;
  const MessageDescriptor* extension_scope_ = nullptr;
  const OneofDescriptor* containing_oneof_ = nullptr;
  const MessageDescriptor* message_type_ = nullptr;
  const EnumDescriptor* enum_type_ = nullptr;
  const Features* features_ = nullptr;
  google::protobuf::FieldDescriptorProto* proto_ = nullptr;
  Number default_ = {0};
  std::string_view default_string_;
  const EnumValueDescriptor* default_enum_ = nullptr;
  std::int32_t number_ = 0;
  std::uint32_t index_ = 0;
  FieldType type_ = FieldType::kInt32;
  Label label_ = Label::kOptional;
  bool is_map_ = false, is_packed_ = false, has_presence_ = false, is_extension_ = false, has_default_value_ = false;
};

class EnumDescriptor {
 public:
  std::string_view name() const { return name_; }
  std::string_view full_name() const { return full_name_; }
  int index() const { return static_cast<int>(index_); }
  const FileDescriptor& file() const { return *file_; }
  const MessageDescriptor* containing_type() const { return containing_type_; }
  // A closed enum (proto2) treats numbers that it does not name as unknown fields.
  bool is_closed() const { return features_->enum_kind == Features::EnumKind::kClosed; }
  const Features& features() const { return *features_; }

  std::span<const EnumValueDescriptor> values() const;  // in the order of the file; never empty
  const EnumValueDescriptor* find_value(std::int32_t number) const;  // the first of aliases
  const EnumValueDescriptor* find_value(std::string_view name) const;

  std::span<const NumberRange> reserved_ranges() const { return reserved_ranges_; }
  bool is_reserved_number(std::int32_t number) const;
  bool is_reserved_name(std::string_view name) const;

  const google::protobuf::EnumOptions& options() const;
  const google::protobuf::EnumDescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;

 private:
  friend class SchemaLinker;
  std::string_view name_, full_name_;
  const FileDescriptor* file_ = nullptr;
  const MessageDescriptor* containing_type_ = nullptr;
  const Features* features_ = nullptr;
  google::protobuf::EnumDescriptorProto* proto_ = nullptr;
  EnumValueDescriptor* values_ = nullptr;
  const std::uint32_t* by_number_ = nullptr;  // value indexes sorted by number, then by index
  std::uint32_t index_ = 0, value_count_ = 0;
  std::span<const NumberRange> reserved_ranges_;
};

class EnumValueDescriptor {
 public:
  std::string_view name() const { return name_; }
  // Values are siblings of their enum: "pkg.VALUE", not "pkg.Enum.VALUE".
  std::string_view full_name() const { return full_name_; }
  std::int32_t number() const { return number_; }
  int index() const { return static_cast<int>(index_); }
  const EnumDescriptor& type() const { return *type_; }

  const google::protobuf::EnumValueOptions& options() const;
  const google::protobuf::EnumValueDescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;

 private:
  friend class SchemaLinker;
  std::string_view name_, full_name_;
  const EnumDescriptor* type_ = nullptr;
  google::protobuf::EnumValueDescriptorProto* proto_ = nullptr;
  std::int32_t number_ = 0;
  std::uint32_t index_ = 0;
};

class ServiceDescriptor {
 public:
  std::string_view name() const { return name_; }
  std::string_view full_name() const { return full_name_; }
  int index() const { return static_cast<int>(index_); }
  const FileDescriptor& file() const { return *file_; }
  std::span<const MethodDescriptor> methods() const;
  const MethodDescriptor* find_method(std::string_view name) const;

  const google::protobuf::ServiceOptions& options() const;
  const google::protobuf::ServiceDescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;

 private:
  friend class SchemaLinker;
  std::string_view name_, full_name_;
  const FileDescriptor* file_ = nullptr;
  google::protobuf::ServiceDescriptorProto* proto_ = nullptr;
  MethodDescriptor* methods_ = nullptr;
  std::uint32_t index_ = 0, method_count_ = 0;
};

class MethodDescriptor {
 public:
  std::string_view name() const { return name_; }
  std::string_view full_name() const { return full_name_; }  // "pkg.Service.Method"
  int index() const { return static_cast<int>(index_); }
  const ServiceDescriptor& service() const { return *service_; }
  const MessageDescriptor& input_type() const { return *input_type_; }
  const MessageDescriptor& output_type() const { return *output_type_; }
  bool client_streaming() const { return client_streaming_; }
  bool server_streaming() const { return server_streaming_; }

  const google::protobuf::MethodOptions& options() const;
  const google::protobuf::MethodDescriptorProto& proto() const { return *proto_; }
  Comments comments() const;
  SourceLocation location() const;
  std::vector<std::int32_t> path() const;

 private:
  friend class SchemaLinker;
  std::string_view name_, full_name_;
  const ServiceDescriptor* service_ = nullptr;
  const MessageDescriptor* input_type_ = nullptr;
  const MessageDescriptor* output_type_ = nullptr;
  google::protobuf::MethodDescriptorProto* proto_ = nullptr;
  std::uint32_t index_ = 0;
  bool client_streaming_ = false, server_streaming_ = false;
};

// Spans need complete types, so these stand below.
inline std::span<const MessageDescriptor> FileDescriptor::messages() const { return {messages_, message_count_}; }
inline std::span<const EnumDescriptor> FileDescriptor::enums() const { return {enums_, enum_count_}; }
inline std::span<const ServiceDescriptor> FileDescriptor::services() const { return {services_, service_count_}; }
inline std::span<const FieldDescriptor> FileDescriptor::extensions() const { return {extensions_, extension_count_}; }
inline std::span<const FieldDescriptor> MessageDescriptor::fields() const { return {fields_, field_count_}; }
inline std::span<const OneofDescriptor> MessageDescriptor::oneofs() const { return {oneofs_, oneof_count_}; }
inline std::span<const OneofDescriptor> MessageDescriptor::real_oneofs() const { return {oneofs_, real_oneof_count_}; }
inline std::span<const MessageDescriptor> MessageDescriptor::messages() const { return {messages_, message_count_}; }
inline std::span<const EnumDescriptor> MessageDescriptor::enums() const { return {enums_, enum_count_}; }
inline std::span<const FieldDescriptor> MessageDescriptor::extensions() const { return {extensions_, extension_count_}; }
inline const FieldDescriptor* MessageDescriptor::map_key() const { return is_map_entry_ ? &fields_[0] : nullptr; }
inline const FieldDescriptor* MessageDescriptor::map_value() const { return is_map_entry_ ? &fields_[1] : nullptr; }
inline std::span<const EnumValueDescriptor> EnumDescriptor::values() const { return {values_, value_count_}; }
inline std::span<const MethodDescriptor> ServiceDescriptor::methods() const { return {methods_, method_count_}; }
inline const FileDescriptor& OneofDescriptor::file() const { return containing_type_->file(); }
inline const OneofDescriptor* FieldDescriptor::real_containing_oneof() const {
  return containing_oneof_ != nullptr && !containing_oneof_->is_synthetic() ? containing_oneof_ : nullptr;
}
inline const FieldDescriptor* FieldDescriptor::map_key() const { return is_map_ ? message_type_->map_key() : nullptr; }
inline const FieldDescriptor* FieldDescriptor::map_value() const { return is_map_ ? message_type_->map_value() : nullptr; }
inline bool FieldDescriptor::is_packable() const {
  return is_repeated() && type_ != FieldType::kString && type_ != FieldType::kBytes && type_ != FieldType::kMessage &&
         type_ != FieldType::kGroup;
}

}  // namespace godwit::proto
