#include "godwit/compiler/options/interpreter.h"

#include <algorithm>
#include <map>
#include <memory>

#include "godwit/base/text.h"
#include "godwit/compiler/options/value_encoder.h"
#include "godwit/compiler/options/wire_writer.h"

namespace godwit::compiler {
namespace {

using ast::DeclKind;
using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FieldOptions;
using google::protobuf::FileDescriptorProto;
using proto::FieldDescriptor;
using proto::MessageDescriptor;
using proto::WireType;

std::string join(std::string_view scope, std::string_view name) {
  return scope.empty() ? std::string(name) : std::string(scope) + "." + std::string(name);
}

// What is set so far in the options of one element: a field, and below it fields of its message.
struct SetFields {
  std::map<const FieldDescriptor*, SetFields> fields;
};

// Marks what a message literal sets, so that (a) = { b: 1 } and then (a).b = 2 is found.
void mark_literal(const MessageDescriptor& type, const ast::MessageLiteral& literal, SetFields& set) {
  for (const ast::LiteralField& f : literal.fields) {
    if (f.kind != ast::LiteralField::Kind::kField) continue;
    const FieldDescriptor* field = type.find_field(f.name.text);
    if (field == nullptr) continue;
    SetFields& inner = set.fields[field];
    if (f.value->kind == ast::Value::Kind::kMessage && field->message_type() != nullptr)
      mark_literal(*field->message_type(), *f.value->message, inner);
  }
}

// An element that may have options, as option targets name them.
struct Element {
  FieldOptions::OptionTargetType target;
  std::string_view word;
  const MessageDescriptor& (*generated_type)();  // for files that do not import descriptor.proto
  std::string_view options_type;
};

class Interpreter {
 public:
  Interpreter(const ast::File& tree, FileDescriptorProto& proto, proto::DescriptorPool& pool,
              proto::SchemaLinker& linker, Report& report)
      : tree_(tree), proto_(proto), pool_(pool), linker_(linker), report_(report), encoder_(tree, linker, report) {}

  bool run() {
    static constexpr Element kFile = {FieldOptions::TARGET_TYPE_FILE, "file", google::protobuf::FileOptions::descriptor,
                                      "google.protobuf.FileOptions"};
    package_ = proto_.package();
    body(tree_.body, kFile, package_, [&] { return proto_.mutable_options(); });
    for (ast::Decl& d : tree_.body) {
      switch (d.kind) {
        case DeclKind::kMessage:
          message(static_cast<ast::Message&>(d), *proto_.mutable_message_type(d.index), package_);
          break;
        case DeclKind::kEnum:
          enumeration(static_cast<ast::Enum&>(d), *proto_.mutable_enum_type(d.index), package_);
          break;
        case DeclKind::kExtend:
          for (ast::Field& f : static_cast<ast::Extend&>(d).fields) {
            field(f, *proto_.mutable_extension(f.index), package_);
            if (f.group != nullptr) message(*f.group, *proto_.mutable_message_type(f.group->index), package_);
          }
          break;
        case DeclKind::kService:
          service(static_cast<ast::Service&>(d));
          break;
        default:
          break;
      }
    }
    return ok_;
  }

 private:
  void message(const ast::Message& m, DescriptorProto& out, const std::string& scope) {
    static constexpr Element kMessage = {FieldOptions::TARGET_TYPE_MESSAGE, "message",
                                         google::protobuf::MessageOptions::descriptor,
                                         "google.protobuf.MessageOptions"};
    body(m.body, kMessage, scope, [&] { return out.mutable_options(); });
    std::string inner = join(scope, m.name.text);
    for (ast::Decl& d : m.body) {
      switch (d.kind) {
        case DeclKind::kField: {
          auto& f = static_cast<ast::Field&>(d);
          field(f, *out.mutable_field(f.index), inner);
          if (f.group != nullptr) message(*f.group, *out.mutable_nested_type(f.group->index), inner);
          break;
        }
        case DeclKind::kOneof:
          oneof(static_cast<ast::Oneof&>(d), out, inner);
          break;
        case DeclKind::kMessage:
          message(static_cast<ast::Message&>(d), *out.mutable_nested_type(d.index), inner);
          break;
        case DeclKind::kEnum:
          enumeration(static_cast<ast::Enum&>(d), *out.mutable_enum_type(d.index), inner);
          break;
        case DeclKind::kExtend:
          for (ast::Field& f : static_cast<ast::Extend&>(d).fields) {
            field(f, *out.mutable_extension(f.index), inner);
            if (f.group != nullptr) message(*f.group, *out.mutable_nested_type(f.group->index), inner);
          }
          break;
        case DeclKind::kExtensions:
          extension_ranges(static_cast<ast::Ranges&>(d), out, scope);
          break;
        default:
          break;
      }
    }
  }

