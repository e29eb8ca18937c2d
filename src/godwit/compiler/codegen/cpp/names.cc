#include "godwit/compiler/codegen/cpp/names.h"

#include <algorithm>
#include <set>

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler::cpp {
namespace {

// Keywords of C++20, alternative tokens, and macros that <cstdint>, <cstddef>, <cerrno> and the like define. Sorted.
constexpr std::string_view kReserved[] = {
    "DOMAIN",     "EOF",       "ERANGE",      "NAN",           "NULL",         "OVERFLOW",     "UNDERFLOW",
    "alignas",    "alignof",   "and",         "and_eq",        "asm",          "assert",       "auto",
    "bitand",     "bitor",     "bool",        "break",         "case",         "catch",        "char",
    "char16_t",   "char32_t",  "char8_t",     "class",         "co_await",     "co_return",    "co_yield",
    "compl",      "concept",   "const",       "const_cast",    "consteval",    "constexpr",    "constinit",
    "continue",   "decltype",  "default",     "delete",        "do",           "double",       "dynamic_cast",
    "else",       "enum",      "errno",       "explicit",      "export",       "extern",       "false",
    "float",      "for",       "friend",      "goto",          "if",           "inline",       "int",
    "linux",      "long",      "major",       "minor",         "mutable",      "namespace",    "new",
    "noexcept",   "not",       "not_eq",      "nullptr",       "operator",     "or",           "or_eq",
    "private",    "protected", "public",      "register",      "reinterpret_cast", "requires", "return",
    "short",      "signed",    "sizeof",      "static",        "static_assert", "static_cast", "stderr",
    "stdin",      "stdout",    "struct",      "switch",        "template",     "this",         "thread_local",
    "throw",      "true",      "try",         "typedef",       "typeid",       "typename",     "union",
    "unix",       "unsigned",  "using",       "virtual",       "void",         "volatile",     "wchar_t",
    "while",      "xor",       "xor_eq"};

static_assert(std::is_sorted(std::begin(kReserved), std::end(kReserved)));

// Lower-case members of every generated class.
constexpr std::string_view kMembers[] = {"arena", "create", "default_instance", "descriptor", "fields_", "full_name",
                                         "internal_table", "swap", "table_"};

std::vector<std::string> namespace_parts(const proto::FileDescriptor& file) {
  std::vector<std::string> parts;
  std::string_view package = file.package();
  while (!package.empty()) {
    const std::size_t dot = package.find('.');
    parts.push_back(safe_identifier(package.substr(0, dot)));
    package = dot == std::string_view::npos ? std::string_view() : package.substr(dot + 1);
  }
  return parts;
}

template <typename Type>
std::string nested_name(const Type& type) {
  const proto::MessageDescriptor* outer = type.containing_type();
  return outer ? class_name(*outer) + "_" + std::string(type.name()) : safe_identifier(type.name());
}

std::string qualify(const proto::FileDescriptor& file, const std::string& name) {
  const std::string scope = namespace_of(file);
  return scope.empty() ? "::" + name : "::" + scope + "::" + name;
}

}  // namespace

std::string safe_identifier(std::string_view name) {
  std::string result(name);
  if (std::binary_search(std::begin(kReserved), std::end(kReserved), name)) result += '_';
  return result;
}

std::string namespace_of(const proto::FileDescriptor& file) {
  std::string result;
  for (const std::string& part : namespace_parts(file)) result += (result.empty() ? "" : "::") + part;
  return result;
}

std::string open_namespace(const proto::FileDescriptor& file) {
  const std::string name = namespace_of(file);
  return name.empty() ? "" : "namespace " + name + " {\n";
}

std::string close_namespace(const proto::FileDescriptor& file) {
  const std::string name = namespace_of(file);
  return name.empty() ? "" : "}  // namespace " + name + "\n";
}

std::string class_name(const proto::MessageDescriptor& type) { return nested_name(type); }
std::string enum_type_name(const proto::EnumDescriptor& type) { return nested_name(type); }
std::string qualified_class_name(const proto::MessageDescriptor& type) { return qualify(type.file(), class_name(type)); }
std::string qualified_enum_name(const proto::EnumDescriptor& type) { return qualify(type.file(), enum_type_name(type)); }

std::string enumerator_name(const proto::EnumValueDescriptor& value) {
  if (!value.type().containing_type()) return safe_identifier(value.name());
  return enum_type_name(value.type()) + "_" + std::string(value.name());
}

std::string camel_case(std::string_view name) {
  std::string result;
  bool capital = true;
  for (char c : name) {
    if (c == '_') {
      capital = true;
      continue;
    }
    const bool letter = c >= 'a' && c <= 'z';
    result += capital && letter ? static_cast<char>(c - 'a' + 'A') : c;
    capital = c >= '0' && c <= '9';
  }
  return result;
}

std::string lower_case(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_bundled(const proto::FileDescriptor& file) {
  constexpr std::string_view kFolder = "google/protobuf/";
  constexpr std::string_view kFiles[] = {"any.proto",        "api.proto",    "compiler/plugin.proto", "descriptor.proto",
                                         "duration.proto",   "empty.proto",  "field_mask.proto",      "source_context.proto",
                                         "struct.proto",     "timestamp.proto", "type.proto",         "wrappers.proto"};
  if (!file.name().starts_with(kFolder)) return false;
  return std::find(std::begin(kFiles), std::end(kFiles), file.name().substr(kFolder.size())) != std::end(kFiles);
}

std::string header_path(const proto::FileDescriptor& file) {
  const std::string path = std::string(strip_proto_extension(file.name())) + ".pb.h";
  return is_bundled(file) ? "godwit/proto/generated/" + path : path;
}

std::string file_constant(const proto::FileDescriptor& file) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result;
  for (char c : file.name()) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      result += c;
    } else {
      result += '_';
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  return result;
}

std::string escape(std::string_view bytes) {
  std::string result;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte >= 32 && byte < 127 && c != '?') {  // no trigraphs
      result += c;
    } else {
      result += '\\';
      result += static_cast<char>('0' + (byte >> 6));
      result += static_cast<char>('0' + (byte >> 3 & 7));
      result += static_cast<char>('0' + (byte & 7));
    }
  }
  return result;
}

