// The second step of linking: names become pointers.
#include <algorithm>
#include <charconv>
#include <limits>

#include "godwit/proto/schema/linker.h"
#include "godwit/proto/schema/suggest.h"

namespace godwit::proto {

using google::protobuf::FieldDescriptorProto;

namespace {

// Undoes C escapes, the form in which FieldDescriptorProto keeps a default value of bytes.
std::string unescape(std::string_view s) {
  std::string out;
  auto octal = [](char c) { return c >= '0' && c <= '7'; };
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    char c = s[++i];
    switch (c) {
      case 'a': out += '\a'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'v': out += '\v'; break;
      case 'x':
      case 'X': {
        int value = 0;
        int digits = 0;
        while (digits < 2 && i + 1 < s.size() && hex(s[i + 1])) {
          char h = s[++i];
          value = value * 16 + (h <= '9' ? h - '0' : (h | 0x20) - 'a' + 10);
          ++digits;
        }
        out += static_cast<char>(value);
        break;
      }
      default:
        if (!octal(c)) {
          out += c;
          break;
        }
        int value = c - '0';
        for (int digits = 1; digits < 3 && i + 1 < s.size() && octal(s[i + 1]); ++digits) value = value * 8 + (s[++i] - '0');
        out += static_cast<char>(value);
    }
  }
  return out;
}

template <typename T>
bool parse_number(std::string_view text, T& value) {
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size();
}

bool parse_double(std::string_view text, double& value) {
  if (text == "inf" || text == "-inf" || text == "nan" || text == "-nan") {
    value = text.ends_with("inf") ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    if (text.starts_with("-")) value = -value;
    return true;
  }
  return parse_number(text, value);
}

}  // namespace

bool SchemaLinker::package_is_visible(std::string_view package) const {
  auto within = [&](const FileDescriptor* file) {
    std::string_view p = file->package();
    return p.starts_with(package) && (p.size() == package.size() || p[package.size()] == '.');
  };
  return within(file_) || std::any_of(visible_files_.begin(), visible_files_.end(), within);
}

Symbol SchemaLinker::find_visible(std::string_view name) {
  const Symbol* symbol = tables_.symbols.find(name);
  if (symbol == nullptr) return {};
  if (symbol->kind == Symbol::Kind::kPackage) return package_is_visible(name) ? *symbol : Symbol{};
  if (sees(symbol->file)) return *symbol;
  if (hidden_in_ == nullptr) {
    hidden_in_ = symbol->file;
    hidden_name_ = name;
  }
  return {};
}

Symbol SchemaLinker::look_up_unchecked(std::string_view name, std::string_view scope, bool types_only) {
  hidden_in_ = nullptr;
  resolved_prefix_.clear();
  if (name.starts_with('.')) return find_visible(name.substr(1));
  std::string_view first = name.substr(0, name.find('.'));
  while (true) {
    scratch_.assign(scope);
    if (!scope.empty()) scratch_ += '.';
    scratch_ += first;
    if (Symbol symbol = find_visible(scratch_)) {
      if (first.size() < name.size()) {
        // The innermost scope that has the first part decides; what is no scope is passed over.
        if (symbol.is_scope()) {
          scratch_ += name.substr(first.size());
          Symbol result = find_visible(scratch_);
          if (!result) resolved_prefix_ = scratch_;
          return result;
        }
      } else if (!types_only || symbol.is_type()) {
        return symbol;
      }
    }
    if (scope.empty()) return {};
    std::size_t dot = scope.rfind('.');
    scope = dot == std::string_view::npos ? std::string_view() : scope.substr(0, dot);
  }
}

Symbol SchemaLinker::look_up(std::string_view name, std::string_view scope, bool types_only) {
  Symbol symbol = look_up_unchecked(name, scope, types_only);
  if (symbol && symbol.kind != Symbol::Kind::kPackage) use(symbol.file);
  return symbol;
}

void SchemaLinker::use(const FileDescriptor* file) {
  if (unused_.empty() || file == file_) return;
  auto found = std::find(unused_.begin(), unused_.end(), file);
  if (found != unused_.end()) unused_.erase(found);
}

