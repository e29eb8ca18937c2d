#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "godwit/proto/schema/descriptor.h"

// The Python names of what a .proto file declares: shared by the generators of messages, of types and of services.
namespace godwit::compiler::python {

// A word that cannot be a name ("class", "None"). "match" and "type" can.
bool is_keyword(std::string_view word);
// Whether it can be written as a name in Python.
bool is_identifier(std::string_view word);
// The name, with an underscore behind it where it is a keyword.
std::string safe_name(std::string_view name);

// The module that protoc makes of an import name: "dir.a_b_pb2" of "dir/a-b.proto".
std::string module_name(std::string_view file_name);
// Whether an import statement can name the module.
bool is_importable(std::string_view module);
// "dir/a_b_pb2", to which ".py" or another ending is added.
std::string output_stem(std::string_view file_name);
// What the module is called inside of other generated modules: "dir_dot_a__b__pb2".
std::string module_alias(std::string_view file_name);
// Whether the module comes with the protobuf package: those of google/protobuf/.
bool comes_with_protobuf(std::string_view file_name);

// Where a module stands seen from another one of the same compilation: `up` folders up from the importer's, and from
// there `path` ("b.y_pb2").
struct RelativePlace {
  int up = 0;
  std::string path;
};
RelativePlace relative_place(std::string_view importer, std::string_view file_name);

// "Outer.Inner": the class inside of its module; enums too.
std::string class_path(const proto::MessageDescriptor& type);
std::string class_path(const proto::EnumDescriptor& type);
// An expression for `path` inside of the module known as `module`; getattr() where a part is a keyword.
std::string member_expression(std::string module, std::string_view path);

// The text between the single quotes of a bytes literal.
std::string escape_bytes(std::string_view bytes);
// Text for inside of a docstring of three double quotes.
std::string escape_docstring(std::string_view text);

// The lines of all comments of a declaration: detached ones, the leading one, the trailing one.
std::vector<std::string> comment_lines(const proto::Comments& comments);

}  // namespace godwit::compiler::python
