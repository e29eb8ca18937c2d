#include "godwit/compiler/parser/parser.h"

#include <array>
#include <limits>

#include "godwit/compiler/parser/cursor.h"

namespace godwit::compiler {
namespace {

using ast::DeclKind;

constexpr std::uint64_t kInt32Max = std::numeric_limits<std::int32_t>::max();

struct ScalarName {
  std::string_view name;
  std::uint8_t type;
};
// The numbers are those of FieldDescriptorProto.Type.
constexpr std::array<ScalarName, 16> kScalars = {{{"double", 1},    {"float", 2},    {"int64", 3},   {"uint64", 4},
                                                  {"int32", 5},     {"fixed64", 6},  {"fixed32", 7}, {"bool", 8},
                                                  {"string", 9},    {"group", 10},   {"bytes", 12},  {"uint32", 13},
                                                  {"sfixed32", 15}, {"sfixed64", 16}, {"sint32", 17}, {"sint64", 18}}};
constexpr std::uint8_t kGroup = 10;

std::uint8_t scalar_type(std::string_view word) {
  if (word.size() < 4 || word.size() > 8) return 0;
  for (const ScalarName& s : kScalars) {
    if (s.name == word) return s.type;
  }
  return 0;
}

class Parser {
 public:
  Parser(ast::File& file, Report& report) : file_(file), c_(file, report), options_(c_) {}

  void run() {
    if (c_.looking_at("syntax") || c_.looking_at("edition")) {
      auto* syntax = c_.make<ast::Syntax>();
      if (!parse_syntax(*syntax)) c_.skip_statement();
      file_.body.push(syntax);
      file_.syntax = syntax;
      if (!known_syntax_) return;
    }
    while (!c_.at_end()) {
      if (top_level_statement()) continue;
      c_.skip_statement();
      if (c_.looking_at("}")) {
        c_.fail("Unmatched \"}\".");
        c_.next();
      }
    }
  }

 private:
  template <typename T>
  T* make(DeclKind kind) {
    T* node = c_.make<T>();
    node->kind = kind;
    return node;
  }
  // Sets the range of a node from where it began to where the parser stands.
  template <typename T>
  void close(T* node, TokenIndex first) {
    node->at = c_.since(first);
  }

  bool parse_syntax(ast::Syntax& syntax) {
    syntax.kind = DeclKind::kSyntax;
    TokenIndex first = c_.at();
    syntax.is_edition = c_.looking_at("edition");
    c_.next();
    if (!c_.expect("=")) return false;
    syntax.value.kind = ast::Value::Kind::kString;
    if (!c_.string(syntax.value.text, syntax.value.at, "Expected syntax identifier.")) return false;
    if (!c_.expect_end(";", &syntax)) return false;
    close(&syntax, first);
    if (syntax.is_edition) {
      known_syntax_ = false;
      Diagnostic& d = c_.fail(syntax.at, "Editions are not supported: edition \"" + std::string(syntax.value.text) + "\".");
      d.help = "write syntax = \"proto3\"; and drop the options named features";
      return true;
    }
    proto3_ = syntax.value.text == "proto3";
    if (!proto3_ && syntax.value.text != "proto2") {
      known_syntax_ = false;
      c_.fail(syntax.value.at, "Unrecognized syntax identifier \"" + std::string(syntax.value.text) +
                                   "\".  This parser only recognizes \"proto2\" and \"proto3\".");
    }
    return true;
  }

  bool top_level_statement() {
    if (c_.take_end(";", nullptr)) return true;
    if (c_.looking_at("message")) return add(file_.body, message(0));
    if (c_.looking_at("enum")) return add(file_.body, enumeration());
    if (c_.looking_at("service")) return add(file_.body, service());
    if (c_.looking_at("extend")) return add(file_.body, extend(0));
    if (c_.looking_at("import")) return add(file_.body, import());
    if (c_.looking_at("package")) return add(file_.body, package());
    if (c_.looking_at("option")) return option(file_.body);
    Diagnostic& d = c_.fail("Expected top-level statement (e.g. \"message\").");
    static const std::vector<std::string_view> kWords = {"message", "enum", "service", "extend", "import", "package", "option"};
    if (c_.looking_at("syntax")) {
      d.help = "the syntax statement stands in front of every other statement";
    } else if (c_.looking_at(TokenKind::kIdentifier)) {
      if (std::string_view word = nearest_name(c_.text(), kWords); !word.empty()) d.help = "did you mean \"" + std::string(word) + "\"?";
    }
    return false;
  }