  void oneof(const ast::Oneof& o, DescriptorProto& out, const std::string& scope) {
    static constexpr Element kOneof = {FieldOptions::TARGET_TYPE_ONEOF, "oneof",
                                       google::protobuf::OneofOptions::descriptor, "google.protobuf.OneofOptions"};
    body(o.body, kOneof, scope, [&] { return out.mutable_oneof_decl(o.index)->mutable_options(); });
    for (ast::Decl& d : o.body) {
      if (d.kind != DeclKind::kField) continue;
      auto& f = static_cast<ast::Field&>(d);
      field(f, *out.mutable_field(f.index), scope);
      if (f.group != nullptr) message(*f.group, *out.mutable_nested_type(f.group->index), scope);
    }
  }

  void field(const ast::Field& f, FieldDescriptorProto& out, const std::string& scope) {
    static constexpr Element kField = {FieldOptions::TARGET_TYPE_FIELD, "field",
                                       google::protobuf::FieldOptions::descriptor, "google.protobuf.FieldOptions"};
    list(f.options, kField, scope, [&] { return out.mutable_options(); });
  }

  void extension_ranges(const ast::Ranges& r, DescriptorProto& out, const std::string& scope) {
    static constexpr Element kRange = {FieldOptions::TARGET_TYPE_EXTENSION_RANGE, "extension range",
                                       google::protobuf::ExtensionRangeOptions::descriptor,
                                       "google.protobuf.ExtensionRangeOptions"};
    if (r.options.at.empty() || r.ranges.empty()) return;
    bool before = ok_;
    std::int32_t first = r.ranges.head->index;
    list(r.options, kRange, scope, [&] { return out.mutable_extension_range(first)->mutable_options(); });
    if (ok_ != before) return;
    std::int32_t stride = static_cast<std::int32_t>(r.options.options.size) + 1;
    std::int32_t k = 0;
    for (ast::NumberRange& range : r.ranges) {
      if (k > 0) {
        out.mutable_extension_range(range.index)->mutable_options()->CopyFrom(out.extension_range(first).options());
        copy_locations(r.options, stride * k);
      }
      ++k;
    }
  }

  void enumeration(const ast::Enum& e, EnumDescriptorProto& out, const std::string& scope) {
    static constexpr Element kEnum = {FieldOptions::TARGET_TYPE_ENUM, "enum", google::protobuf::EnumOptions::descriptor,
                                      "google.protobuf.EnumOptions"};
    static constexpr Element kValue = {FieldOptions::TARGET_TYPE_ENUM_ENTRY, "enum entry",
                                       google::protobuf::EnumValueOptions::descriptor,
                                       "google.protobuf.EnumValueOptions"};
    body(e.body, kEnum, scope, [&] { return out.mutable_options(); });
    for (ast::Decl& d : e.body) {
      if (d.kind != DeclKind::kEnumValue) continue;
      list(static_cast<ast::EnumValue&>(d).options, kValue, scope,
           [&] { return out.mutable_value(d.index)->mutable_options(); });
    }
  }

  void service(const ast::Service& s) {
    static constexpr Element kService = {FieldOptions::TARGET_TYPE_SERVICE, "service",
                                         google::protobuf::ServiceOptions::descriptor,
                                         "google.protobuf.ServiceOptions"};
    static constexpr Element kMethod = {FieldOptions::TARGET_TYPE_METHOD, "method",
                                        google::protobuf::MethodOptions::descriptor, "google.protobuf.MethodOptions"};
    auto& out = *proto_.mutable_service(s.index);
    body(s.body, kService, package_, [&] { return out.mutable_options(); });
    std::string inner = join(package_, s.name.text);
    for (ast::Decl& d : s.body) {
      if (d.kind != DeclKind::kMethod) continue;
      body(static_cast<ast::Method&>(d).body, kMethod, inner,
           [&] { return out.mutable_method(d.index)->mutable_options(); });
    }
  }

