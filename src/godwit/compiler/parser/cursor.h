#pragma once

#include <string>
#include <string_view>

#include "godwit/compiler/parser/ast.h"

namespace godwit::compiler {

// Where the parser is in the tokens of a file, and the small pieces that every statement is made of. A function that
// returns false has reported why.
class Cursor {
 public:
  Cursor(ast::File& file, Report& report) : file_(file), report_(report) {}

  TokenIndex at() const { return at_; }
  const Token& token() const { return file_.tokens.tokens[at_]; }
  std::string_view text() const { return file_.tokens.text(at_); }
  bool at_end() const { return token().kind == TokenKind::kEnd; }
  bool looking_at(std::string_view word) const { return text() == word && token().kind != TokenKind::kString; }
  bool looking_at(TokenKind kind) const { return token().kind == kind; }
  void next() {
    if (!at_end()) ++at_;
  }
  bool take(std::string_view word) {
    if (!looking_at(word)) return false;
    next();
    return true;
  }
  // From `first` to the token before this one.
  ast::Range since(TokenIndex first) const { return {first, at_ > first ? at_ - 1 : first}; }

  bool expect(std::string_view word) {
    if (take(word)) return true;
    fail("Expected \"" + std::string(word) + "\".");
    return false;
  }
  bool expect(std::string_view word, std::string message) {
    if (take(word)) return true;
    fail(std::move(message));
    return false;
  }
  // `;`, `{` or `}`: the places that comments are sorted by. `declaration` is null where a scope ends.
  bool take_end(std::string_view sign, ast::Decl* declaration) {
    if (!looking_at(sign)) return false;
    file_.ends.push_back({at_, declaration != nullptr});
    if (declaration != nullptr) declaration->end = at_;
    next();
    return true;
  }
  bool expect_end(std::string_view sign, ast::Decl* declaration) {
    if (take_end(sign, declaration)) return true;
    Diagnostic& d = fail("Expected \"" + std::string(sign) + "\".");
    if (sign == ";" && at_ > 0 && token().begin.line > file_.tokens.tokens[at_ - 1].begin.line) {
      d.help = "the statement on line " + std::to_string(file_.tokens.tokens[at_ - 1].begin.line + 1) + " has no \";\" at its end";
    }
    return false;
  }

  bool identifier(ast::Name& name, std::string message);
  // a.b.c, with a dot in front allowed when `absolute`.
  bool full_name(ast::Name& name, bool absolute, std::string message);
  // A string, or several that stand side by side and are joined.
  bool string(std::string_view& bytes, ast::Range& at, std::string message);
  bool integer(std::uint64_t max, std::uint64_t& value, std::string message);

  // An error at the current token.
  Diagnostic& fail(std::string message) { return fail({at_, at_}, std::move(message)); }
  Diagnostic& fail(ast::Range where, std::string message) {
    file_.ok = false;
    return report_.error(*file_.source, file_.span(where), std::move(message));
  }

  ast::File& file() { return file_; }
  template <typename T>
  T* make() {
    return file_.arena.create<T>();
  }

  // After an error: to behind the next `;` or block of this scope, or in front of its end.
  void skip_statement();
  // From inside of `depth` open braces to behind the last of them.
  void skip_rest_of_block(int depth = 1);

 private:
  ast::File& file_;
  Report& report_;
  TokenIndex at_ = 0;
};

// Parses `name = value`, the value of an option being what `parse_value` takes. See option_parser.cc.
class OptionParser {
 public:
  explicit OptionParser(Cursor& cursor) : c_(cursor) {}
  // `option name = value;`
  bool statement(ast::Option& option);
  // `[name = value, ...]`; `of_field` makes `default` and `json_name` special.
  bool list(ast::OptionList& list, bool of_field);

 private:
  bool assignment(ast::Option& option);
  bool name(ast::Option& option);
  bool value(ast::Value& value);
  bool literal_message(ast::MessageLiteral& message, std::string_view close, int depth);
  bool literal_field(ast::LiteralField& field, int depth);
  bool literal_value(ast::Value& value, int depth, bool has_colon);
  bool number(ast::Value& value);
  Cursor& c_;
  int open_braces_ = 0;  // of the message literal at hand
};

}  // namespace godwit::compiler
