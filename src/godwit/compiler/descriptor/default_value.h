#pragma once

#include <string>

#include "godwit/compiler/parser/ast.h"

namespace godwit::compiler {

// The text that FieldDescriptorProto.default_value has for a written default. False, with `problem` set, when the value
// does not fit the field's type. Whether a named type is an enum that has the value, the linker checks.
bool default_value_text(const ast::Field& field, const ast::Value& value, std::string& text, std::string& problem);

// The shortest decimal text that reads back as the same number; "inf", "-inf", "nan".
std::string float_text(float value);
std::string double_text(double value);

}  // namespace godwit::compiler
