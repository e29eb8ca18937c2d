#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "godwit/proto/schema/descriptor.h"

// The C++ names of what a .proto file declares: shared by the generators of messages and of services.

namespace godwit::compiler::cpp {

// A C++ keyword, or a macro of the standard library, gets an underscore at its end.
std::string safe_identifier(std::string_view name);

// "pkg::sub", without leading colons; "" without a package.
std::string namespace_of(const proto::FileDescriptor& file);
// Opening and closing lines for that namespace; empty without a package.
std::string open_namespace(const proto::FileDescriptor& file);
std::string close_namespace(const proto::FileDescriptor& file);

// "Outer_Inner"
std::string class_name(const proto::MessageDescriptor& type);
std::string enum_type_name(const proto::EnumDescriptor& type);
// "::pkg::Outer_Inner"
std::string qualified_class_name(const proto::MessageDescriptor& type);
std::string qualified_enum_name(const proto::EnumDescriptor& type);
// The enumerator: "RED" at top level, "Outer_Color_RED" inside of a message.
std::string enumerator_name(const proto::EnumValueDescriptor& value);

// "article_list" is "ArticleList"; a letter behind a digit is a capital too.
std::string camel_case(std::string_view name);
// All letters small.
std::string lower_case(std::string_view name);

// Whether the file's generated code is part of the library: those of google/protobuf.
bool is_bundled(const proto::FileDescriptor& file);
// How other generated code includes the file's header: "dir/file.pb.h". The files that are part of the library lie below
// godwit/proto/generated/.
std::string header_path(const proto::FileDescriptor& file);
// The constant of a file in namespace godwit::proto::generated: letters and digits, everything else as _xx.
std::string file_constant(const proto::FileDescriptor& file);

// The text between the quotes of a C++ string literal.
std::string escape(std::string_view bytes);

// What one field is called in its class.
struct FieldNames {
  std::string accessor;  // x of x(), set_x(), has_x(), ...
  std::string member;    // in the struct of fields, or in the union of its oneof
  std::string constant;  // kXFieldNumber
  std::string case_name;  // kX, in the enum of its oneof
};

// The names of all fields of a message, by FieldDescriptor::index(). They clash neither with each other nor with what
// every generated class has.
std::vector<FieldNames> field_names(const proto::MessageDescriptor& type);

}  // namespace godwit::compiler::cpp
