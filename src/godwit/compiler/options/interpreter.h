#pragma once

#include "godwit/compiler/parser/ast.h"
#include "godwit/compiler/report/diagnostic.h"
#include "godwit/proto/schema/linker.h"

namespace godwit::compiler {

// Gives every option of a file its meaning: finds the field of google.protobuf.FileOptions & co. or the extension that
// its name stands for, checks and encodes its value, and puts it into the options of the descriptor. Runs between the
// two halves of linking. In source_code_info, the paths of options become those of their fields.
// `proto` is the FileDescriptorProto that `linker` links and that was built from `tree`. False after errors.
bool interpret_options(const ast::File& tree, google::protobuf::FileDescriptorProto& proto, proto::DescriptorPool& pool,
                       proto::SchemaLinker& linker, Report& report);

}  // namespace godwit::compiler
