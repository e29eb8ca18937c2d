#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "godwit/base/arena.h"
#include "godwit/compiler/lexer/comments.h"
#include "godwit/compiler/lexer/lexer.h"

// The syntax tree of a .proto file: what is written, nothing resolved. Every node knows its first and last token, so
// every place is known to the column. Nodes lie in the arena of their File.
namespace godwit::compiler::ast {

// Nodes in their order, linked through their member `next`.
template <typename T>
struct List {
  T* head = nullptr;
  T* tail = nullptr;
  std::uint32_t size = 0;

  struct Iterator {
    T* node;
    T& operator*() const { return *node; }
    Iterator& operator++() {
      node = static_cast<T*>(node->next);
      return *this;
    }
    bool operator!=(const Iterator& other) const { return node != other.node; }
  };
  Iterator begin() const { return {head}; }
  Iterator end() const { return {nullptr}; }
  bool empty() const { return head == nullptr; }
  void push(T* node) {
    if (head == nullptr) {
      head = node;
    } else {
      tail->next = node;
    }
    tail = node;
    ++size;
  }
};

// A run of tokens, both ends included.
struct Range {
  TokenIndex first = kNoToken, last = kNoToken;
  bool empty() const { return first == kNoToken; }
};

// An identifier, or several with dots between; the text is without the blanks that may stand around the dots.
struct Name {
  std::string_view text;
  Range at;
};

enum class DeclKind : std::uint8_t {
  kSyntax, kPackage, kImport, kOption, kMessage, kEnum, kService, kExtend, kField, kOneof, kEnumValue, kMethod, kReserved, kExtensions,
};

struct Decl {
  DeclKind kind;
  // From the first token to the `;` or the closing brace.
  Range at;
  // The `;` or the opening brace: comments after it trail this declaration. kNoToken: none of its own.
  TokenIndex end = kNoToken;
  Decl* next = nullptr;
  // Where the descriptor builder put it: the index among its siblings of the same kind in the descriptor.
  std::int32_t index = -1;
};

struct MessageLiteral;

// The right side of an option or of a field in a message literal.
struct Value {
  enum class Kind : std::uint8_t { kIdentifier, kInteger, kFloat, kString, kMessage, kList };
  Kind kind = Kind::kIdentifier;
  bool negative = false;
  bool too_large = false;      // an integer above 2^64 - 1; `number` holds it
  Range at;                    // with the sign
  std::string_view text;       // identifier, or the bytes of a string
  std::uint64_t integer = 0;   // without the sign
  double number = 0;           // of integers and floats, without the sign
  MessageLiteral* message = nullptr;
  List<Value> list;
  Value* next = nullptr;
};

// name: value, [pkg.extension]: value, or [type.googleapis.com/pkg.Type] { }.
struct LiteralField {
  enum class Kind : std::uint8_t { kField, kExtension, kAny };
  Kind kind = Kind::kField;
  Name name;                      // of kAny: the type
  std::string_view type_url;      // of kAny: the whole of what stands in the brackets
  Value* value = nullptr;
  bool has_colon = false;
  LiteralField* next = nullptr;
};
struct MessageLiteral {
  List<LiteralField> fields;
};

struct OptionNamePart {
  Name name;  // without the parentheses
  bool is_extension = false;
  Range at;   // with the parentheses
  OptionNamePart* next = nullptr;
};

struct Option : Decl {
  // `default` and `json_name` are written like options of a field, but are none.
  enum class Kind : std::uint8_t { kOption, kDefault, kJsonName };
  Kind option_kind = Kind::kOption;
  List<OptionNamePart> name;
  Range name_at;
  Value value;
  // Made by the descriptor builder: the index of its entry in source_code_info, -1 without source info.
  std::int32_t location = -1;
};

// `[a = 1, b = 2]`.
struct OptionList {
  Range at;
  List<Option> options;
};

struct Syntax : Decl {
  bool is_edition = false;
  Value value;  // a string
};
struct Package : Decl {
  Name name;
};
struct Import : Decl {
  enum class Modifier : std::uint8_t { kNone, kPublic, kWeak, kOption };
  Modifier modifier = Modifier::kNone;
  TokenIndex modifier_at = kNoToken;
  std::string_view file;
  Range file_at;
};

// What a field, a map's key or a map's value is of: a word like int32, or a name.
struct Type {
  std::uint8_t scalar = 0;  // a FieldDescriptorProto.Type; 0: `name`
  Name name;
};

struct Message;
struct Field : Decl {
  enum class Label : std::uint8_t { kNone, kOptional, kRequired, kRepeated };
  Label label = Label::kNone;
  TokenIndex label_at = kNoToken;
  bool is_map = false;
  Type key;            // of a map
  Range type_at;       // of a map: the whole of map<K, V>
  Type type;           // of a map: the value
  Name name;
  std::int32_t number = 0;
  Range number_at;
  OptionList options;
  Message* group = nullptr;
  // Made by the descriptor builder: the entry message of a map is a nested message with this index.
  std::int32_t entry_index = -1;
};

struct Oneof : Decl {
  Name name;
  List<Decl> body;  // Field, Option
};
struct Extend : Decl {
  Name extendee;
  List<Field> fields;
};
// `reserved` and `extensions` statements, of messages and enums.
struct NumberRange {
  std::int32_t first = 0, last = 0;  // both included
  bool to_max = false;
  Range at, first_at, last_at;
  NumberRange* next = nullptr;
  std::int32_t index = -1;
};
struct ReservedName {
  std::string_view name;
  Range at;
  ReservedName* next = nullptr;
  std::int32_t index = -1;
};
struct Ranges : Decl {  // kReserved, kExtensions
  List<NumberRange> ranges;
  List<ReservedName> names;
  OptionList options;
};
struct Message : Decl {
  Name name;
  List<Decl> body;  // Field, Oneof, Message, Enum, Extend, Option, Ranges
};
struct EnumValue : Decl {
  Name name;
  std::int32_t number = 0;
  Range number_at;
  OptionList options;
};
struct Enum : Decl {
  Name name;
  List<Decl> body;  // EnumValue, Option, Ranges
};
struct Method : Decl {
  Name name;
  bool client_streaming = false, server_streaming = false;
  TokenIndex client_stream_at = kNoToken, server_stream_at = kNoToken;
  Name input, output;
  List<Decl> body;  // Option
};
struct Service : Decl {
  Name name;
  List<Decl> body;  // Method, Option
};

struct File {
  const SourceFile* source = nullptr;
  TokenList tokens;
  Arena arena;

  Syntax* syntax = nullptr;  // null: not written
  List<Decl> body;           // every statement, the syntax among them, in order
  bool ok = true;            // no error was found while lexing and parsing

  // The tokens that end a declaration or a scope, in order; `is_declaration` tells which. Comments are sorted by them.
  struct End {
    TokenIndex token;
    bool is_declaration;
  };
  std::vector<End> ends;

  SourceSpan span(Range range) const { return tokens.span(range.first, range.last); }
};

}  // namespace godwit::compiler::ast
