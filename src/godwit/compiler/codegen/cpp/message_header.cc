#include "godwit/compiler/codegen/cpp/message_header.h"

#include <algorithm>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler::cpp {
namespace {

using proto::Cardinality;

void print_comments(const proto::Comments& comments, Printer& out) {
  out.comment(comments.leading);
  if (!comments.leading.empty() && !comments.trailing.empty()) out.print("//\n");
  out.comment(comments.trailing);
}

// The accessors of one field, by its form. In all of them: $a$ the accessor's name, $T$ the type, $m$ the place.
constexpr char kMap[] =
    "int $a$_size() const { return static_cast<int>($m$.size); }\n"
    "::godwit::proto::MapView<$K$, $T$> $a$() const { return ::godwit::proto::MapView<$K$, $T$>($m$); }\n"
    "::godwit::proto::MutableMap<$K$, $T$> mutable_$a$() { return {$m$, arena()}; }\n"
    "void clear_$a$() { $m$.clear(); }\n";
constexpr char kMessageList[] =
    "int $a$_size() const { return static_cast<int>($m$.size); }\n"
    "::godwit::proto::RepeatedMessages<$T$> $a$() const { return ::godwit::proto::RepeatedMessages<$T$>($m$.view()); }\n"
    "const $T$& $a$(int index) const { return *$m$.at(static_cast<std::size_t>(index)); }\n"
    "$T$* mutable_$a$(int index) { return $m$.at(static_cast<std::size_t>(index)); }\n"
    "::godwit::proto::MutableRepeated<$T$*> mutable_$a$() { return {$m$, arena()}; }\n"
    "$T$* add_$a$() { return AddMessage($m$); }\n"
    "void clear_$a$() { $m$.size = 0; }\n";
constexpr char kTextList[] =
    "int $a$_size() const { return static_cast<int>($m$.size); }\n"
    "::godwit::proto::RepeatedStrings $a$() const { return ::godwit::proto::RepeatedStrings($m$.view()); }\n"
    "std::string_view $a$(int index) const { return $m$.at(static_cast<std::size_t>(index)).view(); }\n"
    "::godwit::proto::MutableRepeated<::godwit::proto::StringField> mutable_$a$() { return {$m$, arena()}; }\n"
    "void set_$a$(int index, std::string_view value) { SetString($m$.at(static_cast<std::size_t>(index)), value); }\n"
    "void add_$a$(std::string_view value) { AddString($m$, value); }\n"
    "void clear_$a$() { $m$.size = 0; }\n";
constexpr char kNumberList[] =
    "int $a$_size() const { return static_cast<int>($m$.size); }\n"
    "std::span<const $T$> $a$() const { return $m$.view(); }\n"
    "$T$ $a$(int index) const { return $m$.at(static_cast<std::size_t>(index)); }\n"
    "::godwit::proto::MutableRepeated<$T$> mutable_$a$() { return {$m$, arena()}; }\n"
    "void set_$a$(int index, $T$ value) { $m$.at(static_cast<std::size_t>(index)) = value; }\n"
    "void add_$a$($T$ value) { $m$.add(value, arena()); }\n"
    "void clear_$a$() { $m$.size = 0; }\n";
constexpr char kMessage[] =
    "bool has_$a$() const { return $m$ != nullptr; }\n"
    "const $T$& $a$() const { return GetMessage<$T$>($m$); }\n"
    "$T$* mutable_$a$() { return MutableMessage($m$); }\n"
    "void clear_$a$() { $m$ = nullptr; }\n";
constexpr char kText[] =
    "std::string_view $a$() const { return $m$.view(); }\n"
    "void set_$a$(std::string_view value) { SetString($m$, value); }\n"
    "void clear_$a$() { $m$ = {}; }\n";
constexpr char kNumber[] =
    "$T$ $a$() const { return $m$; }\n"
    "void set_$a$($T$ value) { $m$ = value; }\n"
    "void clear_$a$() { $m$ = {}; }\n";
constexpr char kPresentText[] =
    "bool has_$a$() const { return HasBit(fields_.has_, $bit$); }\n"
    "std::string_view $a$() const { return $m$.view(); }\n"
    "void set_$a$(std::string_view value) {\n"
    "  SetBit(fields_.has_, $bit$);\n"
    "  SetString($m$, value);\n"
    "}\n"
    "void clear_$a$() {\n"
    "  ClearBit(fields_.has_, $bit$);\n"
    "  $m$ = default_.$m$;\n"
    "}\n";
constexpr char kPresentNumber[] =
    "bool has_$a$() const { return HasBit(fields_.has_, $bit$); }\n"
    "$T$ $a$() const { return $m$; }\n"
    "void set_$a$($T$ value) {\n"
    "  SetBit(fields_.has_, $bit$);\n"
    "  $m$ = value;\n"
    "}\n"
    "void clear_$a$() {\n"
    "  ClearBit(fields_.has_, $bit$);\n"
    "  $m$ = default_.$m$;\n"
    "}\n";
// $c$ is the oneof's case, $k$ this member's.
constexpr char kOneofMessage[] =
    "bool has_$a$() const { return $c$ == $k$; }\n"
    "const $T$& $a$() const { return GetMessage<$T$>($c$ == $k$ ? $m$ : nullptr); }\n"
    "$T$* mutable_$a$() {\n"
    "  if ($c$ != $k$) $m$ = nullptr, $c$ = $k$;\n"
    "  return MutableMessage($m$);\n"
    "}\n";
constexpr char kOneofText[] =
    "bool has_$a$() const { return $c$ == $k$; }\n"
    "std::string_view $a$() const { return $c$ == $k$ ? $m$.view() : std::string_view($d$); }\n"
    "void set_$a$(std::string_view value) {\n"
    "  if ($c$ != $k$) $m$ = {}, $c$ = $k$;\n"
    "  SetString($m$, value);\n"
    "}\n";
constexpr char kOneofNumber[] =
    "bool has_$a$() const { return $c$ == $k$; }\n"
    "$T$ $a$() const { return $c$ == $k$ ? $m$ : $d$; }\n"
    "void set_$a$($T$ value) {\n"
    "  $m$ = value;\n"
    "  $c$ = $k$;\n"
    "}\n";
constexpr char kOneofClear[] =
    "void clear_$a$() {\n"
    "  if ($c$ == $k$) $c$ = 0;\n"
    "}\n";

std::string_view form_of(const FieldModel& field) {
  switch (field.cardinality) {
    case Cardinality::kMap: return kMap;
    case Cardinality::kRepeated:
    case Cardinality::kPacked: return field.is_message() ? kMessageList : field.is_text() ? kTextList : kNumberList;
    case Cardinality::kOneof: return field.is_message() ? kOneofMessage : field.is_text() ? kOneofText : kOneofNumber;
    case Cardinality::kHasBit: return field.is_text() ? kPresentText : kPresentNumber;
    case Cardinality::kImplicit: return field.is_message() ? kMessage : field.is_text() ? kText : kNumber;
  }
  return "";
}

// The default of a oneof's member, for its getter: what stands behind "= ", or in the braces.
std::string oneof_default(const FieldModel& field) {
  if (field.is_message()) return "";
  std::string_view text = field.initializer;
  if (text.starts_with(" = ")) return std::string(text.substr(3));
  if (text == "{}") return field.type + "{}";
  if (text.size() > 2) return std::string(text.substr(1, text.size() - 2));
  return "";
}

// The same text with an attribute in front of each function.
std::string deprecate(std::string_view form) {
  std::string result;
  bool function = true;
  while (!form.empty()) {
    const std::size_t end = form.find('\n') + 1;
    const std::string_view line = form.substr(0, end);
    if (function) result += "[[deprecated]] ";
    result += line;
    function = line.starts_with('}') || line.ends_with(" }\n");
    form.remove_prefix(end);
  }
  return result;
}

void print_field(const FieldModel& field, Printer& out) {
  print_comments(field.field->comments(), out);
  out.print("// $declaration$\n", {{"declaration", declaration(*field.field)}});
  out.print("static constexpr int $constant$ = $number$;\n",
            {{"constant", field.names.constant}, {"number", std::to_string(field.field->number())}});
  std::string form(form_of(field));
  if (field.oneof) form += kOneofClear;
  if (field.field->options().deprecated()) {
    // The library itself must read deprecated options, so its own files say it in words only.
    if (is_bundled(field.field->file())) {
      out.print("// Deprecated.\n");
    } else {
      form = deprecate(form);
    }
  }
  const std::string which = field.oneof ? "fields_." + lower_case(field.oneof->name()) + "_case_" : "";
  out.print(form, {{"a", field.names.accessor},
                   {"T", field.type},
                   {"K", field.key_type},
                   {"m", field.place()},
                   {"bit", std::to_string(field.bit)},
                   {"c", which},
                   {"k", field.names.case_name},
                   {"d", oneof_default(field)}});
  out.print("\n");
}

void print_nested_names(const MessageModel& message, Printer& out) {
  for (const proto::EnumDescriptor& type : message.type->enums()) {
    const std::string name(type.name());
    const std::string alias = safe_identifier(name);
    const std::string full = enum_type_name(type);
    out.print("using $alias$ = $full$;\n", {{"alias", alias}, {"full", full}});
    for (const proto::EnumValueDescriptor& value : type.values()) {
      out.print("static constexpr $alias$ $value$ = $enumerator$;\n",
                {{"alias", alias}, {"value", safe_identifier(value.name())}, {"enumerator", enumerator_name(value)}});
    }
    out.print(
        "static constexpr $alias$ $name$_MIN = $full$_MIN;\n"
        "static constexpr $alias$ $name$_MAX = $full$_MAX;\n"
        "static bool $name$_IsValid(int value) { return $full$_IsValid(value); }\n"
        "static std::string_view $name$_Name(int value) { return $full$_Name(value); }\n"
        "static bool $name$_Parse(std::string_view name, $alias$* value) { return $full$_Parse(name, value); }\n"
        "\n",
        {{"alias", alias}, {"name", name}, {"full", full}});
  }
  bool any = false;
  for (const proto::MessageDescriptor& nested : message.type->messages()) {
    if (nested.is_map_entry()) continue;
    // A name in small letters may be that of an accessor: then only Outer_inner is there.
    const std::string alias = safe_identifier(nested.name());
    const bool taken = std::any_of(message.fields.begin(), message.fields.end(), [&](const FieldModel& f) { return f.names.accessor == alias; });
    if (taken) continue;
    out.print("using $alias$ = $full$;\n", {{"alias", alias}, {"full", class_name(nested)}});
    any = true;
  }
  if (any) out.print("\n");
}

void print_oneof(const MessageModel& message, const OneofModel& oneof, Printer& out) {
  print_comments(oneof.oneof->comments(), out);
  out.print("enum $Type$Case : std::uint32_t {\n", {{"Type", oneof.type}});
  for (const FieldModel& field : message.fields) {
    if (field.oneof != oneof.oneof) continue;
    out.print("  $name$ = $number$,\n", {{"name", field.names.case_name}, {"number", std::to_string(field.field->number())}});
  }
  std::string upper = oneof.name;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  out.print(
      "  $UPPER$_NOT_SET = 0,\n"
      "};\n"
      "$Type$Case $name$_case() const { return static_cast<$Type$Case>(fields_.$name$_case_); }\n"
      "bool has_$name$() const { return fields_.$name$_case_ != 0; }\n"
      "void clear_$name$() { fields_.$name$_case_ = 0; }\n"
      "\n",
      {{"UPPER", upper}, {"Type", oneof.type}, {"name", oneof.name}});
}

// What a message holds: has-words, what takes 4 bytes, what takes more, so that nothing is lost to alignment.
void print_fields_struct(const MessageModel& message, Printer& out) {
  if (message.fields.empty()) return;
  const auto print_member = [&](const FieldModel& field, bool with_initializer) {
    out.print("$storage$ $member$$initializer$;\n",
              {{"storage", field.storage}, {"member", field.names.member}, {"initializer", with_initializer ? field.initializer : ""}});
  };
  out.print("struct Fields {\n");
  out.indent();
  if (message.has_words) out.print("std::uint32_t has_[$words$] = {};\n", {{"words", std::to_string(message.has_words)}});
  for (const FieldModel& field : message.fields) {
    if (!field.oneof && field.is_small()) print_member(field, true);
  }
  for (const OneofModel& oneof : message.oneofs) out.print("std::uint32_t $name$_case_ = 0;\n", {{"name", oneof.name}});
  for (const FieldModel& field : message.fields) {
    if (!field.oneof && !field.is_small()) print_member(field, true);
  }
  for (const OneofModel& oneof : message.oneofs) {
    out.print("union $Type$Union {\n", {{"Type", oneof.type}});
    out.indent();
    out.print("constexpr $Type$Union() : none_() {}\n", {{"Type", oneof.type}});
    out.print("std::uint64_t none_[2];\n");
    for (const FieldModel& field : message.fields) {
      if (field.oneof == oneof.oneof) print_member(field, false);
    }
    out.outdent();
    out.print("} $name$_;\n", {{"name", oneof.name}});
  }
  out.outdent();
  out.print("};\nFields fields_;\n\n");
}

}  // namespace

