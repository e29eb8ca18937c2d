#pragma once

#include <string>
#include <vector>

#include "godwit/compiler/lexer/lexer.h"

namespace godwit::compiler {

// The comments between two neighbouring tokens, sorted by what they belong to.
struct CommentsBetween {
  std::string trailing;               // of the declaration that `before` ends
  std::vector<std::string> detached;  // of neither
  std::string leading;                // of the declaration that starts at the next token
};

// What stands between token `before` and the next one; with kNoToken, what stands before the first token.
// The rules are protoc's: a comment that starts on the line where a declaration ends, or below it with an empty line
// after it, trails that declaration, unless it is the only one and the next token follows on its line; the last block directly above a declaration leads it; nothing leads the end of a
// scope. Line comments on neighbouring lines are one comment. The texts are without // and /* */ and without the star
// at the start of the lines of a block.
inline constexpr TokenIndex kNoToken = ~TokenIndex{0};
CommentsBetween comments_after(const TokenList& tokens, TokenIndex before);

}  // namespace godwit::compiler
