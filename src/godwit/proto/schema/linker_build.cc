// The first half of linking: descriptors are laid out and every name is registered.
#include <algorithm>

#include "godwit/proto/schema/linker.h"

namespace godwit::proto {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::ServiceDescriptorProto;

namespace {
// Messages of a FileDescriptorProto made at run time may nest this deep; parsers of messages stop at 100 too.
constexpr int kMaxDepth = 100;

// Arrays of descriptors lie in the arena; their destructors have nothing to do.
template <typename T>
T* make_array(Arena& arena, std::size_t count) {
  if (count == 0) return nullptr;
  T* array = static_cast<T*>(arena.allocate(sizeof(T) * count, alignof(T)));
  for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(array + i)) T();
  return array;
}

template <typename T>
std::uint32_t count_of(const T& repeated) {
  return static_cast<std::uint32_t>(repeated.size());
}
}  // namespace

std::string default_json_name(std::string_view field_name) {
  std::string out;
  out.reserve(field_name.size());
  bool upper = false;
  for (char c : field_name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return out;
}

SchemaError& SchemaLinker::error(Part part, std::string_view element, std::string message, std::string help) {
  failed_ = true;
  SchemaError e;
  e.element = element;
  e.message = std::move(message);
  e.help = std::move(help);
  e.path = path_;
  e.part = part;
  errors_.push_back(std::move(e));
  return errors_.back();
}

SchemaError& SchemaLinker::warning(Part part, std::string_view element, std::string message, std::string help) {
  bool failed = failed_;
  SchemaError& e = error(part, element, std::move(message), std::move(help));
  e.warning = true;
  failed_ = failed;
  return e;
}

// Full names are kept with a dot in front, so that the absolute form of a type name needs no second copy.
std::string_view SchemaLinker::full_name(std::string_view scope, std::string_view name) {
  std::size_t size = scope.empty() ? name.size() : scope.size() + 1 + name.size();
  char* p = static_cast<char*>(tables_.arena.allocate(size + 1, 1));
  *p++ = '.';
  char* q = p;
  if (!scope.empty()) {
    q = std::copy(scope.begin(), scope.end(), q);
    *q++ = '.';
  }
  std::copy(name.begin(), name.end(), q);
  return {p, size};
}

bool SchemaLinker::check_identifier(std::string_view name, std::string_view element) {
  auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9'); };
  if (name.empty()) {
    error(Part::kName, element, "Missing name.");
    return false;
  }
  if (!std::all_of(name.begin(), name.end(), good) || (name[0] >= '0' && name[0] <= '9')) {
    error(Part::kName, element, "\"" + std::string(name) + "\" is not a valid identifier.");
    return false;
  }
  return true;
}

bool SchemaLinker::add_symbol(std::string_view full, std::string_view name, Symbol::Kind kind, const void* descriptor) {
  if (!check_identifier(name, full)) return false;
  if (const Symbol* other = tables_.symbols.find(full)) {
    if (other->kind == Symbol::Kind::kPackage) {
      error(Part::kName, full, "\"" + std::string(full) + "\" is already defined (as a package) in file \"" + std::string(other->file->name()) + "\".");
    } else if (other->file == file_) {
      std::size_t dot = full.rfind('.');
      error(Part::kName, full,
            dot == std::string_view::npos ? "\"" + std::string(full) + "\" is already defined."
                                          : "\"" + std::string(full.substr(dot + 1)) + "\" is already defined in \"" + std::string(full.substr(0, dot)) + "\".");
    } else {
      error(Part::kName, full, "\"" + std::string(full) + "\" is already defined in file \"" + std::string(other->file->name()) + "\".");
    }
    return false;
  }
  Symbol symbol;
  symbol.full_name = full;
  symbol.descriptor = descriptor;
  symbol.file = file_;
  symbol.kind = kind;
  tables_.symbols.insert(symbol);
  added_symbols_.push_back(full);
  return true;
}

void SchemaLinker::add_package() {
  std::string_view package = proto_.package();
  if (package.empty()) return;
  std::string_view kept = full_name("", package);
  for (std::size_t dot = 0, begin = 0; dot != std::string_view::npos; begin = dot + 1) {
    dot = kept.find('.', begin);
    std::string_view prefix = kept.substr(0, dot);
    path_ = {path::kFilePackage};
    bool ok = check_identifier(prefix.substr(begin), package);
    const Symbol* other = ok ? tables_.symbols.find(prefix) : nullptr;
    if (other != nullptr && other->kind != Symbol::Kind::kPackage) {
      error(Part::kWhole, prefix,
            "\"" + std::string(prefix) + "\" is already defined (as something other than a package) in file \"" + std::string(other->file->name()) + "\".");
    }
    path_.clear();
    if (!ok || other != nullptr) continue;
    Symbol symbol;
    symbol.full_name = prefix;
    symbol.file = file_;
    symbol.kind = Symbol::Kind::kPackage;
    tables_.symbols.insert(symbol);
    added_symbols_.push_back(prefix);
  }
}

void SchemaLinker::see(const FileDescriptor* file) {
  if (tables_.visible.size() <= file->index_) tables_.visible.resize(file->index_ + 1, 0);
  if (tables_.visible[file->index_] == tables_.visible_mark) return;
  tables_.visible[file->index_] = tables_.visible_mark;
  visible_files_.push_back(file);
  for (const FileDescriptor* next : file->public_dependencies()) see(next);
}

bool SchemaLinker::sees(const FileDescriptor* file) const {
  return file == file_ || (file->index_ < tables_.visible.size() && tables_.visible[file->index_] == tables_.visible_mark);
}

bool SchemaLinker::link_dependencies() {
  ++tables_.visible_mark;
  std::size_t count = proto_.dependency().size();
  auto* list = make_array<const FileDescriptor*>(tables_.arena, count);
  std::vector<std::string_view> seen;
  std::size_t linked = 0;
  bool ok = true;
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view name = proto_.dependency(static_cast<int>(i));
    PathGuard guard(*this, path::kFileDependency, static_cast<std::uint32_t>(i));
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      error(Part::kImport, name, "Import \"" + std::string(name) + "\" was listed twice.", "remove one of the two lines");
    }
    seen.push_back(name);
    auto found = tables_.files_by_name.find(name);
    if (found == tables_.files_by_name.end()) {
      error(Part::kImport, name, "Import \"" + std::string(name) + "\" was not found or had errors.");
      ok = false;
      continue;
    }
    list[linked++] = found->second;
    see(found->second);
    bool is_public = std::find(proto_.public_dependency().begin(), proto_.public_dependency().end(), static_cast<std::int32_t>(i)) !=
                     proto_.public_dependency().end();
    if (!is_public && found->second->public_dependencies().empty()) unused_.push_back(found->second);
  }
  if (!ok) return false;
  file_->dependencies_ = {list, linked};
  auto* publics = make_array<const FileDescriptor*>(tables_.arena, proto_.public_dependency().size());
  std::size_t public_count = 0;
  for (std::int32_t index : proto_.public_dependency()) {
    if (index < 0 || static_cast<std::size_t>(index) >= count) {
      error(Part::kWhole, proto_.name(), "Invalid public dependency index.");
      return false;
    }
    publics[public_count++] = list[index];
  }
  file_->public_dependencies_ = {publics, public_count};
  return true;
}

