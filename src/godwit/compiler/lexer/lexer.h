#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/compiler/report/diagnostic.h"
#include "godwit/compiler/source/source_file.h"

namespace godwit::compiler {

enum class TokenKind : std::uint8_t { kEnd, kIdentifier, kInteger, kFloat, kString, kSymbol };

// A word, number, string literal or single sign of a source. Comments are no tokens: see comments.h.
struct Token {
  std::uint32_t offset = 0, length = 0;  // bytes in the file's text
  Position begin;
  std::uint32_t end_column = 0;  // a token never crosses a line
  TokenKind kind = TokenKind::kEnd;
};
using TokenIndex = std::uint32_t;

// The tokens of a file. The last one is always kEnd, at the end of the text.
struct TokenList {
  const SourceFile* file = nullptr;
  std::vector<Token> tokens;

  std::string_view text(TokenIndex i) const { return file->text().substr(tokens[i].offset, tokens[i].length); }
  SourceSpan span(TokenIndex first, TokenIndex last) const {
    return {tokens[first].begin, {tokens[last].begin.line, tokens[last].end_column}};
  }
  SourceSpan span(TokenIndex i) const { return span(i, i); }
};

// Files larger than this are refused: offsets are 32 bits, and nobody wrote such a file.
inline constexpr std::size_t kMaxSourceSize = std::size_t{1} << 30;

// Cuts a file into tokens. Every error is reported and skipped, so that the rest of the file is still looked at.
TokenList lex(const SourceFile& file, Report& report);

// The value of an integer token (decimal, octal, hexadecimal); false when it is larger than `max`.
bool parse_integer(std::string_view text, std::uint64_t max, std::uint64_t& value);
// The value of an integer or float token as a double. Too large gives infinity.
double parse_float(std::string_view text);
// The bytes that a string token stands for, appended to `out`. The token has passed the lexer.
void append_unescaped(std::string_view token, std::string& out);

}  // namespace godwit::compiler
