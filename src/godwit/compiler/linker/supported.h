#pragma once

#include "godwit/compiler/parser/ast.h"
#include "godwit/compiler/report/diagnostic.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler {

// Reports what the language has and we do not support: required fields, groups, extensions of anything but options.
// The well-known files (google/protobuf/...) may use them. Everything is linked as usual before this is asked.
void report_unsupported(const ast::File& tree, const proto::FileDescriptor& file, Report& report);

}  // namespace godwit::compiler
