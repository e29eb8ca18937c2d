#include "godwit/compiler/linker/locate.h"

#include "godwit/proto/schema/linker.h"

namespace godwit::compiler {
namespace {

using ast::DeclKind;
using Part = proto::SchemaError::Part;
namespace path = proto::path;

template <typename T>
T* find_decl(const ast::List<ast::Decl>& body, DeclKind kind, std::int32_t index) {
  for (ast::Decl& d : body) {
    if (d.kind == kind && d.index == index) return static_cast<T*>(&d);
  }
  return nullptr;
}

ast::Field* find_field(const ast::Message& m, std::int32_t index) {
  for (ast::Decl& d : m.body) {
    if (d.kind == DeclKind::kField && d.index == index) return static_cast<ast::Field*>(&d);
    if (d.kind != DeclKind::kOneof) continue;
    if (auto* f = find_decl<ast::Field>(static_cast<ast::Oneof&>(d).body, DeclKind::kField, index)) return f;
  }
  return nullptr;
}

// The map field whose entry message, or the group whose message, is the nested message with this index.
ast::Field* find_owner_of_nested(const ast::Message& m, std::int32_t index) {
  auto owns = [&](ast::Field& f) { return f.is_map ? f.entry_index == index : f.group != nullptr && f.group->index == index; };
  for (ast::Decl& d : m.body) {
    if (d.kind == DeclKind::kField && owns(static_cast<ast::Field&>(d))) return static_cast<ast::Field*>(&d);
    if (d.kind != DeclKind::kOneof) continue;
    for (ast::Decl& inner : static_cast<ast::Oneof&>(d).body) {
      if (inner.kind == DeclKind::kField && owns(static_cast<ast::Field&>(inner))) return static_cast<ast::Field*>(&inner);
    }
  }
  return nullptr;
}

ast::Field* find_extension(const ast::List<ast::Decl>& body, std::int32_t index, ast::Extend*& extend) {
  for (ast::Decl& d : body) {
    if (d.kind != DeclKind::kExtend) continue;
    for (ast::Field& f : static_cast<ast::Extend&>(d).fields) {
      if (f.index == index) {
        extend = static_cast<ast::Extend*>(&d);
        return &f;
      }
    }
  }
  return nullptr;
}

ast::Range of_option(const ast::OptionList& list, ast::Option::Kind kind, ast::Range otherwise) {
  for (ast::Option& o : list.options) {
    if (o.option_kind == kind) return kind == ast::Option::Kind::kDefault ? o.value.at : o.at;
  }
  return otherwise;
}

ast::Range of_field(const ast::Field& f, const ast::Extend* extend, Part part) {
  switch (part) {
    case Part::kNumber: return f.number_at;
    case Part::kType: return f.type_at;
    case Part::kExtendee: return extend != nullptr ? extend->extendee.at : f.name.at;
    case Part::kDefault: return of_option(f.options, ast::Option::Kind::kDefault, f.name.at);
    case Part::kJsonName: return of_option(f.options, ast::Option::Kind::kJsonName, f.name.at);
    case Part::kWhole: return f.at;
    default: return f.name.at;
  }
}

ast::Range of_range(const ast::List<ast::Decl>& body, DeclKind kind, std::int32_t index, bool name) {
  for (ast::Decl& d : body) {
    if (d.kind != kind) continue;
    auto& r = static_cast<ast::Ranges&>(d);
    for (ast::NumberRange& range : r.ranges) {
      if (!name && range.index == index) return range.at;
    }
    for (ast::ReservedName& n : r.names) {
      if (name && n.index == index) return n.at;
    }
  }
  return {};
}

ast::Range of_enum(const ast::Enum& e, std::span<const std::int32_t> p, Part part) {
  if (p.size() >= 2) {
    if (p[0] == path::kEnumValue) {
      if (auto* v = find_decl<ast::EnumValue>(e.body, DeclKind::kEnumValue, p[1])) {
        return part == Part::kNumber ? v->number_at : part == Part::kWhole ? v->at : v->name.at;
      }
    }
    ast::Range range = of_range(e.body, DeclKind::kReserved, p[1], p[0] == path::kEnumReservedName);
    if (!range.empty()) return range;
  }
  return part == Part::kWhole ? ast::Range{e.at.first, e.name.at.last} : e.name.at;
}

ast::Range of_message(const ast::Message& m, std::span<const std::int32_t> p, Part part) {
  if (p.size() >= 2) {
    switch (p[0]) {
      case path::kMessageField:
        if (auto* f = find_field(m, p[1])) return of_field(*f, nullptr, part);
        break;
      case path::kMessageNested:
        if (auto* n = find_decl<ast::Message>(m.body, DeclKind::kMessage, p[1])) return of_message(*n, p.subspan(2), part);
        if (auto* owner = find_owner_of_nested(m, p[1])) {
          if (owner->group != nullptr) return of_message(*owner->group, p.subspan(2), part);
          // Inside of a map entry: field 0 is the key, 1 the value.
          if (p.size() >= 4 && p[2] == path::kMessageField) return p[3] == 0 ? owner->key.name.at : owner->type.name.at;
          return part == Part::kName ? owner->name.at : owner->type_at;
        }
        break;
      case path::kMessageEnum:
        if (auto* e = find_decl<ast::Enum>(m.body, DeclKind::kEnum, p[1])) return of_enum(*e, p.subspan(2), part);
        break;
      case path::kMessageExtension: {
        ast::Extend* extend = nullptr;
        if (auto* f = find_extension(m.body, p[1], extend)) return of_field(*f, extend, part);
        break;
      }
      case path::kMessageOneof:
        if (auto* o = find_decl<ast::Oneof>(m.body, DeclKind::kOneof, p[1])) return o->name.at;
        break;
      case path::kMessageExtensionRange: {
        ast::Range r = of_range(m.body, DeclKind::kExtensions, p[1], false);
        if (!r.empty()) return r;
        break;
      }
      case path::kMessageReservedRange:
      case path::kMessageReservedName: {
        ast::Range r = of_range(m.body, DeclKind::kReserved, p[1], p[0] == path::kMessageReservedName);
        if (!r.empty()) return r;
        break;
      }
      default: break;
    }
  }
  return part == Part::kWhole ? ast::Range{m.at.first, m.name.at.last} : m.name.at;
}

ast::Range of_service(const ast::Service& s, std::span<const std::int32_t> p, Part part) {
  if (p.size() >= 2 && p[0] == path::kServiceMethod) {
    if (auto* m = find_decl<ast::Method>(s.body, DeclKind::kMethod, p[1])) {
      return part == Part::kInput ? m->input.at : part == Part::kOutput ? m->output.at : part == Part::kWhole ? m->at : m->name.at;
    }
  }
  return s.name.at;
}

}  // namespace

ast::Range locate(const ast::File& file, std::span<const std::int32_t> p, Part part) {
  if (p.size() >= 2) {
    switch (p[0]) {
      case path::kFileDependency:
        if (auto* i = find_decl<ast::Import>(file.body, DeclKind::kImport, p[1])) return i->at;
        break;
      case path::kFileMessage:
        if (auto* m = find_decl<ast::Message>(file.body, DeclKind::kMessage, p[1])) return of_message(*m, p.subspan(2), part);
        break;
      case path::kFileEnum:
        if (auto* e = find_decl<ast::Enum>(file.body, DeclKind::kEnum, p[1])) return of_enum(*e, p.subspan(2), part);
        break;
      case path::kFileService:
        if (auto* s = find_decl<ast::Service>(file.body, DeclKind::kService, p[1])) return of_service(*s, p.subspan(2), part);
        break;
      case path::kFileExtension: {
        ast::Extend* extend = nullptr;
        if (auto* f = find_extension(file.body, p[1], extend)) return of_field(*f, extend, part);
        break;
      }
      default: break;
    }
  }
  if (p.size() == 1 && p[0] == path::kFilePackage) {
    for (ast::Decl& d : file.body) {
      if (d.kind == DeclKind::kPackage) return d.at;
    }
  }
  return {0, 0};
}

}  // namespace godwit::compiler