FileDescriptor* SchemaLinker::link() {
  auto* file = make_array<FileDescriptor>(tables_.arena, 1);
  file_ = file;
  file->pool_ = &pool_;
  file->proto_ = &proto_;
  file->name_ = proto_.name();
  file->package_ = proto_.package();
  file->index_ = static_cast<std::uint32_t>(tables_.files.size());
  if (file->name_.empty()) {
    error(Part::kWhole, "", "Missing field: FileDescriptorProto.name.");
    return nullptr;
  }
  if (proto_.has_edition() || proto_.syntax() == "editions") {
    error(Part::kWhole, file->name_, "Editions are not supported.", "compile the file as proto3");
    return nullptr;
  }
  if (proto_.syntax().empty() || proto_.syntax() == "proto2") {
    file->syntax_ = Syntax::kProto2;
  } else if (proto_.syntax() == "proto3") {
    file->syntax_ = Syntax::kProto3;
  } else {
    error(Part::kWhole, file->name_, "Unrecognized syntax: " + std::string(proto_.syntax()));
    return nullptr;
  }
  if (tables_.files_by_name.contains(file->name_)) {
    error(Part::kWhole, file->name_, "A file with this name is already in the pool.");
    return nullptr;
  }
  if (!link_dependencies()) return nullptr;
  registered_ = true;
  tables_.files.push_back(file);
  tables_.files_by_name.emplace(file->name_, file);
  see(file);

  add_package();
  file->message_count_ = count_of(proto_.message_type());
  file->messages_ = make_array<MessageDescriptor>(tables_.arena, file->message_count_);
  for (std::uint32_t i = 0; i < file->message_count_; ++i) {
    PathGuard guard(*this, path::kFileMessage, i);
    build_message(file->messages_[i], *proto_.mutable_message_type(static_cast<int>(i)), file->package_, nullptr, i);
  }
  file->enum_count_ = count_of(proto_.enum_type());
  file->enums_ = make_array<EnumDescriptor>(tables_.arena, file->enum_count_);
  for (std::uint32_t i = 0; i < file->enum_count_; ++i) {
    PathGuard guard(*this, path::kFileEnum, i);
    build_enum(file->enums_[i], *proto_.mutable_enum_type(static_cast<int>(i)), file->package_, nullptr, i);
  }
  file->service_count_ = count_of(proto_.service());
  file->services_ = make_array<ServiceDescriptor>(tables_.arena, file->service_count_);
  for (std::uint32_t i = 0; i < file->service_count_; ++i) {
    PathGuard guard(*this, path::kFileService, i);
    build_service(file->services_[i], *proto_.mutable_service(static_cast<int>(i)), i);
  }
  file->extension_count_ = count_of(proto_.extension());
  file->extensions_ = make_array<FieldDescriptor>(tables_.arena, file->extension_count_);
  for (std::uint32_t i = 0; i < file->extension_count_; ++i) {
    PathGuard guard(*this, path::kFileExtension, i);
    build_field(file->extensions_[i], *proto_.mutable_extension(static_cast<int>(i)), file->package_, nullptr, i, true);
  }

  for (std::uint32_t i = 0; i < file->message_count_; ++i) {
    PathGuard guard(*this, path::kFileMessage, i);
    resolve_message(file->messages_[i]);
  }
  for (std::uint32_t i = 0; i < file->extension_count_; ++i) {
    PathGuard guard(*this, path::kFileExtension, i);
    resolve_field(file->extensions_[i], file->package_);
  }
  for (std::uint32_t i = 0; i < file->service_count_; ++i) {
    PathGuard guard(*this, path::kFileService, i);
    ServiceDescriptor& s = file->services_[i];
    for (std::uint32_t k = 0; k < s.method_count_; ++k) {
      PathGuard inner(*this, path::kServiceMethod, k);
      resolve_method(s.methods_[k]);
    }
  }
  if (failed_) {
    abandon();
    return nullptr;
  }
  return file;
}

