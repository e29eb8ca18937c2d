#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/bytes.h"
#include "godwit/base/result.h"
#include "godwit/proto/message/generated_file.h"
#include "godwit/proto/schema/descriptor.h"

namespace google::protobuf {
class FileDescriptorSet;
}

namespace godwit::proto {

// One thing that is wrong with a file. `element` is the full name of what it is about ("pkg.Message.field") or the
// file's name; `path` leads to it, as in SourceCodeInfo.Location; `part` says which piece of the declaration.
struct SchemaError {
  enum class Part : std::uint8_t { kWhole, kName, kNumber, kType, kExtendee, kDefault, kJsonName, kInput, kOutput, kOption, kImport, kOneof };
  std::string element;
  std::string message;
  std::string help;  // what to do about it; may be empty
  std::string undefined_name;  // the name that could not be resolved, when that is what is wrong
  std::vector<std::int32_t> path;
  Part part = Part::kWhole;
  bool warning = false;
};
using SchemaErrors = std::vector<SchemaError>;

// "FILE: ELEMENT: message" on one line each.
std::string to_text(std::string_view file, const SchemaErrors& errors);

// A set of linked files in which every full name is unique. A file is added after its imports. Files once added are
// immutable. Several threads may look up at the same time; nobody may look up while somebody adds.
class DescriptorPool {
 public:
  DescriptorPool();
  DescriptorPool(const DescriptorPool&) = delete;
  DescriptorPool& operator=(const DescriptorPool&) = delete;
  ~DescriptorPool();

  // Checks and links one file, of which the pool keeps a copy; on failure the pool is as before. The second form parses
  // a serialized FileDescriptorProto.
  Result<const FileDescriptor*, SchemaErrors> add(const google::protobuf::FileDescriptorProto& file);
  Result<const FileDescriptor*, SchemaErrors> add_serialized(Bytes file);
  // Adds the files of a set, in an order that their imports allow. Files the pool has already are skipped.
  Result<void, SchemaErrors> add(const google::protobuf::FileDescriptorSet& set);

  // Null when there is none. Names are full names without a leading dot.
  const FileDescriptor* find_file(std::string_view name) const;
  const FileDescriptor* find_file_containing(std::string_view full_name) const;  // of any symbol
  const MessageDescriptor* find_message(std::string_view full_name) const;
  const EnumDescriptor* find_enum(std::string_view full_name) const;
  const EnumValueDescriptor* find_enum_value(std::string_view full_name) const;
  const FieldDescriptor* find_field(std::string_view full_name) const;  // not an extension
  const OneofDescriptor* find_oneof(std::string_view full_name) const;
  const ServiceDescriptor* find_service(std::string_view full_name) const;
  const MethodDescriptor* find_method(std::string_view full_name) const;
  const FieldDescriptor* find_extension(std::string_view full_name) const;
  const FieldDescriptor* find_extension(const MessageDescriptor& extendee, std::int32_t number) const;
  // Every extension of a message, in the order of their files.
  std::vector<const FieldDescriptor*> extensions_of(const MessageDescriptor& extendee) const;
  std::span<const FileDescriptor* const> files() const;  // in the order in which they were added

  struct Tables;  // internal to the schema library and the compiler: linker.h
  Tables& tables() { return *tables_; }

 private:
  friend class SchemaLinker;
  friend class FileDescriptor;
  friend class MessageDescriptor;
  friend class EnumDescriptor;
  friend class ServiceDescriptor;
  // Links `file`, which lies in the pool's arena.
  Result<const FileDescriptor*, SchemaErrors> add_owned(google::protobuf::FileDescriptorProto& file);
  std::unique_ptr<Tables> tables_;
};

// The pool of the files whose generated code is in the program. Each is linked, after its imports, when somebody first
// asks for it. These functions are thread-safe. They assert that the files link: the compiler has checked them.
const FileDescriptor& generated_file_descriptor(const GeneratedFile& file);
// By the file's import name; null when the program has no generated code for it.
const FileDescriptor* find_generated_file(std::string_view name);

}  // namespace godwit::proto