void print_class(const MessageModel& message, Printer& out) {
  print_comments(message.type->comments(), out);
  if (message.type->options().deprecated()) out.print("// Deprecated.\n");
  out.print(
      "class $name$ final : public ::godwit::proto::MessageOf<$name$> {\n"
      " public:\n",
      {{"name", message.name}});
  out.indent();
  out.print(
      "constexpr $name$() : MessageOf(&table_.head) {}\n"
      "$name$(const $name$& other) : $name$() { MergeFrom(other); }\n"
      "$name$($name$&& other) noexcept : $name$() { MoveFrom(other); }\n"
      "$name$& operator=(const $name$& other) { return CopyFrom(other), *this; }\n"
      "$name$& operator=($name$&& other) noexcept { return MoveFrom(other), *this; }\n"
      "\n"
      "static const $name$& default_instance() { return default_; }\n"
      "static constexpr const ::godwit::proto::MessageTable& internal_table() { return table_.head; }\n"
      "\n",
      {{"name", message.name}});
  print_nested_names(message, out);
  for (const OneofModel& oneof : message.oneofs) print_oneof(message, oneof, out);
  for (const FieldModel& field : message.fields) print_field(field, out);
  out.outdent();
  out.print(" private:\n");
  out.indent();
  print_fields_struct(message, out);
  out.print(
      "static const ::godwit::proto::TableOf<$count$> table_;\n"
      "static const $name$ default_;\n",
      {{"count", std::to_string(message.entry_count)}, {"name", message.name}});
  out.outdent();
  out.print("};\n\n");
}