void SchemaLinker::report_unused_imports() {
  for (const FileDescriptor* file : unused_) {
    std::int32_t index = 0;
    for (std::string_view name : proto_.dependency()) {
      if (name == file->name()) break;
      ++index;
    }
    path_ = {path::kFileDependency, index};
    warning(Part::kImport, file->name(), "Import " + std::string(file->name()) + " is unused.", "remove the line");
    path_.clear();
  }
}

void SchemaLinker::explain_undefined(std::string_view name, std::string_view scope, bool types_only, std::string& message,
                                     std::string& help) {
  std::string quoted = "\"" + std::string(name) + "\"";
  if (hidden_in_ != nullptr) {
    std::string file(hidden_in_->name());
    message = quoted + " is defined in \"" + file + "\", which is not imported by \"" + std::string(file_->name()) + "\".";
    help = "add import \"" + file + "\";";
    return;
  }
  if (!resolved_prefix_.empty() && resolved_prefix_ != name) {
    message = quoted + " is resolved to \"" + resolved_prefix_ +
              "\", which is not defined. The innermost scope is searched first in name resolution.";
    help = "a leading dot (\"." + std::string(name) + "\") starts from the outermost scope";
    if (!tables_.symbols.find(name)) help.clear();
    if (!help.empty()) return;
  } else {
    message = quoted + " is not defined.";
  }
  if (suggestions_left_ == 0) return;
  --suggestions_left_;
  // Everything in sight, as it could be written here.
  std::vector<std::string_view> candidates;
  tables_.symbols.for_each([&](const Symbol& s) {
    if (types_only ? !s.is_type() : s.field() == nullptr || !s.field()->is_extension()) return;
    if (!sees(s.file)) return;
    candidates.push_back(s.full_name);
    std::string_view outer = scope;
    while (!outer.empty()) {
      if (s.full_name.size() > outer.size() + 1 && s.full_name.starts_with(outer) && s.full_name[outer.size()] == '.') {
        candidates.push_back(s.full_name.substr(outer.size() + 1));
      }
      std::size_t dot = outer.rfind('.');
      outer = dot == std::string_view::npos ? std::string_view() : outer.substr(0, dot);
    }
  });
  std::string_view nearest = nearest_name(name, candidates);
  if (!nearest.empty()) help = "did you mean \"" + std::string(nearest) + "\"?";
}

// Oneof membership, and which oneofs are synthetic.
void SchemaLinker::link_oneofs(MessageDescriptor& m) {
  std::vector<std::uint32_t> counts(m.oneof_count_);
  const auto oneof_of = [&](const FieldDescriptor& f) {
    return f.proto_->has_oneof_index() ? static_cast<std::uint32_t>(f.proto_->oneof_index()) : m.oneof_count_;
  };
  for (std::uint32_t i = 0; i < m.field_count_; ++i) {
    if (const std::uint32_t o = oneof_of(m.fields_[i]); o < m.oneof_count_) ++counts[o];
  }
  std::vector<const FieldDescriptor**> ends(m.oneof_count_);
  for (std::uint32_t i = 0; i < m.oneof_count_; ++i) {
    const std::size_t bytes = counts[i] * sizeof(FieldDescriptor*);
    ends[i] = static_cast<const FieldDescriptor**>(tables_.arena.allocate(bytes, alignof(FieldDescriptor*)));
    m.oneofs_[i].fields_ = {ends[i], counts[i]};
  }
  for (std::uint32_t i = 0; i < m.field_count_; ++i) {
    const std::uint32_t o = oneof_of(m.fields_[i]);
    if (o >= m.oneof_count_) continue;
    m.fields_[i].containing_oneof_ = &m.oneofs_[o];
    *ends[o]++ = &m.fields_[i];
    m.oneofs_[o].is_synthetic_ = counts[o] == 1 && m.fields_[i].proto_->proto3_optional();
  }
}

void SchemaLinker::resolve_message(MessageDescriptor& m) {
  for (std::uint32_t i = 0; i < m.field_count_; ++i) {
    PathGuard guard(*this, path::kMessageField, i);
    resolve_field(m.fields_[i], m.full_name_);
  }
  for (std::uint32_t i = 0; i < m.message_count_; ++i) {
    PathGuard guard(*this, path::kMessageNested, i);
    resolve_message(m.messages_[i]);
  }
  for (std::uint32_t i = 0; i < m.extension_count_; ++i) {
    PathGuard guard(*this, path::kMessageExtension, i);
    resolve_field(m.extensions_[i], m.full_name_);
  }
}