bool SchemaLinker::finish() {
  validate_file();
  if (failed_) abandon();
  return !failed_;
}

void SchemaLinker::abandon() {
  if (!registered_) return;
  registered_ = false;
  for (std::string_view name : added_symbols_) tables_.symbols.erase(name);
  for (const ExtensionKey& key : added_extensions_) tables_.extensions.erase(key);
  tables_.files_by_name.erase(file_->name_);
  tables_.files.pop_back();
}

std::span<const NumberRange> SchemaLinker::copy_ranges(const std::vector<NumberRange>& ranges) {
  auto* array = make_array<NumberRange>(tables_.arena, ranges.size());
  std::copy(ranges.begin(), ranges.end(), array);
  return {array, ranges.size()};
}

void SchemaLinker::build_message(MessageDescriptor& m, DescriptorProto& proto, std::string_view scope,
                                 const MessageDescriptor* parent, std::uint32_t index) {
  m.name_ = proto.name();
  m.full_name_ = full_name(scope, m.name_);
  m.file_ = file_;
  m.containing_type_ = parent;
  m.features_ = &file_->features();
  m.proto_ = &proto;
  m.index_ = index;
  m.is_map_entry_ = proto.options().map_entry();
  if (depth_ >= kMaxDepth) {
    error(Part::kName, m.full_name_, "Messages are nested deeper than " + std::to_string(kMaxDepth) + " levels.");
    return;
  }
  ++depth_;
  bool added = add_symbol(m.full_name_, m.name_, Symbol::Kind::kMessage, &m);
  if (!added && m.is_map_entry_) {
    errors_.back().message = "Expanded map entry type " + std::string(m.name_) + " conflicts with another definition of this name in \"" + std::string(scope) + "\".";
    errors_.back().help = "rename the map field, or the other definition";
  }
  std::size_t errors_before = errors_.size();

  m.oneof_count_ = count_of(proto.oneof_decl());
  m.oneofs_ = make_array<OneofDescriptor>(tables_.arena, m.oneof_count_);
  for (std::uint32_t i = 0; i < m.oneof_count_; ++i) {
    PathGuard guard(*this, path::kMessageOneof, i);
    OneofDescriptor& o = m.oneofs_[i];
    o.proto_ = proto.mutable_oneof_decl(static_cast<int>(i));
    o.name_ = o.proto_->name();
    o.full_name_ = full_name(m.full_name_, o.name_);
    o.containing_type_ = &m;
    o.index_ = i;
    add_symbol(o.full_name_, o.name_, Symbol::Kind::kOneof, &o);
  }
  m.field_count_ = count_of(proto.field());
  m.fields_ = make_array<FieldDescriptor>(tables_.arena, m.field_count_);
  for (std::uint32_t i = 0; i < m.field_count_; ++i) {
    PathGuard guard(*this, path::kMessageField, i);
    build_field(m.fields_[i], *proto.mutable_field(static_cast<int>(i)), m.full_name_, &m, i, false);
  }
  m.message_count_ = count_of(proto.nested_type());
  m.messages_ = make_array<MessageDescriptor>(tables_.arena, m.message_count_);
  for (std::uint32_t i = 0; i < m.message_count_; ++i) {
    PathGuard guard(*this, path::kMessageNested, i);
    build_message(m.messages_[i], *proto.mutable_nested_type(static_cast<int>(i)), m.full_name_, &m, i);
  }
  m.enum_count_ = count_of(proto.enum_type());
  m.enums_ = make_array<EnumDescriptor>(tables_.arena, m.enum_count_);
  for (std::uint32_t i = 0; i < m.enum_count_; ++i) {
    PathGuard guard(*this, path::kMessageEnum, i);
    build_enum(m.enums_[i], *proto.mutable_enum_type(static_cast<int>(i)), m.full_name_, &m, i);
  }
  m.extension_count_ = count_of(proto.extension());
  m.extensions_ = make_array<FieldDescriptor>(tables_.arena, m.extension_count_);
  for (std::uint32_t i = 0; i < m.extension_count_; ++i) {
    PathGuard guard(*this, path::kMessageExtension, i);
    build_field(m.extensions_[i], *proto.mutable_extension(static_cast<int>(i)), m.full_name_, &m, i, true);
  }

  std::vector<NumberRange> ranges;
  for (const auto& r : proto.extension_range()) ranges.push_back({r.start(), r.end()});
  m.extension_ranges_ = copy_ranges(ranges);
  ranges.clear();
  for (const auto& r : proto.reserved_range()) ranges.push_back({r.start(), r.end()});
  m.reserved_ranges_ = copy_ranges(ranges);

  link_oneofs(m);
  while (m.real_oneof_count_ < m.oneof_count_ && !m.oneofs_[m.real_oneof_count_].is_synthetic_) ++m.real_oneof_count_;

  // What the parts of an entry clash with has been said.
  if (!added && m.is_map_entry_) errors_.resize(errors_before);

  // Look-up by number.
  while (m.sequential_ < m.field_count_ && m.fields_[m.sequential_].number_ == static_cast<std::int32_t>(m.sequential_) + 1) ++m.sequential_;
  if (m.sequential_ < m.field_count_) {
    auto* order = make_array<std::uint32_t>(tables_.arena, m.field_count_);
    for (std::uint32_t i = 0; i < m.field_count_; ++i) order[i] = i;
    std::sort(order, order + m.field_count_, [&](std::uint32_t a, std::uint32_t b) {
      return m.fields_[a].number_ != m.fields_[b].number_ ? m.fields_[a].number_ < m.fields_[b].number_ : a < b;
    });
    m.by_number_ = order;
  }
  --depth_;
}

