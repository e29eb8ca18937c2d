#pragma once

#include <span>
#include <string_view>

namespace godwit::proto {

struct MessageTable;

// What generated code of one .proto file brings with it, as constants: nothing runs before main(). The descriptors are
// linked from it on first use (generated_file_descriptor in schema/pool.h).
struct GeneratedFile {
  std::string_view name;                       // as imported: "google/protobuf/any.proto"
  std::string_view descriptor;                 // a serialized FileDescriptorProto, without source positions
  const GeneratedFile* const* dependencies;    // imports in the order of the file; ends with null
  const MessageTable* const* messages;         // all of the file, nested ones too; ends with null
};

// Every file whose generated code is linked into the program, in no particular order.
std::span<const GeneratedFile* const> generated_files();

}  // namespace godwit::proto

// Puts a file into generated_files(): the linker gathers the pointers of this section.
#define GODWIT_GENERATED_FILE(file)                                                                        \
  __attribute__((section("godwit_generated_files"), used)) static const ::godwit::proto::GeneratedFile* const \
      file##_in_list = &file
