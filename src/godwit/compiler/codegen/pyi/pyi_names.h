#pragma once

#include <set>
#include <string>
#include <string_view>

#include "godwit/compiler/codegen/cpp/printer.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler::python {

// How types are written in the stub of one file.
class PyiNames {
 public:
  PyiNames(const proto::FileDescriptor& file, bool relative);

  // The types of what a message holds. What no name can be written for is _Any.
  std::string message(const proto::MessageDescriptor& type) const;
  std::string enumeration(const proto::EnumDescriptor& type) const;
  // The type of one value: "int", "Color", "_a_pb2.Article".
  std::string value(const proto::FieldDescriptor& field) const;
  // The type of the attribute: containers for repeated fields and maps.
  std::string attribute(const proto::FieldDescriptor& field) const;
  // What the constructor takes for it.
  std::string parameter(const proto::FieldDescriptor& field) const;
  // "int", or "_builtins.int" in a file that has a field of that name.
  std::string builtin(std::string_view name) const;

  // The statement that imports the module of a file, whose name is behind the alias; "" when there can be none.
  // `ending` is
  // "" for x_pb2.
  std::string import_statement(const proto::FileDescriptor& import) const;
  // "from x_pb2"
  std::string import_from(const proto::FileDescriptor& import) const;

  // The top-level names that fields hide, so that another name must stand for them: "global___X" for X.
  bool is_hidden(std::string_view name) const;

 private:
  std::string qualified(const proto::FileDescriptor& file, const std::string& path) const;
  std::string message_input(const proto::MessageDescriptor& type) const;

  const proto::FileDescriptor& file_;
  bool relative_;
  bool hides_builtins_ = false;
  std::set<std::string, std::less<>> members_;  // the names of all that messages of this file have
};

// The docstring of a declaration; nothing without a comment.
void print_pyi_docstring(const proto::Comments& comments, cpp::Printer& out);

// x_pb2_grpc.pyi of a file with services.
std::string grpc_stub_text(const proto::FileDescriptor& file, bool relative);

}  // namespace godwit::compiler::python