void SchemaLinker::build_field(FieldDescriptor& f, FieldDescriptorProto& proto, std::string_view scope,
                               const MessageDescriptor* parent, std::uint32_t index, bool is_extension) {
  f.name_ = proto.name();
  f.full_name_ = full_name(scope, f.name_);
  f.file_ = file_;
  f.proto_ = &proto;
  f.index_ = index;
  f.number_ = proto.number();
  f.is_extension_ = is_extension;
  f.features_ = &file_->features();
  if (!proto.has_label()) proto.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  f.label_ = static_cast<Label>(proto.label());
  if (is_extension) {
    f.extension_scope_ = parent;
  } else {
    f.containing_type_ = parent;
    if (proto.has_extendee()) error(Part::kExtendee, f.full_name_, "FieldDescriptorProto.extendee set for non-extension field.");
    if (proto.has_oneof_index() && (proto.oneof_index() < 0 || static_cast<std::uint32_t>(proto.oneof_index()) >= parent->oneof_count_)) {
      error(Part::kOneof, f.full_name_, "FieldDescriptorProto.oneof_index " + std::to_string(proto.oneof_index()) + " is out of range for type \"" +
                                            std::string(parent->name()) + "\".");
      proto.clear_oneof_index();
    }
  }
  if (!proto.has_json_name()) proto.set_json_name(default_json_name(f.name_));
  f.json_name_ = proto.json_name();
  add_symbol(f.full_name_, f.name_, Symbol::Kind::kField, &f);
}