void SchemaLinker::resolve_field(FieldDescriptor& f, std::string_view scope) {
  FieldDescriptorProto& proto = *f.proto_;
  if (f.is_extension_) {
    Symbol extendee = look_up(proto.extendee(), scope, true);
    if (!extendee) {
      std::string message, help;
      explain_undefined(proto.extendee(), scope, true, message, help);
      error(Part::kExtendee, f.full_name_, message, help).undefined_name = proto.extendee();
      return;
    }
    if (extendee.message() == nullptr) {
      error(Part::kExtendee, f.full_name_, "\"" + std::string(proto.extendee()) + "\" is not a message type.");
      return;
    }
    f.containing_type_ = extendee.message();
    std::string_view absolute(extendee.full_name.data() - 1, extendee.full_name.size() + 1);
    if (proto.extendee() != absolute) proto.set_extendee(absolute);
    if (!f.containing_type_->is_extension_number(f.number_)) {
      error(Part::kNumber, f.full_name_,
            "\"" + std::string(f.containing_type_->full_name()) + "\" does not declare " + std::to_string(f.number_) + " as an extension number.");
    }
    ExtensionKey key{f.containing_type_, f.number_};
    auto [entry, added] = tables_.extensions.emplace(key, &f);
    if (added) {
      added_extensions_.push_back(key);
    } else if (sees(&entry->second->file())) {  // files that do not know of each other may clash; the first one counts
      error(Part::kNumber, f.full_name_,
            "Extension number " + std::to_string(f.number_) + " has already been used in \"" + std::string(f.containing_type_->full_name()) +
                "\" by extension \"" + std::string(entry->second->full_name()) + "\" defined in " + std::string(entry->second->file().name()) + ".");
    }
  }

  bool named = proto.has_type_name();
  bool wants_message = proto.has_type() && (proto.type() == FieldDescriptorProto::TYPE_MESSAGE || proto.type() == FieldDescriptorProto::TYPE_GROUP);
  bool wants_enum = proto.has_type() && proto.type() == FieldDescriptorProto::TYPE_ENUM;
  if (!named) {
    if (!proto.has_type()) {
      error(Part::kType, f.full_name_, "The field has no type.");
    } else if (wants_message || wants_enum) {
      error(Part::kType, f.full_name_, "Field with message or enum type missing type_name.");
    }
    f.type_ = static_cast<FieldType>(proto.type());
  } else if (proto.has_type() && !wants_message && !wants_enum) {
    error(Part::kType, f.full_name_, "Field with primitive type has type_name.");
    return;
  } else {
    Symbol type = look_up(proto.type_name(), scope, true);
    if (!type) {
      std::string message, help;
      explain_undefined(proto.type_name(), scope, true, message, help);
      error(Part::kType, f.full_name_, message, help).undefined_name = proto.type_name();
      return;
    }
    if (!type.is_type()) {
      error(Part::kType, f.full_name_, "\"" + std::string(proto.type_name()) + "\" is not a type.");
      return;
    }
    f.message_type_ = type.message();
    f.enum_type_ = type.enumeration();
    if (wants_message && f.message_type_ == nullptr) {
      error(Part::kType, f.full_name_, "\"" + std::string(proto.type_name()) + "\" is not a message type.");
      return;
    }
    if (wants_enum && f.enum_type_ == nullptr) {
      error(Part::kType, f.full_name_, "\"" + std::string(proto.type_name()) + "\" is not an enum type.");
      return;
    }
    if (!proto.has_type()) proto.set_type(f.enum_type_ != nullptr ? FieldDescriptorProto::TYPE_ENUM : FieldDescriptorProto::TYPE_MESSAGE);
    f.type_ = static_cast<FieldType>(proto.type());
    std::string_view absolute(type.full_name.data() - 1, type.full_name.size() + 1);
    if (proto.type_name() != absolute) proto.set_type_name(absolute);
  }
  f.is_map_ = f.label_ == Label::kRepeated && f.message_type_ != nullptr && f.message_type_->is_map_entry() && f.type_ == FieldType::kMessage;
  f.has_presence_ = f.label_ != Label::kRepeated &&
                    (f.message_type_ != nullptr || f.containing_oneof_ != nullptr || f.is_extension_ ||
                     f.features_->field_presence != Features::FieldPresence::kImplicit);
  resolve_default(f);
}

