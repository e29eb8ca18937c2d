#pragma once

#include <string>
#include <vector>

#include "godwit/compiler/codegen/cpp/printer.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler::python {

// Prints the imports of generated modules into the generated module of `file`: for each one that binds its alias (see
// module_alias).
//
// The modules of one compilation find each other by their place relative to each other, so that they can be put into
// any package. Where that leads nowhere, the import statement that protoc would have written decides. It stands on a
// line of its own, at the margin, because scripts and people rewrite that line.
//
// with_grpc: the module has imported grpc, which says what to do where protobuf refuses a module that is imported.
void print_imports(const proto::FileDescriptor& file, const std::vector<const proto::FileDescriptor*>& imports,
                   bool with_grpc, cpp::Printer& out);

}  // namespace godwit::compiler::python
