#include "godwit/compiler/descriptor/descriptor_builder.h"

#include <unordered_set>

#include "godwit/compiler/descriptor/default_value.h"
#include "godwit/compiler/descriptor/source_info.h"

namespace godwit::compiler {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptorProto;
using google::protobuf::OneofDescriptorProto;
using google::protobuf::ServiceDescriptorProto;
using Scope = SourceInfoWriter::Scope;
using ast::DeclKind;

// Field numbers of descriptor.proto, as paths have them.
constexpr std::int32_t kName = 1;
constexpr std::int32_t kFilePackage = 2, kFileDependency = 3, kFileMessage = 4, kFileEnum = 5, kFileService = 6, kFileExtension = 7,
                       kFileOptions = 8, kFilePublicDependency = 10, kFileWeakDependency = 11, kFileSyntax = 12;
constexpr std::int32_t kMessageField = 2, kMessageNested = 3, kMessageEnum = 4, kMessageExtensionRange = 5, kMessageExtension = 6,
                       kMessageOptions = 7, kMessageOneof = 8, kMessageReservedRange = 9, kMessageReservedName = 10;
constexpr std::int32_t kFieldExtendee = 2, kFieldNumber = 3, kFieldLabel = 4, kFieldType = 5, kFieldTypeName = 6, kFieldDefault = 7,
                       kFieldOptions = 8, kFieldJsonName = 10;
constexpr std::int32_t kOneofOptions = 2;
constexpr std::int32_t kEnumValue = 2, kEnumOptions = 3, kEnumReservedRange = 4, kEnumReservedName = 5, kValueNumber = 2, kValueOptions = 3;
constexpr std::int32_t kServiceMethod = 2, kServiceOptions = 3, kMethodInput = 2, kMethodOutput = 3, kMethodOptions = 4,
                       kMethodClientStreaming = 5, kMethodServerStreaming = 6;
constexpr std::int32_t kRangeStart = 1, kRangeEnd = 2, kRangeOptions = 3;
// Options have this path until they are interpreted.
constexpr std::int32_t kUninterpreted = 999;

constexpr std::int32_t kMaxFieldNumber = (1 << 29) - 1;

// "string_map" makes StringMapEntry.
std::string map_entry_name(std::string_view field_name) {
  std::string out;
  bool upper = true;
  for (char c : field_name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return out + "Entry";
}

class Builder {
 public:
  Builder(ast::File& file, bool source_info, FileDescriptorProto& out, Report& report)
      : file_(file), out_(out), report_(report), info_(file, source_info ? out.mutable_source_code_info() : nullptr) {}

  void run() {
    out_.set_name(file_.source->name());
    proto3_ = file_.syntax != nullptr && file_.syntax->value.text == "proto3";
    if (proto3_) out_.set_syntax("proto3");
    TokenIndex last = static_cast<TokenIndex>(file_.tokens.tokens.size() - 1);
    info_.add({}, {0, last > 0 ? last - 1 : 0});
    for (ast::Decl& decl : file_.body) top_level(decl);
  }

 private:
  void top_level(ast::Decl& decl) {
    switch (decl.kind) {
      case DeclKind::kSyntax: info_.add({kFileSyntax}, decl.at, &decl); break;
      case DeclKind::kPackage: {
        out_.set_package(static_cast<ast::Package&>(decl).name.text);
        info_.add({kFilePackage}, decl.at, &decl);
        break;
      }
      case DeclKind::kImport: import(static_cast<ast::Import&>(decl)); break;
      case DeclKind::kOption: option_statement(static_cast<ast::Option&>(decl), kFileOptions); break;
      case DeclKind::kMessage: {
        decl.index = out_.message_type_size();
        Scope scope(info_, {kFileMessage, decl.index});
        message(static_cast<ast::Message&>(decl), *out_.add_message_type());
        break;
      }
      case DeclKind::kEnum: {
        decl.index = out_.enum_type_size();
        Scope scope(info_, {kFileEnum, decl.index});
        enumeration(static_cast<ast::Enum&>(decl), *out_.add_enum_type());
        break;
      }
      case DeclKind::kService: {
        decl.index = out_.service_size();
        Scope scope(info_, {kFileService, decl.index});
        service(static_cast<ast::Service&>(decl), *out_.add_service());
        break;
      }
      case DeclKind::kExtend: extend(static_cast<ast::Extend&>(decl), out_, kFileExtension, nullptr); break;
      default: break;
    }
  }

  void import(ast::Import& import) {
    import.index = out_.dependency_size();
    info_.add({kFileDependency, import.index}, import.at, &import);
    if (import.modifier == ast::Import::Modifier::kPublic) {
      info_.add({kFilePublicDependency, out_.public_dependency_size()}, {import.modifier_at, import.modifier_at});
      out_.add_public_dependency(import.index);
    } else if (import.modifier == ast::Import::Modifier::kWeak) {
      info_.add({kFileWeakDependency, out_.weak_dependency_size()}, {import.modifier_at, import.modifier_at});
      out_.add_weak_dependency(import.index);
    }
    out_.add_dependency(import.file);
  }

  // `option a = b;`: an entry for the options and one for the option itself, with the same place.
  void option_statement(ast::Option& option, std::int32_t options_field) {
    info_.add({options_field}, option.at);
    option.location = info_.add({options_field, kUninterpreted, 0}, option.at, &option);
  }

  // `[a = b]`.
  void option_list(ast::OptionList& list, std::int32_t options_field) {
    if (list.at.empty()) return;
    info_.add({options_field}, list.at);
    for (ast::Option& option : list.options) {
      if (option.option_kind == ast::Option::Kind::kOption) option.location = info_.add({options_field, kUninterpreted, 0}, option.at);
    }
  }

  void message(ast::Message& m, DescriptorProto& out) {
    info_.add({}, m.at, &m);
    out.set_name(m.name.text);
    info_.add({kName}, m.name.at);
    message_body(m, out);
  }

  void message_body(ast::Message& m, DescriptorProto& out) {
    for (ast::Decl& decl : m.body) {
      switch (decl.kind) {
        case DeclKind::kField: message_field(static_cast<ast::Field&>(decl), out, -1); break;
        case DeclKind::kOneof: oneof(static_cast<ast::Oneof&>(decl), out); break;
        case DeclKind::kMessage: {
          decl.index = out.nested_type_size();
          Scope scope(info_, {kMessageNested, decl.index});
          message(static_cast<ast::Message&>(decl), *out.add_nested_type());
          break;
        }
        case DeclKind::kEnum: {
          decl.index = out.enum_type_size();
          Scope scope(info_, {kMessageEnum, decl.index});
          enumeration(static_cast<ast::Enum&>(decl), *out.add_enum_type());
          break;
        }
        case DeclKind::kExtend: extend(static_cast<ast::Extend&>(decl), out, kMessageExtension, &out); break;
        case DeclKind::kOption: option_statement(static_cast<ast::Option&>(decl), kMessageOptions); break;
        case DeclKind::kReserved: reserved(static_cast<ast::Ranges&>(decl), out); break;
        case DeclKind::kExtensions: extension_ranges(static_cast<ast::Ranges&>(decl), out); break;
        default: break;
      }
    }
    if (proto3_) add_synthetic_oneofs(out);
  }

  void add_synthetic_oneofs(DescriptorProto& out) {
    bool any = false;
    for (const FieldDescriptorProto& f : out.field()) any |= f.proto3_optional();
    if (!any) return;
    std::unordered_set<std::string> names;
    for (const FieldDescriptorProto& f : out.field()) names.emplace(f.name());
    for (const OneofDescriptorProto& o : out.oneof_decl()) names.emplace(o.name());
    for (int i = 0; i < out.field_size(); ++i) {
      FieldDescriptorProto& f = *out.mutable_field(i);
      if (!f.proto3_optional()) continue;
      std::string name(f.name());
      if (!name.starts_with('_')) name.insert(0, "_");
      while (names.contains(name)) name.insert(0, "X");
      names.insert(name);
      f.set_oneof_index(out.oneof_decl_size());
      out.add_oneof_decl()->set_name(name);
    }
  }

  void message_field(ast::Field& f, DescriptorProto& out, std::int32_t oneof_index) {
    f.index = out.field_size();
    FieldDescriptorProto& proto = *out.add_field();
    if (oneof_index >= 0) proto.set_oneof_index(oneof_index);
    Scope scope(info_, {kMessageField, f.index});
    field(f, proto, &out, kMessageNested);
    if (f.is_map) add_map_entry(f, proto, out);
  }

  void set_type(const ast::Type& type, FieldDescriptorProto& proto) {
    if (type.scalar != 0) {
      proto.set_type(static_cast<FieldDescriptorProto::Type>(type.scalar));
    } else {
      proto.set_type_name(type.name.text);
    }
  }

  void add_map_entry(ast::Field& f, FieldDescriptorProto& proto, DescriptorProto& out) {
    f.entry_index = out.nested_type_size();
    DescriptorProto& entry = *out.add_nested_type();
    std::string name = map_entry_name(f.name.text);
    entry.set_name(name);
    entry.mutable_options()->set_map_entry(true);
    proto.set_type_name(name);
    FieldDescriptorProto& key = *entry.add_field();
    key.set_name("key");
    key.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    key.set_number(1);
    set_type(f.key, key);
    FieldDescriptorProto& value = *entry.add_field();
    value.set_name("value");
    value.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    value.set_number(2);
    set_type(f.type, value);
  }

  // Everything of a field but what its message has to know.
  void field(ast::Field& f, FieldDescriptorProto& proto, DescriptorProto* group_scope, std::int32_t nested_field) {
    bool is_group = f.group != nullptr;
    info_.add({}, f.at, &f);
    if (!extendee_.empty()) {
      info_.add({kFieldExtendee}, extendee_);
    }
    switch (f.label) {
      case ast::Field::Label::kNone:
        proto.set_label(f.is_map ? FieldDescriptorProto::LABEL_REPEATED : FieldDescriptorProto::LABEL_OPTIONAL);
        break;
      case ast::Field::Label::kOptional:
        proto.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
        if (proto3_) proto.set_proto3_optional(true);
        break;
      case ast::Field::Label::kRequired: proto.set_label(FieldDescriptorProto::LABEL_REQUIRED); break;
      case ast::Field::Label::kRepeated: proto.set_label(FieldDescriptorProto::LABEL_REPEATED); break;
    }
    if (f.label != ast::Field::Label::kNone) info_.add({kFieldLabel}, {f.label_at, f.label_at});
    bool scalar = f.type.scalar != 0 && !f.is_map;
    if (!f.is_map) set_type(f.type, proto);
    info_.add({scalar ? kFieldType : kFieldTypeName}, f.type_at);
    proto.set_name(f.name.text);
    info_.add({kName}, f.name.at);
    proto.set_number(f.number);
    info_.add({kFieldNumber}, f.number_at);
    if (!f.options.at.empty()) field_options(f, proto);
    if (is_group) group(f, proto, group_scope, nested_field);
  }

  void field_options(ast::Field& f, FieldDescriptorProto& proto) {
    info_.add({kFieldOptions}, f.options.at);
    for (ast::Option& option : f.options.options) {
      switch (option.option_kind) {
        case ast::Option::Kind::kDefault: {
          if (proto.has_default_value()) error(option.name_at, "Already set option \"default\".");
          info_.add({kFieldDefault}, {option.value.at.first, option.value.at.last});
          std::string text, problem;
          if (default_value_text(f, option.value, text, problem)) {
            proto.set_default_value(text);
          } else {
            error(option.value.at, problem);
          }
          break;
        }
        case ast::Option::Kind::kJsonName:
          if (proto.has_json_name()) error(option.name_at, "Already set option \"json_name\".");
          info_.add({kFieldJsonName}, option.at);
          info_.add({kFieldJsonName}, option.value.at);
          if (!extendee_.empty()) {
            error(option.name_at, "option json_name is not allowed on extension fields.");
          } else if (option.value.kind != ast::Value::Kind::kString) {
            error(option.value.at, "Expected string for JSON name.");
          } else {
            proto.set_json_name(option.value.text);
          }
          break;
        case ast::Option::Kind::kOption: option.location = info_.add({kFieldOptions, kUninterpreted, 0}, option.at); break;
      }
    }
  }

  // A group is a field and a message at once, so its places overlap.
  void group(ast::Field& f, FieldDescriptorProto& proto, DescriptorProto* scope_message, std::int32_t nested_field) {
    bool top_level = scope_message == nullptr;  // in an extend block outside of all messages
    f.group->index = top_level ? out_.message_type_size() : scope_message->nested_type_size();
    DescriptorProto& g = top_level ? *out_.add_message_type() : *scope_message->add_nested_type();
    if (top_level) nested_field = kFileMessage;
    g.set_name(f.name.text);
    std::string lower(f.name.text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    proto.set_name(lower);
    proto.set_type_name(f.name.text);
    Scope sibling(info_, nested_field, f.group->index);
    info_.add({}, f.at, f.group);
    info_.add({kName}, f.name.at);
    {
      Scope field_again(info_, sibling);
      info_.add({kFieldTypeName}, f.name.at);
    }
    message_body(*f.group, g);
  }

  void oneof(ast::Oneof& o, DescriptorProto& out) {
    o.index = out.oneof_decl_size();
    OneofDescriptorProto& proto = *out.add_oneof_decl();
    proto.set_name(o.name.text);
    {
      Scope scope(info_, {kMessageOneof, o.index});
      info_.add({}, o.at, &o);
      info_.add({kName}, o.name.at);
    }
    for (ast::Decl& decl : o.body) {
      if (decl.kind == DeclKind::kField) {
        message_field(static_cast<ast::Field&>(decl), out, o.index);
      } else {
        Scope scope(info_, {kMessageOneof, o.index});
        option_statement(static_cast<ast::Option&>(decl), kOneofOptions);
      }
    }
  }

  template <typename Proto>
  void extend(ast::Extend& e, Proto& out, std::int32_t extension_field, DescriptorProto* group_scope) {
    info_.add({extension_field}, e.at, &e);
    for (ast::Field& f : e.fields) {
      f.index = out.extension_size();
      FieldDescriptorProto& proto = *out.add_extension();
      proto.set_extendee(e.extendee.text);
      Scope scope(info_, {extension_field, f.index});
      extendee_ = e.extendee.at;
      field(f, proto, group_scope, kMessageNested);
      extendee_ = {};
    }
  }

  void reserved(ast::Ranges& r, DescriptorProto& out) {
    std::int32_t field = r.names.empty() ? kMessageReservedRange : kMessageReservedName;
    info_.add({field}, r.at, &r);
    for (ast::NumberRange& range : r.ranges) {
      range.index = out.reserved_range_size();
      auto& proto = *out.add_reserved_range();
      proto.set_start(range.first);
      proto.set_end(range.to_max ? kMaxFieldNumber + 1 : end_of(range));
      range_locations(range, field);
    }
    for (ast::ReservedName& name : r.names) {
      name.index = out.reserved_name_size();
      info_.add({field, name.index}, name.at);
      check_reserved_name(name);
      out.add_reserved_name(name.name);
    }
  }

  // Exclusive, of message ranges. The largest int32 has no successor: then the range is checked as too large anyway.
  static std::int32_t end_of(const ast::NumberRange& range) { return range.last == INT32_MAX ? range.last : range.last + 1; }

  void check_reserved_name(const ast::ReservedName& name) {
    for (std::size_t i = 0; i < name.name.size(); ++i) {
      char c = name.name[i];
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (letter || (i > 0 && c >= '0' && c <= '9')) continue;
      report_.warning(*file_.source, file_.span(name.at), "Reserved name \"" + std::string(name.name) + "\" is not a valid identifier.");
      return;
    }
  }

  void range_locations(const ast::NumberRange& range, std::int32_t field) {
    info_.add({field, range.index}, range.at);
    info_.add({field, range.index, kRangeStart}, range.first_at);
    info_.add({field, range.index, kRangeEnd}, range.last_at);
  }

  void extension_ranges(ast::Ranges& r, DescriptorProto& out) {
    info_.add({kMessageExtensionRange}, r.at, &r);
    std::int32_t first = out.extension_range_size();
    for (ast::NumberRange& range : r.ranges) {
      range.index = out.extension_range_size();
      auto& proto = *out.add_extension_range();
      proto.set_start(range.first);
      proto.set_end(range.to_max ? kMaxFieldNumber + 1 : end_of(range));
      range_locations(range, kMessageExtensionRange);
    }
    r.index = first;
    if (r.options.at.empty()) return;
    // The options belong to each of the ranges; the option's own entry is that of the first.
    for (std::int32_t i = first; i < out.extension_range_size(); ++i) {
      Scope scope(info_, {kMessageExtensionRange, i});
      if (i == first) {
        option_list(r.options, kRangeOptions);
      } else {
        info_.add({kRangeOptions}, r.options.at);
        for (ast::Option& option : r.options.options) info_.add({kRangeOptions, kUninterpreted, 0}, option.at);
      }
    }
  }

  void enumeration(ast::Enum& e, EnumDescriptorProto& out) {
    info_.add({}, e.at, &e);
    out.set_name(e.name.text);
    info_.add({kName}, e.name.at);
    for (ast::Decl& decl : e.body) {
      switch (decl.kind) {
        case DeclKind::kEnumValue: {
          auto& v = static_cast<ast::EnumValue&>(decl);
          v.index = out.value_size();
          auto& proto = *out.add_value();
          proto.set_name(v.name.text);
          proto.set_number(v.number);
          Scope scope(info_, {kEnumValue, v.index});
          info_.add({}, v.at, &v);
          info_.add({kName}, v.name.at);
          info_.add({kValueNumber}, v.number_at);
          option_list(v.options, kValueOptions);
          break;
        }
        case DeclKind::kOption: option_statement(static_cast<ast::Option&>(decl), kEnumOptions); break;
        case DeclKind::kReserved: {
          auto& r = static_cast<ast::Ranges&>(decl);
          std::int32_t field = r.names.empty() ? kEnumReservedRange : kEnumReservedName;
          info_.add({field}, r.at, &r);
          for (ast::NumberRange& range : r.ranges) {
            range.index = out.reserved_range_size();
            auto& proto = *out.add_reserved_range();
            proto.set_start(range.first);
            proto.set_end(range.to_max ? INT32_MAX : range.last);
            range_locations(range, field);
          }
          for (ast::ReservedName& name : r.names) {
            name.index = out.reserved_name_size();
            info_.add({field, name.index}, name.at);
            check_reserved_name(name);
            out.add_reserved_name(name.name);
          }
          break;
        }
        default: break;
      }
    }
  }

  void service(ast::Service& s, ServiceDescriptorProto& out) {
    info_.add({}, s.at, &s);
    out.set_name(s.name.text);
    info_.add({kName}, s.name.at);
    for (ast::Decl& decl : s.body) {
      if (decl.kind == DeclKind::kOption) {
        option_statement(static_cast<ast::Option&>(decl), kServiceOptions);
        continue;
      }
      auto& m = static_cast<ast::Method&>(decl);
      m.index = out.method_size();
      MethodDescriptorProto& proto = *out.add_method();
      Scope scope(info_, {kServiceMethod, m.index});
      info_.add({}, m.at, &m);
      proto.set_name(m.name.text);
      info_.add({kName}, m.name.at);
      if (m.client_streaming) {
        proto.set_client_streaming(true);
        info_.add({kMethodClientStreaming}, {m.client_stream_at, m.client_stream_at});
      }
      proto.set_input_type(m.input.text);
      info_.add({kMethodInput}, m.input.at);
      if (m.server_streaming) {
        proto.set_server_streaming(true);
        info_.add({kMethodServerStreaming}, {m.server_stream_at, m.server_stream_at});
      }
      proto.set_output_type(m.output.text);
      info_.add({kMethodOutput}, m.output.at);
      if (file_.tokens.text(m.end) == "{") proto.mutable_options();
      for (ast::Decl& option : m.body) option_statement(static_cast<ast::Option&>(option), kMethodOptions);
    }
  }

  void error(ast::Range at, std::string message) { report_.error(*file_.source, file_.span(at), std::move(message)); }

  ast::File& file_;
  FileDescriptorProto& out_;
  Report& report_;
  SourceInfoWriter info_;
  ast::Range extendee_;  // of the extend block that is being built
  bool proto3_ = false;
};

}  // namespace

void build_descriptor(ast::File& file, bool source_info, FileDescriptorProto& out, Report& report) {
  Builder(file, source_info, out, report).run();
}

}  // namespace godwit::compiler
