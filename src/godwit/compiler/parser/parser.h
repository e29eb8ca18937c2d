#pragma once

#include <memory>

#include "godwit/compiler/parser/ast.h"

namespace godwit::compiler {

// How deep messages may nest in each other: what protoc allows. Deeper ones would overflow somebody's stack later.
inline constexpr int kMaxMessageDepth = 30;
// How deep message literals of options may nest.
inline constexpr int kMaxLiteralDepth = 100;

// Lexes and parses a file. After an error the parser skips to the end of the statement or block and goes on, so that a
// run shows all the errors of a file. The tree holds what could be understood; `ok` tells whether that is all.
std::unique_ptr<ast::File> parse(const SourceFile& source, Report& report);

}  // namespace godwit::compiler