  template <typename T>
  bool add(ast::List<ast::Decl>& list, T* node) {
    if (node == nullptr) return false;
    list.push(node);
    return true;
  }

  bool option(ast::List<ast::Decl>& body) {
    auto* node = make<ast::Option>(DeclKind::kOption);
    if (!options_.statement(*node)) return false;
    body.push(node);
    return true;
  }

  ast::Import* import() {
    auto* node = make<ast::Import>(DeclKind::kImport);
    TokenIndex first = c_.at();
    c_.next();
    node->modifier_at = c_.at();
    if (c_.take("public")) {
      node->modifier = ast::Import::Modifier::kPublic;
    } else if (c_.take("weak")) {
      node->modifier = ast::Import::Modifier::kWeak;
    } else if (c_.looking_at("option")) {
      c_.fail("import option needs edition 2024, which is not supported.").help = "drop the word \"option\"";
      return nullptr;
    }
    if (!c_.string(node->file, node->file_at, "Expected a string naming the file to import.") || !c_.expect_end(";", node)) return nullptr;
    close(node, first);
    return node;
  }

  ast::Package* package() {
    auto* node = make<ast::Package>(DeclKind::kPackage);
    TokenIndex first = c_.at();
    if (package_ != nullptr) {
      Diagnostic& d = c_.fail("Multiple package definitions.");
      d.notes.push_back({file_.source, file_.span(package_->at), "The first one is here."});
    }
    c_.next();
    if (!c_.full_name(node->name, false, "Expected identifier.") || !c_.expect_end(";", node)) return nullptr;
    close(node, first);
    if (package_ != nullptr) return nullptr;
    package_ = node;
    return node;
  }

  // The body of a block, from behind the `{` to behind the `}`. `what` is its name in an error.
  template <typename Statement>
  bool block(TokenIndex first, const char* what, Statement&& statement) {
    while (!c_.take_end("}", nullptr)) {
      if (c_.at_end()) {
        Diagnostic& d = c_.fail(std::string("Reached end of input in ") + what + " (missing '}').");
        d.notes.push_back({file_.source, file_.span({first, first}), "The definition starts here."});
        return false;
      }
      TokenIndex before = c_.at();
      if (!statement()) {
        c_.skip_statement();
        // A statement that begins with a sign that nothing skips would hold us forever.
        if (c_.at() == before && !c_.looking_at("}")) c_.next();
      }
    }
    return true;
  }

  ast::Message* message(int depth) {
    auto* node = make<ast::Message>(DeclKind::kMessage);
    TokenIndex first = c_.at();
    c_.next();
    if (!c_.identifier(node->name, "Expected message name.")) return nullptr;
    if (!c_.expect_end("{", node)) return nullptr;
    if (!message_body(*node, first, depth)) return nullptr;
    close(node, first);
    return node;
  }

  bool message_body(ast::Message& node, TokenIndex first, int depth) {
    if (depth >= kMaxMessageDepth) {
      c_.fail("Reached maximum recursion limit for nested messages.").help =
          "messages nest at most " + std::to_string(kMaxMessageDepth) + " levels deep: move inner ones to the top level";
      c_.skip_rest_of_block();
      return true;
    }
    return block(first, "message definition", [&] { return message_statement(node, depth); });
  }

  bool message_statement(ast::Message& m, int depth) {
    if (c_.take_end(";", nullptr)) return true;
    if (c_.looking_at("message")) return add(m.body, message(depth + 1));
    if (c_.looking_at("enum")) return add(m.body, enumeration());
    if (c_.looking_at("extensions")) return add(m.body, ranges(DeclKind::kExtensions, false));
    if (c_.looking_at("reserved")) return add(m.body, ranges(DeclKind::kReserved, false));
    if (c_.looking_at("extend")) return add(m.body, extend(depth));
    if (c_.looking_at("option")) return option(m.body);
    if (c_.looking_at("oneof")) return add(m.body, oneof(depth));
    return add(m.body, field(depth, Place::kMessage));
  }

