#pragma once

#include <string>

#include "godwit/compiler/parser/ast.h"
#include "godwit/compiler/report/diagnostic.h"
#include "godwit/proto/schema/linker.h"

namespace godwit::compiler {

// Turns values of options into wire bytes of the field that they are for. Functions return false after reporting.
class ValueEncoder {
 public:
  ValueEncoder(const ast::File& file, proto::SchemaLinker& linker, Report& report) : file_(file), linker_(linker), report_(report) {}

  // Appends the field, tag included. `option_name` is for messages: the option as written. `in_literal`: the value
  // stands in a message literal, where a few more forms are good.
  bool encode(const proto::FieldDescriptor& field, const ast::Value& value, std::string_view option_name, bool in_literal, std::string& out);

 private:
  bool encode_scalar(const proto::FieldDescriptor& field, const ast::Value& value, std::string_view option_name, bool in_literal, std::string& out);
  bool integer(const proto::FieldDescriptor& field, const ast::Value& value, std::string_view option_name, std::int64_t min, std::uint64_t max, std::uint64_t& out);
  bool number(const proto::FieldDescriptor& field, const ast::Value& value, std::string_view option_name, double& out);
  bool boolean(const ast::Value& value, std::string_view option_name, bool in_literal, bool& out);
  bool enumeration(const proto::FieldDescriptor& field, const ast::Value& value, std::string_view option_name, bool in_literal, std::int32_t& out);
  bool message(const proto::MessageDescriptor& type, const ast::MessageLiteral& literal, std::string_view option_name, std::string& out);
  bool any(const proto::MessageDescriptor& type, const ast::LiteralField& field, std::string_view option_name, std::string& out);
  const proto::FieldDescriptor* find_literal_field(const proto::MessageDescriptor& type, const ast::LiteralField& field);
  bool fail(ast::Range at, std::string message, std::string help = {});

  const ast::File& file_;
  proto::SchemaLinker& linker_;
  Report& report_;
};

}  // namespace godwit::compiler
