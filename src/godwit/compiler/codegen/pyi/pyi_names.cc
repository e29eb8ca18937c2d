#include "godwit/compiler/codegen/pyi/pyi_names.h"

#include <algorithm>

#include "godwit/compiler/codegen/python/python_names.h"

namespace godwit::compiler::python {
namespace {

using proto::FieldDescriptor;
using proto::FileDescriptor;
using proto::MessageDescriptor;
using proto::ValueType;

void collect_members(const MessageDescriptor& type, std::set<std::string, std::less<>>& members) {
  for (const FieldDescriptor& f : type.fields()) members.emplace(f.name());
  for (const FieldDescriptor& f : type.extensions()) members.emplace(f.name());
  for (const proto::EnumDescriptor& e : type.enums()) {
    members.emplace(e.name());
    for (const proto::EnumValueDescriptor& v : e.values()) members.emplace(v.name());
  }
  for (const MessageDescriptor& m : type.messages()) {
    members.emplace(m.name());
    collect_members(m, members);
  }
}

// The names that a module has, with those that it has by public imports.
void add_top_level_names(const FileDescriptor& file, std::set<std::string_view>& names) {
  for (const MessageDescriptor& m : file.messages()) names.insert(m.name());
  for (const FieldDescriptor& f : file.extensions()) names.insert(f.name());
  for (const proto::EnumDescriptor& e : file.enums()) {
    names.insert(e.name());
    for (const proto::EnumValueDescriptor& v : e.values()) names.insert(v.name());
  }
  for (const FileDescriptor* import : file.public_dependencies()) add_top_level_names(*import, names);
}

std::string_view first_part(std::string_view path) { return path.substr(0, path.find('.')); }

bool has_keyword(std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = first_part(path);
    if (is_keyword(part)) return true;
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return false;
}

}  // namespace

PyiNames::PyiNames(const FileDescriptor& file, bool relative) : file_(file), relative_(relative) {
  for (const MessageDescriptor& m : file.messages()) collect_members(m, members_);
  std::set<std::string_view> hiding(members_.begin(), members_.end());
  add_top_level_names(file, hiding);
  for (const std::string_view name : {"int", "str", "bool", "bytes", "float"}) {
    if (hiding.contains(name)) hides_builtins_ = true;
  }
}

bool PyiNames::is_hidden(std::string_view name) const { return members_.contains(name); }

std::string PyiNames::builtin(std::string_view name) const {
  return (hides_builtins_ ? "_builtins." : "") + std::string(name);
}

std::string PyiNames::qualified(const FileDescriptor& file, const std::string& path) const {
  if (has_keyword(path)) return "_Any";
  if (&file == &file_) return (is_hidden(first_part(path)) ? "global___" : "") + path;
  if (!is_importable(module_name(file.name()))) return "_Any";
  return "_" + module_alias(file.name()) + "." + path;
}

std::string PyiNames::message(const MessageDescriptor& type) const { return qualified(type.file(), class_path(type)); }

std::string PyiNames::enumeration(const proto::EnumDescriptor& type) const {
  std::string name = qualified(type.file(), class_path(type));
  // The stubs of protobuf itself have another form: there the values are of a type inside of the enum.
  if (&type.file() != &file_ && comes_with_protobuf(type.file().name())) name += ".ValueType";
  return name;
}

std::string PyiNames::value(const FieldDescriptor& field) const {
  switch (field.value_type()) {
    case ValueType::kDouble:
    case ValueType::kFloat:
      return builtin("float");
    case ValueType::kBool:
      return builtin("bool");
    case ValueType::kString:
      return builtin("str");
    case ValueType::kBytes:
      return builtin("bytes");
    case ValueType::kEnum:
      return enumeration(*field.enum_type());
    case ValueType::kMessage:
      return message(*field.message_type());
    default:
      return builtin("int");
  }
}

std::string PyiNames::attribute(const FieldDescriptor& field) const {
  if (field.is_map()) {
    const bool messages = field.map_value()->value_type() == ValueType::kMessage;
    return std::string("_containers.") + (messages ? "MessageMap[" : "ScalarMap[") + value(*field.map_key()) + ", " +
           value(*field.map_value()) + "]";
  }
  if (!field.is_repeated()) return value(field);
  const bool messages = field.value_type() == ValueType::kMessage;
  return std::string("_containers.") +
         (messages ? "RepeatedCompositeFieldContainer[" : "RepeatedScalarFieldContainer[") + value(field) + "]";
}

std::string PyiNames::message_input(const MessageDescriptor& type) const {
  std::string native;
  if (type.full_name() == "google.protobuf.Timestamp") native = "_datetime.datetime, ";
  if (type.full_name() == "google.protobuf.Duration") native = "_datetime.timedelta, ";
  return "_Union[" + native + message(type) + ", _Mapping[" + builtin("str") + ", _Any]]";
}

std::string PyiNames::parameter(const FieldDescriptor& field) const {
  if (field.is_map()) {
    return "_Optional[_Mapping[" + value(*field.map_key()) + ", " + value(*field.map_value()) + "]]";
  }
  std::string one = value(field);
  if (field.value_type() == ValueType::kMessage) one = message_input(*field.message_type());
  if (field.value_type() == ValueType::kEnum) one = "_Union[" + one + ", " + builtin("str") + "]";
  return field.is_repeated() ? "_Optional[_Iterable[" + one + "]]" : "_Optional[" + one + "]";
}

std::string PyiNames::import_from(const FileDescriptor& import) const {
  if (!relative_ || comes_with_protobuf(import.name())) return "from " + module_name(import.name());
  const RelativePlace place = relative_place(file_.name(), import.name());
  return "from " + std::string(static_cast<std::size_t>(place.up) + 1, '.') + place.path;
}

std::string PyiNames::import_statement(const FileDescriptor& import) const {
  const std::string module = module_name(import.name());
  if (!is_importable(module)) return "";
  const std::string alias = " as _" + module_alias(import.name());
  std::string from = import_from(import);
  const std::size_t split = from.find_last_of(" .");
  const std::string last = from.substr(split + 1);
  if (from[split] == ' ') return "import " + last + alias;
  const bool only_dots = from.find_first_not_of('.', 5) > split;
  return from.substr(0, only_dots ? split + 1 : split) + " import " + last + alias;
}

void print_pyi_docstring(const proto::Comments& comments, cpp::Printer& out) {
  std::vector<std::string> lines = comment_lines({comments.leading, comments.trailing, {}});
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  while (!lines.empty() && lines.front().empty()) lines.erase(lines.begin());
  if (lines.empty()) return;
  out.print("\"\"\"");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out.print("$line$$end$", {{"line", escape_docstring(lines[i])}, {"end", i + 1 < lines.size() ? "\n" : ""}});
  }
  out.print("$end$\"\"\"\n", {{"end", lines.size() > 1 ? "\n" : ""}});
}

}  // namespace godwit::compiler::python
