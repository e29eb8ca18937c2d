#include "godwit/compiler/parser/cursor.h"

namespace godwit::compiler {

bool Cursor::identifier(ast::Name& name, std::string message) {
  if (!looking_at(TokenKind::kIdentifier)) {
    fail(std::move(message));
    return false;
  }
  name.text = text();
  name.at = {at_, at_};
  next();
  return true;
}

bool Cursor::full_name(ast::Name& name, bool absolute, std::string message) {
  TokenIndex first = at_;
  if (absolute) take(".");
  while (true) {
    if (!looking_at(TokenKind::kIdentifier)) {
      fail(std::move(message));
      return false;
    }
    next();
    if (!take(".")) break;
    message = "Expected identifier.";
  }
  name.at = since(first);
  const Token& begin = file_.tokens.tokens[name.at.first];
  const Token& end = file_.tokens.tokens[name.at.last];
  std::size_t length = 0;
  for (TokenIndex i = name.at.first; i <= name.at.last; ++i) length += file_.tokens.tokens[i].length;
  if (end.offset + end.length - begin.offset == length) {
    name.text = file_.source->text().substr(begin.offset, length);
  } else {
    std::string joined;
    for (TokenIndex i = name.at.first; i <= name.at.last; ++i) joined += file_.tokens.text(i);
    name.text = file_.arena.copy(joined);
  }
  return true;
}

bool Cursor::string(std::string_view& bytes, ast::Range& where, std::string message) {
  if (!looking_at(TokenKind::kString)) {
    fail(std::move(message));
    return false;
  }
  TokenIndex first = at_;
  std::string_view token_text = text();
  next();
  bool plain = token_text.size() >= 2 && token_text.find('\\') == std::string_view::npos;
  if (plain && !looking_at(TokenKind::kString)) {
    bytes = token_text.substr(1, token_text.size() - 2);
  } else {
    std::string joined;
    append_unescaped(token_text, joined);
    while (looking_at(TokenKind::kString)) {
      append_unescaped(text(), joined);
      next();
    }
    bytes = file_.arena.copy(joined);
  }
  where = since(first);
  return true;
}

bool Cursor::integer(std::uint64_t max, std::uint64_t& value, std::string message) {
  if (!looking_at(TokenKind::kInteger)) {
    fail(std::move(message));
    return false;
  }
  if (!parse_integer(text(), max, value)) {
    fail("Integer out of range.").help = "the largest number here is " + std::to_string(max);
    value = 0;  // the statement is understood: go on
  }
  next();
  return true;
}

void Cursor::skip_statement() {
  while (!at_end()) {
    if (looking_at(TokenKind::kSymbol)) {
      if (take_end(";", nullptr)) return;
      if (take("{")) {
        skip_rest_of_block();
        return;
      }
      if (looking_at("}")) return;
    }
    next();
  }
}

void Cursor::skip_rest_of_block(int depth) {
  for (; !at_end(); next()) {
    if (!looking_at(TokenKind::kSymbol)) continue;
    if (looking_at("{")) {
      ++depth;
    } else if (looking_at("}") && --depth == 0) {
      take_end("}", nullptr);
      return;
    }
  }
}

}  // namespace godwit::compiler