  template <typename Options>
  void body(const ast::List<ast::Decl>& decls, const Element& element, const std::string& scope, Options&& options) {
    start(element);
    bool any = false;
    for (ast::Decl& d : decls) {
      if (d.kind != DeclKind::kOption) continue;
      any = true;
      option(static_cast<ast::Option&>(d), element, scope);
    }
    if (any) store(*options());
  }

  template <typename Options>
  void list(const ast::OptionList& options_list, const Element& element, const std::string& scope, Options&& options) {
    if (options_list.at.empty()) return;
    start(element);
    bool any = false;
    for (ast::Option& o : options_list.options) {
      if (o.option_kind != ast::Option::Kind::kOption) continue;
      any = true;
      option(o, element, scope);
    }
    if (any) store(*options());
  }

  void start(const Element& element) {
    bytes_.clear();
    set_ = {};
    repeated_.clear();
    options_type_ = pool_.find_message(element.options_type);
    if (options_type_ == nullptr) options_type_ = &element.generated_type();
  }

  void store(proto::Message& options) {
    if (bytes_.empty() || !ok_) return;
    if (!options.MergeFromString(bytes_)) fail({0, 0}, "The options of this file are too large.");
  }

  bool fail(ast::Range at, std::string message, std::string help = {}) {
    ok_ = false;
    report_.error(*tree_.source, tree_.span(at), std::move(message)).help = std::move(help);
    return false;
  }

  // The field that one part of an option's name stands for; null after reporting.
  const FieldDescriptor* find_part(const ast::OptionNamePart& part, const MessageDescriptor& type,
                                   const Element& element, const std::string& scope, const ast::Option& option,
                                   std::string_view written) {
    if (!part.is_extension) {
      const FieldDescriptor* found = type.find_field(part.name.text);
      if (found != nullptr) return found;
      std::vector<std::string_view> names;
      for (const FieldDescriptor& f : type.fields()) {
        if (f.name() != "uninterpreted_option") names.push_back(f.name());
      }
      std::string help;
      if (std::string_view nearest = nearest_name(part.name.text, names); !nearest.empty()) {
        help = "did you mean " + in_quotes(nearest) + "?";
      } else if (&part == option.name.head) {
        help = "a custom option is written in parentheses: (" + std::string(part.name.text) + ")";
      }
      fail(part.at,
           "Option " + in_quotes(written) + " unknown: " + in_quotes(type.full_name()) + " has no field " +
               in_quotes(part.name.text) + ".",
           help);
      return nullptr;
    }
    proto::Symbol symbol = linker_.look_up(part.name.text, scope, false);
    if (!symbol) {
      std::string message, help;
      linker_.explain_undefined(part.name.text, scope, false, message, help);
      if (help.empty()) help = "import the file that defines the option";
      fail(part.at, "Option " + in_quotes(written) + " unknown: " + message, help);
      return nullptr;
    }
    const FieldDescriptor* found = symbol.field();
    if (found == nullptr || !found->is_extension()) {
      fail(part.at,
           "Option " + in_quotes(written) + " unknown: " + in_quotes(symbol.full_name) + " is not an extension.");
      return nullptr;
    }
    if (found->containing_type().full_name() != type.full_name()) {
      std::string help;
      if (&part == option.name.head)
        help = "it is an option for something else than a" +
               std::string(element.word[0] == 'e' || element.word[0] == 'o' ? "n " : " ") + std::string(element.word);
      fail(part.at,
           "Option field " + in_quotes(written) + " is not a field or extension of message " + in_quotes(type.name()) +
               "; it extends " + in_quotes(found->containing_type().full_name()) + ".",
           help);
      return nullptr;
    }
    return found;
  }

  bool check_target(const FieldDescriptor& field, const Element& element, const ast::Option& option) {
    auto targets = field.options().targets();
    if (targets.empty() || std::find(targets.begin(), targets.end(), element.target) != targets.end()) return true;
    return fail(option.name_at, "Option " + std::string(field.name()) + " cannot be set on an entity of type `" +
                                    std::string(element.word) + "`.");
  }