void SchemaLinker::resolve_enum_default(FieldDescriptor& f) {
  if (f.enum_type_->values().empty()) return;  // an error already
  f.default_enum_ = &f.enum_type_->values()[0];
  if (f.has_default_value_) {
    std::string_view name = f.proto_->default_value();
    const EnumValueDescriptor* found = f.enum_type_->find_value(name);
    if (found == nullptr) {
      std::vector<std::string_view> names;
      if (suggestions_left_ > 0) {
        --suggestions_left_;
        for (const EnumValueDescriptor& v : f.enum_type_->values()) names.push_back(v.name());
      }
      std::string_view nearest = nearest_name(name, names);
      error(Part::kDefault, f.full_name_,
            "Enum type \"" + std::string(f.enum_type_->full_name()) + "\" has no value named \"" + std::string(name) +
                "\".",
            nearest.empty() ? "" : "did you mean \"" + std::string(nearest) + "\"?");
      return;
    }
    f.default_enum_ = found;
  }
  f.default_.i = f.default_enum_->number();
}

void SchemaLinker::resolve_default(FieldDescriptor& f) {
  f.has_default_value_ = f.proto_->has_default_value();
  if (f.enum_type_ != nullptr) resolve_enum_default(f);
  if (!f.has_default_value_) return;
  std::string_view text = f.proto_->default_value();
  if (f.label_ == Label::kRepeated) {
    error(Part::kDefault, f.full_name_, "Repeated fields can't have default values.");
    return;
  }
  bool ok = true;
  switch (f.value_type()) {
    case ValueType::kInt32: {
      std::int32_t v = 0;
      ok = parse_number(text, v);
      f.default_.i = v;
      break;
    }
    case ValueType::kInt64: ok = parse_number(text, f.default_.i); break;
    case ValueType::kUint32: {
      std::uint32_t v = 0;
      ok = parse_number(text, v);
      f.default_.u = v;
      break;
    }
    case ValueType::kUint64: ok = parse_number(text, f.default_.u); break;
    case ValueType::kFloat:
    case ValueType::kDouble: ok = parse_double(text, f.default_.d); break;
    case ValueType::kBool:
      ok = text == "true" || text == "false";
      f.default_.u = text == "true";
      break;
    case ValueType::kEnum: break;
    case ValueType::kString: f.default_string_ = tables_.arena.copy(text); break;
    case ValueType::kBytes: f.default_string_ = tables_.arena.copy(unescape(text)); break;
    case ValueType::kMessage:
      error(Part::kDefault, f.full_name_, "Messages can't have default values.");
      return;
  }
  if (!ok) error(Part::kDefault, f.full_name_, "Couldn't parse default value \"" + std::string(text) + "\".");
}

void SchemaLinker::resolve_method(MethodDescriptor& m) {
  auto resolve = [&](std::string_view name, Part part) -> const MessageDescriptor* {
    Symbol type = look_up(name, m.service_->full_name(), true);
    if (!type) {
      std::string message, help;
      explain_undefined(name, m.service_->full_name(), true, message, help);
      error(part, m.full_name_, message, help).undefined_name = name;
      return nullptr;
    }
    if (type.message() == nullptr) error(part, m.full_name_, "\"" + std::string(name) + "\" is not a message type.");
    if (type.message() != nullptr && type.message()->is_map_entry()) {
      error(part, m.full_name_, "\"" + std::string(name) + "\" is the entry of a map, not a message of its own.");
    }
    return type.message();
  };
  auto absolute = [](const MessageDescriptor* type) { return std::string_view(type->full_name().data() - 1, type->full_name().size() + 1); };
  m.input_type_ = resolve(m.proto_->input_type(), Part::kInput);
  m.output_type_ = resolve(m.proto_->output_type(), Part::kOutput);
  if (m.input_type_ != nullptr) m.proto_->set_input_type(absolute(m.input_type_));
  if (m.output_type_ != nullptr) m.proto_->set_output_type(absolute(m.output_type_));
}

}  // namespace godwit::proto