void SchemaLinker::build_enum(EnumDescriptor& e, EnumDescriptorProto& proto, std::string_view scope, const MessageDescriptor* parent,
                              std::uint32_t index) {
  e.name_ = proto.name();
  e.full_name_ = full_name(scope, e.name_);
  e.file_ = file_;
  e.containing_type_ = parent;
  e.features_ = &file_->features();
  e.proto_ = &proto;
  e.index_ = index;
  add_symbol(e.full_name_, e.name_, Symbol::Kind::kEnum, &e);
  e.value_count_ = count_of(proto.value());
  if (e.value_count_ == 0) error(Part::kName, e.full_name_, "Enums must contain at least one value.", "add " + std::string(e.name_) + "_UNSPECIFIED = 0;");
  e.values_ = make_array<EnumValueDescriptor>(tables_.arena, e.value_count_);
  for (std::uint32_t i = 0; i < e.value_count_; ++i) {
    PathGuard guard(*this, path::kEnumValue, i);
    EnumValueDescriptor& v = e.values_[i];
    v.proto_ = proto.mutable_value(static_cast<int>(i));
    v.name_ = v.proto_->name();
    v.full_name_ = full_name(scope, v.name_);
    v.type_ = &e;
    v.number_ = v.proto_->number();
    v.index_ = i;
    const Symbol* other = tables_.symbols.find(v.full_name_);
    bool inside_elsewhere = other != nullptr && other->file == file_ &&
                            !(other->kind == Symbol::Kind::kEnumValue && &static_cast<const EnumValueDescriptor*>(other->descriptor)->type() == &e);
    if (!add_symbol(v.full_name_, v.name_, Symbol::Kind::kEnumValue, &v) && inside_elsewhere) {
      std::string outer = scope.empty() ? "the global scope" : "\"" + std::string(scope) + "\"";
      errors_.back().message +=
          " Note that enum values use C++ scoping rules, meaning that enum values are siblings of their type, not children of it.  Therefore, \"" +
          std::string(v.name_) + "\" must be unique within " + outer + ", not just within \"" + std::string(e.name_) + "\".";
      errors_.back().help = "put the enum's name in front of the value's name";
    }
  }
  auto* order = make_array<std::uint32_t>(tables_.arena, e.value_count_);
  for (std::uint32_t i = 0; i < e.value_count_; ++i) order[i] = i;
  std::sort(order, order + e.value_count_, [&](std::uint32_t a, std::uint32_t b) {
    return e.values_[a].number_ != e.values_[b].number_ ? e.values_[a].number_ < e.values_[b].number_ : a < b;
  });
  e.by_number_ = order;
  std::vector<NumberRange> ranges;
  for (const auto& r : proto.reserved_range()) ranges.push_back({r.start(), std::int64_t{r.end()} + 1});
  e.reserved_ranges_ = copy_ranges(ranges);
}

void SchemaLinker::build_service(ServiceDescriptor& s, ServiceDescriptorProto& proto, std::uint32_t index) {
  s.name_ = proto.name();
  s.full_name_ = full_name(file_->package_, s.name_);
  s.file_ = file_;
  s.proto_ = &proto;
  s.index_ = index;
  add_symbol(s.full_name_, s.name_, Symbol::Kind::kService, &s);
  s.method_count_ = count_of(proto.method());
  s.methods_ = make_array<MethodDescriptor>(tables_.arena, s.method_count_);
  for (std::uint32_t i = 0; i < s.method_count_; ++i) {
    PathGuard guard(*this, path::kServiceMethod, i);
    MethodDescriptor& m = s.methods_[i];
    m.proto_ = proto.mutable_method(static_cast<int>(i));
    m.name_ = m.proto_->name();
    m.full_name_ = full_name(s.full_name_, m.name_);
    m.service_ = &s;
    m.index_ = i;
    m.client_streaming_ = m.proto_->client_streaming();
    m.server_streaming_ = m.proto_->server_streaming();
    add_symbol(m.full_name_, m.name_, Symbol::Kind::kMethod, &m);
  }
}

}  // namespace godwit::proto