std::vector<FieldNames> field_names(const proto::MessageDescriptor& type) {
  std::set<std::string, std::less<>> taken(std::begin(kMembers), std::end(kMembers));
  taken.insert(class_name(type));
  taken.insert("member has_");  // the has-bits
  for (const proto::OneofDescriptor& oneof : type.real_oneofs()) {
    const std::string name = lower_case(oneof.name());
    for (const char* form : {"has_", "clear_"}) taken.insert(form + name);
    taken.insert(name + "_case");
    taken.insert("member " + name + "_case_");
  }
  std::vector<FieldNames> names;
  for (const proto::FieldDescriptor& field : type.fields()) {
    const std::string number = std::to_string(field.number());
    // The accessors that this kind of field has, no more: `page` and `page_size` may stand side by side.
    const auto all_forms = [&field](const std::string& x) {
      std::vector<std::string> forms{x, "set_" + x, "clear_" + x, "mutable_" + x};
      if (field.is_repeated()) {
        forms.push_back("add_" + x);
        forms.push_back(x + "_size");
      } else {
        forms.push_back("has_" + x);
      }
      return forms;
    };
    const auto is_free = [&](const std::string& x) {
      const auto forms = all_forms(x);
      return std::none_of(forms.begin(), forms.end(), [&](const std::string& form) { return taken.contains(form); });
    };
    FieldNames n;
    n.accessor = safe_identifier(lower_case(field.name()));
    if (!is_free(n.accessor)) n.accessor += n.accessor.ends_with('_') ? "" : "_";
    if (!is_free(n.accessor)) n.accessor += number;
    n.constant = "k" + camel_case(field.name()) + "FieldNumber";
    if (taken.contains(n.constant)) n.constant += "_" + number;
    n.case_name = "k" + camel_case(field.name());
    if (taken.contains(n.case_name)) n.case_name += "_" + number;
    n.member = lower_case(field.name()) + "_";
    if (taken.contains("member " + n.member)) n.member += number + "_";
    for (const std::string& form : all_forms(n.accessor)) taken.insert(form);
    taken.insert(n.constant);
    taken.insert(n.case_name);
    taken.insert("member " + n.member);
    names.push_back(std::move(n));
  }
  return names;
}

}  // namespace godwit::compiler::cpp
