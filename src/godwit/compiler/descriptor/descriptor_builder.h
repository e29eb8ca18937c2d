#pragma once

#include "godwit/compiler/parser/ast.h"
#include "godwit/compiler/report/diagnostic.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler {

// Turns a syntax tree without errors into a FileDescriptorProto whose names are still as written and whose options are
// missing: options need linked names (see options/). Map entries and the oneofs of proto3 `optional` are made here.
// Each declaration of the tree is told its index in the descriptor. With `source_info`, source_code_info is filled.
void build_descriptor(ast::File& file, bool source_info, google::protobuf::FileDescriptorProto& out, Report& report);

}  // namespace godwit::compiler