  enum class Place { kMessage, kOneof, kExtend };

  ast::Field* field(int depth, Place place) {
    auto* node = make<ast::Field>(DeclKind::kField);
    TokenIndex first = c_.at();
    node->label_at = first;
    if (place != Place::kOneof) {
      if (c_.take("optional")) {
        node->label = ast::Field::Label::kOptional;
      } else if (c_.take("repeated")) {
        node->label = ast::Field::Label::kRepeated;
      } else if (c_.take("required")) {
        node->label = ast::Field::Label::kRequired;
        if (proto3_) {
          c_.fail({first, first}, "Required fields are not allowed in proto3.").help = "drop the word: every field may be absent";
        }
      }
    }
    TokenIndex type_first = c_.at();
    bool typed = false;
    if (c_.looking_at("map")) {
      c_.next();
      if (c_.looking_at("<")) {
        node->is_map = true;
        if (!map_type(*node, place)) return nullptr;
      } else {  // a type of the name "map"
        node->type.name = {"map", {type_first, type_first}};
        typed = true;
      }
    }
    if (!node->is_map) {
      if (node->label == ast::Field::Label::kNone && !proto3_ && place != Place::kOneof) {
        Diagnostic& d = typed ? c_.fail({type_first, type_first}, "") : c_.fail("");
        d.message = "Expected \"required\", \"optional\", or \"repeated\".";
        d.help = file_.syntax == nullptr ? "the file has no syntax statement, so it is proto2: start it with syntax = \"proto3\";"
                                         : "proto2 fields start with optional or repeated";
        node->label = ast::Field::Label::kOptional;
        if (!c_.looking_at(TokenKind::kIdentifier) && !c_.looking_at(".")) return nullptr;
      }
      if (!typed && !parse_type(node->type)) return nullptr;
    }
    node->type_at = c_.since(type_first);
    if (node->is_map) node->type_at = {type_first, c_.at() - 1};
    if (!c_.identifier(node->name, "Expected field name.")) return nullptr;
    if (!c_.looking_at("=")) {
      c_.fail("Missing field number.").help = "write " + std::string(node->name.text) + " = NUMBER;";
      return nullptr;
    }
    c_.next();
    if (!int32(node->number, node->number_at, "Expected field number.", false)) return nullptr;
    if (c_.looking_at("[") && !options_.list(node->options, true)) return nullptr;
    if (node->type.scalar == kGroup && !node->is_map) {
      if (!group(*node, first, depth)) return nullptr;
    } else if (!c_.expect_end(";", node)) {
      return nullptr;
    }
    close(node, first);
    return node;
  }

  bool group(ast::Field& node, TokenIndex first, int depth) {
    if (proto3_) {
      c_.fail({first, first}, "Groups are not supported in proto3 syntax.").help = "make the group a nested message and a field of it";
    }
    char initial = node.name.text[0];
    if (initial < 'A' || initial > 'Z') c_.fail(node.name.at, "Group names must start with a capital letter.");
    if (!c_.looking_at("{")) {
      c_.fail("Missing group body.");
      return false;
    }
    node.group = make<ast::Message>(DeclKind::kMessage);
    node.group->name = node.name;
    c_.take_end("{", node.group);
    if (!message_body(*node.group, first, depth + 1)) return false;
    close(node.group, first);
    return true;
  }

  bool parse_type(ast::Type& type) {
    TokenIndex first = c_.at();
    if (std::uint8_t scalar = c_.looking_at(TokenKind::kIdentifier) ? scalar_type(c_.text()) : 0; scalar != 0) {
      type.scalar = scalar;
      type.name = {c_.text(), {first, first}};
      c_.next();
      return true;
    }
    return c_.full_name(type.name, true, "Expected type name.");
  }

