#pragma once

#include <cstdint>
#include <span>

#include "godwit/compiler/parser/ast.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::compiler {

// The tokens of a part of an element, which its path in the descriptor names (as in SourceCodeInfo.Location). The tree
// must have been through build_descriptor. A path that leads nowhere gives the first token of what it leads to so far.
ast::Range locate(const ast::File& file, std::span<const std::int32_t> path, proto::SchemaError::Part part);

}  // namespace godwit::compiler