void print_enum(const proto::EnumDescriptor& type, Printer& out) {
  const std::string name = enum_type_name(type);
  print_comments(type.comments(), out);
  if (type.options().deprecated()) out.print("// Deprecated.\n");
  out.print("enum $name$ : int {\n", {{"name", name}});
  out.indent();
  std::int32_t least = type.values()[0].number(), most = least;
  for (const proto::EnumValueDescriptor& value : type.values()) {
    print_comments(value.comments(), out);
    if (value.options().deprecated()) out.print("// Deprecated.\n");
    out.print("$name$ = $number$,\n",
              {{"name", enumerator_name(value)},
               {"number", value.number() == -2147483647 - 1 ? "-2147483647 - 1" : std::to_string(value.number())}});
    least = std::min(least, value.number());
    most = std::max(most, value.number());
  }
  out.outdent();
  const auto limit = [](std::int32_t n) { return n == -2147483647 - 1 ? "-2147483647 - 1" : std::to_string(n); };
  out.print(
      "};\n"
      "inline constexpr $name$ $name$_MIN = static_cast<$name$>($least$);\n"
      "inline constexpr $name$ $name$_MAX = static_cast<$name$>($most$);\n"
      "extern const ::godwit::proto::EnumTable $name$_internal_table;\n"
      "inline bool $name$_IsValid(int value) { return ::godwit::proto::enum_is_valid($name$_internal_table, value); }\n"
      "// Empty for a number that has no name.\n"
      "inline std::string_view $name$_Name(int value) { return ::godwit::proto::enum_name($name$_internal_table, value); }\n"
      "inline bool $name$_Parse(std::string_view name, $name$* value) {\n"
      "  return ::godwit::proto::parse_enum($name$_internal_table, name, value);\n"
      "}\n"
      "\n",
      {{"name", name}, {"least", limit(least)}, {"most", limit(most)}});
}

}  // namespace godwit::compiler::cpp