  // A message, not a scalar: of rpc and extend.
  bool message_type(ast::Name& name) {
    if (c_.looking_at(TokenKind::kIdentifier) && scalar_type(c_.text()) != 0) {
      c_.fail("Expected message type.").help = "put the " + std::string(c_.text()) + " into a message of its own";
      return false;
    }
    return c_.full_name(name, true, "Expected message type.");
  }

  bool map_type(ast::Field& node, Place place) {
    TokenIndex word = c_.at() - 1;
    if (place == Place::kOneof) {
      c_.fail({word, word}, "Map fields are not allowed in oneofs.").help = "put the map into a message, and that into the oneof";
    } else if (place == Place::kExtend) {
      c_.fail({word, word}, "Map fields are not allowed to be extensions.");
    } else if (node.label != ast::Field::Label::kNone) {
      c_.fail({node.label_at, node.label_at}, "Field labels (required/optional/repeated) are not allowed on map fields.");
    }
    return c_.expect("<") && parse_type(node.key) && c_.expect(",") && parse_type(node.type) && c_.expect(">");
  }

  bool int32(std::int32_t& value, ast::Range& at, std::string message, bool may_be_negative) {
    TokenIndex first = c_.at();
    bool negative = may_be_negative && c_.take("-");
    std::uint64_t magnitude = 0;
    if (!c_.integer(kInt32Max + (negative ? 1 : 0), magnitude, std::move(message))) return false;
    value = static_cast<std::int32_t>(negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude));
    at = c_.since(first);
    return true;
  }

  ast::Oneof* oneof(int depth) {
    auto* node = make<ast::Oneof>(DeclKind::kOneof);
    TokenIndex first = c_.at();
    c_.next();
    if (!c_.identifier(node->name, "Expected oneof name.") || !c_.expect_end("{", node)) return nullptr;
    bool ok = block(first, "oneof definition", [&] {
      if (c_.take_end(";", nullptr)) {
        c_.fail({c_.at() - 1, c_.at() - 1}, "Expected type name.");
        return true;
      }
      if (c_.looking_at("option")) return option(node->body);
      if (c_.looking_at("required") || c_.looking_at("optional") || c_.looking_at("repeated")) {
        c_.fail("Fields in oneofs must not have labels (required / optional / repeated).").help =
            c_.looking_at("repeated") ? "put the repeated field into a message, and that into the oneof" : "drop the word";
        c_.next();
      }
      return add(node->body, field(depth, Place::kOneof));
    });
    if (!ok) return nullptr;
    close(node, first);
    return node;
  }

  ast::Extend* extend(int depth) {
    auto* node = make<ast::Extend>(DeclKind::kExtend);
    TokenIndex first = c_.at();
    c_.next();
    if (!message_type(node->extendee) || !c_.expect_end("{", node)) return nullptr;
    bool ok = block(first, "extend definition", [&] {
      ast::Field* f = field(depth, Place::kExtend);
      if (f == nullptr) return false;
      node->fields.push(f);
      return true;
    });
    if (!ok) return nullptr;
    close(node, first);
    return node;
  }

  ast::Ranges* ranges(DeclKind kind, bool of_enum) {
    auto* node = make<ast::Ranges>(kind);
    TokenIndex first = c_.at();
    c_.next();
    if (kind == DeclKind::kReserved && c_.looking_at(TokenKind::kString)) {
      do {
        auto* name = c_.make<ast::ReservedName>();
        if (!c_.string(name->name, name->at, of_enum ? "Expected enum value." : "Expected field name.")) return nullptr;
        node->names.push(name);
      } while (c_.take(","));
    } else if (kind == DeclKind::kReserved && c_.looking_at(TokenKind::kIdentifier)) {
      c_.fail("Reserved names are strings: write \"" + std::string(c_.text()) + "\".");
      return nullptr;
    } else {
      std::string expected = kind == DeclKind::kExtensions ? "Expected field number range."
                             : of_enum                     ? "Expected enum value or number range."
                                                           : "Expected field name or number range.";
      do {
        auto* range = c_.make<ast::NumberRange>();
        TokenIndex start = c_.at();
        if (!int32(range->first, range->first_at, expected, of_enum)) return nullptr;
        if (c_.take("to")) {
          if (c_.looking_at("max")) {
            range->to_max = true;
            range->last_at = {c_.at(), c_.at()};
            c_.next();
          } else if (!int32(range->last, range->last_at, "Expected integer.", of_enum)) {
            return nullptr;
          }
        } else {
          range->last = range->first;
          range->last_at = range->first_at;
        }
        range->at = c_.since(start);
        node->ranges.push(range);
        expected = kind == DeclKind::kExtensions ? "Expected field number range." : of_enum ? "Expected enum number range." : "Expected field number range.";
      } while (c_.take(","));
    }
    if (kind == DeclKind::kExtensions && c_.looking_at("[") && !options_.list(node->options, false)) return nullptr;
    if (!c_.expect_end(";", node)) return nullptr;
    close(node, first);
    return node;
  }

