#include <limits>

#include "godwit/compiler/parser/cursor.h"
#include "godwit/compiler/parser/parser.h"

namespace godwit::compiler {
namespace {
constexpr std::uint64_t kUint64Max = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kInt64Min = std::uint64_t{1} << 63;  // its magnitude
}  // namespace

bool OptionParser::statement(ast::Option& option) {
  TokenIndex first = c_.at();
  option.kind = ast::DeclKind::kOption;
  if (!c_.expect("option") || !assignment(option) || !c_.expect_end(";", &option)) return false;
  option.at = c_.since(first);
  return true;
}

bool OptionParser::list(ast::OptionList& list, bool of_field) {
  TokenIndex first = c_.at();
  if (!c_.expect("[")) return false;
  do {
    auto* option = c_.make<ast::Option>();
    option->kind = ast::DeclKind::kOption;
    TokenIndex start = c_.at();
    if (of_field && (c_.looking_at("default") || c_.looking_at("json_name"))) {
      option->option_kind = c_.looking_at("default") ? ast::Option::Kind::kDefault : ast::Option::Kind::kJsonName;
      c_.next();
      option->name_at = c_.since(start);
      if (!c_.expect("=") || !value(option->value)) return false;
    } else if (!assignment(*option)) {
      return false;
    }
    option->at = c_.since(start);
    list.options.push(option);
  } while (c_.take(","));
  if (!c_.expect("]")) return false;
  list.at = c_.since(first);
  return true;
}

bool OptionParser::assignment(ast::Option& option) {
  return name(option) && c_.expect("=") && value(option.value);
}

bool OptionParser::name(ast::Option& option) {
  TokenIndex first = c_.at();
  do {
    auto* part = c_.make<ast::OptionNamePart>();
    TokenIndex start = c_.at();
    if (c_.take("(")) {
      part->is_extension = true;
      if (!c_.full_name(part->name, true, "Expected identifier.") || !c_.expect(")")) return false;
    } else if (!c_.identifier(part->name, "Expected identifier.")) {
      return false;
    }
    part->at = c_.since(start);
    option.name.push(part);
  } while (c_.take("."));
  option.name_at = c_.since(first);
  return true;
}

bool OptionParser::number(ast::Value& value) {
  if (c_.looking_at(TokenKind::kFloat)) {
    value.kind = ast::Value::Kind::kFloat;
    value.number = parse_float(c_.text());
  } else {
    value.kind = ast::Value::Kind::kInteger;
    value.number = parse_float(c_.text());
    std::uint64_t max = value.negative ? kInt64Min : kUint64Max;
    value.too_large = !parse_integer(c_.text(), max, value.integer);
  }
  c_.next();
  return true;
}

bool OptionParser::value(ast::Value& value) {
  TokenIndex first = c_.at();
  value.negative = c_.take("-");
  switch (c_.token().kind) {
    case TokenKind::kEnd:
      c_.fail("Unexpected end of stream while parsing option value.");
      return false;
    case TokenKind::kIdentifier:
      if (value.negative && !c_.looking_at("inf") && !c_.looking_at("nan")) {
        c_.fail("Invalid '-' symbol before identifier.");
        return false;
      }
      value.kind = ast::Value::Kind::kIdentifier;
      value.text = c_.text();
      c_.next();
      break;
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      if (!number(value)) return false;
      break;
    case TokenKind::kString: {
      if (value.negative) {
        c_.fail("Invalid '-' symbol before string.");
        return false;
      }
      value.kind = ast::Value::Kind::kString;
      ast::Range where;
      if (!c_.string(value.text, where, "Expected string.")) return false;
      break;
    }
    case TokenKind::kSymbol:
      if (!c_.looking_at("{")) {
        c_.fail("Expected option value.");
        return false;
      }
      if (value.negative) {
        c_.fail("Invalid '-' symbol before inline structured data.");
        return false;
      }
      c_.next();
      value.kind = ast::Value::Kind::kMessage;
      value.message = c_.make<ast::MessageLiteral>();
      open_braces_ = 1;
      if (!literal_message(*value.message, "}", 1)) {
        if (!c_.at_end()) c_.skip_rest_of_block(open_braces_);
        return false;
      }
      break;
  }
  value.at = c_.since(first);
  return true;
}

bool OptionParser::literal_message(ast::MessageLiteral& message, std::string_view close, int depth) {
  if (depth > kMaxLiteralDepth) {
    c_.fail("Message literals are nested deeper than " + std::to_string(kMaxLiteralDepth) + " levels.");
    return false;
  }
  while (!c_.take(close)) {
    if (c_.at_end()) {
      c_.fail("Unexpected end of stream while parsing aggregate value.");
      return false;
    }
    auto* field = c_.make<ast::LiteralField>();
    if (!literal_field(*field, depth)) return false;
    message.fields.push(field);
    if (!c_.take(",")) c_.take(";");
  }
  return true;
}

bool OptionParser::literal_field(ast::LiteralField& field, int depth) {
  if (c_.take("[")) {
    field.kind = ast::LiteralField::Kind::kExtension;
    if (!c_.full_name(field.name, false, "Expected identifier.")) return false;
    if (c_.looking_at("/")) {
      // The last name after a slash is the type; what stands in front of it is the address where it may be found.
      field.kind = ast::LiteralField::Kind::kAny;
      std::string url(field.name.text);
      while (c_.take("/")) {
        if (!c_.full_name(field.name, false, "Expected identifier.")) return false;
        url += "/";
        url += field.name.text;
      }
      field.type_url = c_.file().arena.copy(url);
    }
    if (!c_.expect("]")) return false;
  } else if (!c_.identifier(field.name, "Expected identifier, got: " + std::string(c_.text()))) {
    return false;
  }
  field.has_colon = c_.take(":");
  field.value = c_.make<ast::Value>();
  return literal_value(*field.value, depth, field.has_colon);
}

bool OptionParser::literal_value(ast::Value& value, int depth, bool has_colon) {
  TokenIndex first = c_.at();
  if (c_.looking_at("{") || c_.looking_at("<")) {
    std::string_view close = c_.looking_at("{") ? "}" : ">";
    bool brace = close == "}";
    c_.next();
    open_braces_ += brace ? 1 : 0;
    value.kind = ast::Value::Kind::kMessage;
    value.message = c_.make<ast::MessageLiteral>();
    if (!literal_message(*value.message, close, depth + 1)) return false;
    open_braces_ -= brace ? 1 : 0;
  } else if (c_.looking_at("[")) {
    if (depth > kMaxLiteralDepth) {
      c_.fail("Message literals are nested deeper than " + std::to_string(kMaxLiteralDepth) + " levels.");
      return false;
    }
    c_.next();
    value.kind = ast::Value::Kind::kList;
    if (!c_.take("]")) {
      do {
        auto* element = c_.make<ast::Value>();
        if (c_.looking_at("[")) {
          c_.fail("A list cannot hold another list.");
          return false;
        }
        if (!literal_value(*element, depth + 1, has_colon)) return false;
        value.list.push(element);
      } while (c_.take(","));
      if (!c_.expect("]")) return false;
    }
  } else if (!has_colon) {
    c_.fail("Expected \":\", found \"" + std::string(c_.text()) + "\".").help = "write NAME: VALUE; only messages go without the colon";
    return false;
  } else {
    value.negative = c_.take("-");
    switch (c_.token().kind) {
      case TokenKind::kIdentifier:
        value.kind = ast::Value::Kind::kIdentifier;
        value.text = c_.text();
        c_.next();
        break;
      case TokenKind::kInteger:
      case TokenKind::kFloat:
        if (!number(value)) return false;
        break;
      case TokenKind::kString:
        if (!value.negative) {
          value.kind = ast::Value::Kind::kString;
          ast::Range where;
          if (!c_.string(value.text, where, "Expected string.")) return false;
          break;
        }
        [[fallthrough]];
      default:
        c_.fail("Expected a value, found \"" + std::string(c_.text()) + "\".");
        return false;
    }
  }
  value.at = c_.since(first);
  return true;
}

}  // namespace godwit::compiler