  bool option(const ast::Option& option, const Element& element, const std::string& scope) {
    // The name as it stands there, for messages.
    std::string written;
    std::vector<const FieldDescriptor*> fields;
    const MessageDescriptor* type = options_type_;
    SetFields* set = &set_;
    for (const ast::OptionNamePart& part : option.name) {
      bool last = part.next == nullptr;
      if (!written.empty()) written += '.';
      written += part.is_extension ? "(" + std::string(part.name.text) + ")" : std::string(part.name.text);
      if (fields.empty() && !part.is_extension && part.name.text == "uninterpreted_option") {
        return fail(part.at, "Option must not use reserved name \"uninterpreted_option\".");
      }
      if (fields.empty() && !part.is_extension && part.name.text == "features") {
        return fail(part.at, "Features are only valid under editions, which are not supported.", "drop the option");
      }
      const FieldDescriptor* field = find_part(part, *type, element, scope, option, written);
      if (field == nullptr || !check_target(*field, element, option)) return false;
      fields.push_back(field);
      if (!last) {
        if (field->message_type() == nullptr)
          return fail(part.at, "Option " + in_quotes(written) + " is an atomic type, not a message.");
        if (field->is_repeated()) {
          return fail(
              part.at,
              "Option field " + in_quotes(written) +
                  " is a repeated message. Repeated message options must be initialized using an aggregate value.");
        }
        type = field->message_type();
        set = &set->fields[field];
        continue;
      }
      if (!field->is_repeated() && set->fields.contains(field))
        return fail(option.name_at, "Option " + in_quotes(written) + " was already set.");
      SetFields& inner = set->fields[field];
      if (option.value.kind == ast::Value::Kind::kMessage && field->message_type() != nullptr) {
        mark_literal(*field->message_type(), *option.value.message, inner);
      }
    }
    std::string value;
    if (!encoder_.encode(*fields.back(), option.value, written, false, value)) return ok_ = false;
    for (std::size_t i = fields.size() - 1; i-- > 0;) {
      std::string outer;
      if (fields[i]->type() == proto::FieldType::kGroup) {
        put_tag(fields[i]->number(), WireType::kStartGroup, outer);
        outer += value;
        put_tag(fields[i]->number(), WireType::kEndGroup, outer);
      } else {
        put_tag(fields[i]->number(), WireType::kLengthDelimited, outer);
        put_bytes(value, outer);
      }
      value = std::move(outer);
    }
    bytes_ += value;
    set_location(option, fields);
    return true;
  }

  // The path of an option's entry ends with 999, 0 until now: that gives way to the numbers of its fields.
  void set_location(const ast::Option& option, const std::vector<const FieldDescriptor*>& fields) {
    if (option.location < 0) return;
    auto path = proto_.mutable_source_code_info()->mutable_location(option.location)->mutable_path();
    path->Truncate(static_cast<int>(path->size()) - 2);
    std::vector<std::int32_t> key;
    for (const FieldDescriptor* f : fields) {
      path->Add(f->number());
      key.push_back(f->number());
    }
    if (fields.back()->is_repeated()) path->Add(repeated_[key]++);
  }

  // Options of several extension ranges have an entry for each range.
  void copy_locations(const ast::OptionList& options, std::int32_t offset) {
    for (ast::Option& o : options.options) {
      if (o.location < 0) continue;
      auto& info = *proto_.mutable_source_code_info();
      const auto& from = info.location(o.location).path();
      auto to = info.mutable_location(o.location + offset)->mutable_path();
      to->Truncate(static_cast<int>(to->size()) - 2);
      for (std::size_t i = to->size(); i < from.size(); ++i) to->Add(from[i]);
    }
  }

  const ast::File& tree_;
  FileDescriptorProto& proto_;
  proto::DescriptorPool& pool_;
  proto::SchemaLinker& linker_;
  Report& report_;
  ValueEncoder encoder_;
  std::string package_;
  // Of the element at hand.
  const MessageDescriptor* options_type_ = nullptr;
  std::string bytes_;
  SetFields set_;
  std::map<std::vector<std::int32_t>, std::int32_t> repeated_;
  bool ok_ = true;
};

}  // namespace

bool interpret_options(const ast::File& tree, FileDescriptorProto& proto, proto::DescriptorPool& pool,
                       proto::SchemaLinker& linker, Report& report) {
  return Interpreter(tree, proto, pool, linker, report).run();
}

}  // namespace godwit::compiler