  ast::Enum* enumeration() {
    auto* node = make<ast::Enum>(DeclKind::kEnum);
    TokenIndex first = c_.at();
    c_.next();
    if (!c_.identifier(node->name, "Expected enum name.") || !c_.expect_end("{", node)) return nullptr;
    bool ok = block(first, "enum definition", [&] {
      if (c_.take_end(";", nullptr)) return true;
      if (c_.looking_at("option")) return option(node->body);
      if (c_.looking_at("reserved")) return add(node->body, ranges(DeclKind::kReserved, true));
      return add(node->body, enum_value());
    });
    if (!ok) return nullptr;
    close(node, first);
    return node;
  }

  ast::EnumValue* enum_value() {
    auto* node = make<ast::EnumValue>(DeclKind::kEnumValue);
    TokenIndex first = c_.at();
    if (!c_.identifier(node->name, "Expected enum constant name.")) return nullptr;
    if (!c_.expect("=", "Missing numeric value for enum constant.")) return nullptr;
    if (!int32(node->number, node->number_at, "Expected integer.", true)) return nullptr;
    if (c_.looking_at("[") && !options_.list(node->options, false)) return nullptr;
    if (!c_.expect_end(";", node)) return nullptr;
    close(node, first);
    return node;
  }

  ast::Service* service() {
    auto* node = make<ast::Service>(DeclKind::kService);
    TokenIndex first = c_.at();
    c_.next();
    if (!c_.identifier(node->name, "Expected service name.") || !c_.expect_end("{", node)) return nullptr;
    bool ok = block(first, "service definition", [&] {
      if (c_.take_end(";", nullptr)) return true;
      if (c_.looking_at("option")) return option(node->body);
      return add(node->body, method());
    });
    if (!ok) return nullptr;
    close(node, first);
    return node;
  }

  ast::Method* method() {
    auto* node = make<ast::Method>(DeclKind::kMethod);
    TokenIndex first = c_.at();
    if (!c_.expect("rpc") || !c_.identifier(node->name, "Expected method name.")) return nullptr;
    auto parameter = [&](ast::Name& type, bool& streaming, TokenIndex& stream_at) {
      if (!c_.expect("(")) return false;
      stream_at = c_.at();
      streaming = c_.take("stream");
      return message_type(type) && c_.expect(")");
    };
    if (!parameter(node->input, node->client_streaming, node->client_stream_at) || !c_.expect("returns") ||
        !parameter(node->output, node->server_streaming, node->server_stream_at)) {
      return nullptr;
    }
    if (c_.take_end("{", node)) {
      bool ok = block(first, "method options", [&] {
        if (c_.take_end(";", nullptr)) return true;
        return option(node->body);
      });
      if (!ok) return nullptr;
    } else if (!c_.expect_end(";", node)) {
      return nullptr;
    }
    close(node, first);
    return node;
  }

  ast::File& file_;
  Cursor c_;
  OptionParser options_;
  ast::Package* package_ = nullptr;
  bool proto3_ = false, known_syntax_ = true;
};

}  // namespace

std::unique_ptr<ast::File> parse(const SourceFile& source, Report& report) {
  auto file = std::make_unique<ast::File>();
  file->source = &source;
  std::size_t errors = report.error_count();
  file->tokens = lex(source, report);
  Parser(*file, report).run();
  if (report.error_count() != errors) file->ok = false;
  return file;
}

}  // namespace godwit::compiler
