#include "godwit/compiler/options/value_encoder.h"

#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "godwit/base/text.h"
#include "godwit/compiler/options/wire_writer.h"

namespace godwit::compiler {

using proto::FieldDescriptor;
using proto::FieldType;
using proto::MessageDescriptor;
using proto::WireType;
using Kind = ast::Value::Kind;

namespace {

std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}

}  // namespace

bool ValueEncoder::fail(ast::Range at, std::string message, std::string help) {
  report_.error(*file_.source, file_.span(at), std::move(message)).help = std::move(help);
  return false;
}

bool ValueEncoder::integer(const FieldDescriptor& field, const ast::Value& value, std::string_view option_name,
                           std::int64_t min, std::uint64_t max, std::uint64_t& out) {
  bool fits = value.kind == Kind::kInteger && !value.too_large;
  if (fits && value.negative)
    fits =
        value.integer <= static_cast<std::uint64_t>(-(min + 1)) + (min < 0 ? 1 : 0) && (min < 0 || value.integer == 0);
  if (fits && !value.negative) fits = value.integer <= max;
  if (!fits) {
    return fail(value.at, "Value must be integer, from " + std::to_string(min) + " to " + std::to_string(max) +
                              ", for " + std::string(proto::field_type_name(field.type())) + " option " +
                              in_quotes(option_name) + ".");
  }
  out = value.negative ? ~value.integer + 1 : value.integer;
  return true;
}

bool ValueEncoder::number(const FieldDescriptor& field, const ast::Value& value, std::string_view option_name,
                          double& out) {
  if (value.kind == Kind::kInteger || value.kind == Kind::kFloat) {
    out = value.number;
  } else if (value.kind == Kind::kIdentifier && (value.text == "inf" || value.text == "infinity")) {
    out = std::numeric_limits<double>::infinity();
  } else if (value.kind == Kind::kIdentifier && value.text == "nan") {
    out = std::numeric_limits<double>::quiet_NaN();
  } else {
    return fail(value.at, "Value must be number for " + std::string(proto::field_type_name(field.type())) + " option " +
                              in_quotes(option_name) + ".");
  }
  if (value.negative) out = -out;
  return true;
}

bool ValueEncoder::boolean(const ast::Value& value, std::string_view option_name, bool in_literal, bool& out) {
  if (value.kind == Kind::kIdentifier && !value.negative) {
    if (value.text == "true" || (in_literal && (value.text == "t" || value.text == "True"))) return out = true, true;
    if (value.text == "false" || (in_literal && (value.text == "f" || value.text == "False"))) return out = false, true;
  }
  if (in_literal && value.kind == Kind::kInteger && !value.negative && value.integer <= 1) {
    out = value.integer == 1;
    return true;
  }
  return fail(value.at, "Value must be \"true\" or \"false\" for boolean option " + in_quotes(option_name) + ".");
}

bool ValueEncoder::enumeration(const FieldDescriptor& field, const ast::Value& value, std::string_view option_name,
                               bool in_literal, std::int32_t& out) {
  const proto::EnumDescriptor& type = *field.enum_type();
  if (in_literal && value.kind == Kind::kInteger) {
    std::uint64_t v = 0;
    if (!integer(field, value, option_name, std::numeric_limits<std::int32_t>::min(),
                 std::numeric_limits<std::int32_t>::max(), v))
      return false;
    out = static_cast<std::int32_t>(v);
    if (type.is_closed() && type.find_value(out) == nullptr) {
      return fail(value.at, "Enum type " + in_quotes(type.full_name()) + " has no value with number " +
                                std::to_string(out) + " for option " + in_quotes(option_name) + ".");
    }
    return true;
  }
  if (value.kind != Kind::kIdentifier || value.negative) {
    return fail(value.at, "Value must be identifier for enum-valued option " + in_quotes(option_name) + ".");
  }
  const proto::EnumValueDescriptor* found = type.find_value(value.text);
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& v : type.values()) names.push_back(v.name());
    std::string_view nearest = nearest_name(value.text, names);
    return fail(value.at,
                "Enum type " + in_quotes(type.full_name()) + " has no value named " + in_quotes(value.text) +
                    " for option " + in_quotes(option_name) + ".",
                nearest.empty() ? "" : "did you mean " + in_quotes(nearest) + "?");
  }
  out = found->number();
  return true;
}

bool ValueEncoder::encode(const FieldDescriptor& field, const ast::Value& value, std::string_view option_name,
                          bool in_literal, std::string& out) {
  if (value.kind == Kind::kList) {
    if (!field.is_repeated())
      return fail(value.at, "Field " + in_quotes(field.name()) + " is not repeated: it takes one value, not a list.");
    for (const ast::Value& element : value.list) {
      if (!encode(field, element, option_name, in_literal, out)) return false;
    }
    return true;
  }
  if (field.value_type() == proto::ValueType::kMessage) {
    if (value.kind != Kind::kMessage) {
      std::string name(option_name);
      if (in_literal)
        return fail(value.at, "Field " + in_quotes(field.name()) + " is a message: write " + std::string(field.name()) +
                                  " { ... }.");
      return fail(value.at, "Option " + in_quotes(name) +
                                " is a message. To set the entire message, use syntax like \"" + name +
                                " = { <proto text format> }\". To set fields within it, use syntax like \"" + name +
                                ".foo = value\".");
    }
    std::string body;
    if (!message(*field.message_type(), *value.message, option_name, body)) return false;
    if (field.type() == FieldType::kGroup) {
      put_tag(field.number(), WireType::kStartGroup, out);
      out += body;
      put_tag(field.number(), WireType::kEndGroup, out);
    } else {
      put_tag(field.number(), WireType::kLengthDelimited, out);
      put_bytes(body, out);
    }
    return true;
  }
  return encode_scalar(field, value, option_name, in_literal, out);
}

bool ValueEncoder::encode_scalar(const FieldDescriptor& field, const ast::Value& value, std::string_view option_name,
                                 bool in_literal, std::string& out) {
  std::string bytes;
  WireType wire = WireType::kVarint;
  std::uint64_t u = 0;
  double d = 0;
  constexpr std::int64_t kMin32 = std::numeric_limits<std::int32_t>::min(),
                         kMin64 = std::numeric_limits<std::int64_t>::min();
  constexpr std::uint64_t kMax32 = std::numeric_limits<std::int32_t>::max(),
                          kMax64 = std::numeric_limits<std::int64_t>::max();
  constexpr std::uint64_t kMaxU32 = std::numeric_limits<std::uint32_t>::max(),
                          kMaxU64 = std::numeric_limits<std::uint64_t>::max();
  switch (field.type()) {
    case FieldType::kInt32:
      if (!integer(field, value, option_name, kMin32, kMax32, u)) return false;
      put_varint(u, bytes);
      break;
    case FieldType::kInt64:
      if (!integer(field, value, option_name, kMin64, kMax64, u)) return false;
      put_varint(u, bytes);
      break;
    case FieldType::kSint32:
      if (!integer(field, value, option_name, kMin32, kMax32, u)) return false;
      put_varint(zigzag(static_cast<std::int64_t>(u)) & kMaxU32, bytes);
      break;
    case FieldType::kSint64:
      if (!integer(field, value, option_name, kMin64, kMax64, u)) return false;
      put_varint(zigzag(static_cast<std::int64_t>(u)), bytes);
      break;
    case FieldType::kUint32:
      if (!integer(field, value, option_name, 0, kMaxU32, u)) return false;
      put_varint(u, bytes);
      break;
    case FieldType::kUint64:
      if (!integer(field, value, option_name, 0, kMaxU64, u)) return false;
      put_varint(u, bytes);
      break;
    case FieldType::kFixed32:
    case FieldType::kSfixed32: {
      bool is_signed = field.type() == FieldType::kSfixed32;
      if (!integer(field, value, option_name, is_signed ? kMin32 : 0, is_signed ? kMax32 : kMaxU32, u)) return false;
      wire = WireType::kFixed32;
      put_fixed(static_cast<std::uint32_t>(u), bytes);
      break;
    }
    case FieldType::kFixed64:
    case FieldType::kSfixed64: {
      bool is_signed = field.type() == FieldType::kSfixed64;
      if (!integer(field, value, option_name, is_signed ? kMin64 : 0, is_signed ? kMax64 : kMaxU64, u)) return false;
      wire = WireType::kFixed64;
      put_fixed(u, bytes);
      break;
    }
    case FieldType::kFloat:
      if (!number(field, value, option_name, d)) return false;
      wire = WireType::kFixed32;
      put_fixed(static_cast<float>(d), bytes);
      break;
    case FieldType::kDouble:
      if (!number(field, value, option_name, d)) return false;
      wire = WireType::kFixed64;
      put_fixed(d, bytes);
      break;
    case FieldType::kBool: {
      bool b = false;
      if (!boolean(value, option_name, in_literal, b)) return false;
      put_varint(b ? 1 : 0, bytes);
      break;
    }
    case FieldType::kEnum: {
      std::int32_t e = 0;
      if (!enumeration(field, value, option_name, in_literal, e)) return false;
      put_varint(static_cast<std::uint64_t>(std::int64_t{e}), bytes);
      break;
    }
    case FieldType::kString:
    case FieldType::kBytes:
      if (value.kind != Kind::kString) {
        return fail(value.at, "Value must be quoted string for " + std::string(proto::field_type_name(field.type())) +
                                  " option " + in_quotes(option_name) + ".");
      }
      wire = WireType::kLengthDelimited;
      put_bytes(value.text, bytes);
      break;
    case FieldType::kGroup:
    case FieldType::kMessage:
      return false;
  }
  if (field.is_packed()) {
    put_tag(field.number(), WireType::kLengthDelimited, out);
    put_bytes(bytes, out);
  } else {
    put_tag(field.number(), wire, out);
    out += bytes;
  }
  return true;
}

const FieldDescriptor* ValueEncoder::find_literal_field(const MessageDescriptor& type, const ast::LiteralField& field) {
  if (field.kind == ast::LiteralField::Kind::kExtension) {
    std::string_view scope = type.full_name();
    scope = scope.substr(0, scope.rfind('.') == std::string_view::npos ? 0 : scope.rfind('.'));
    proto::Symbol symbol = linker_.look_up(field.name.text, scope, false);
    const FieldDescriptor* found = symbol.field();
    if (found == nullptr || !found->is_extension() || &found->containing_type() != &type) {
      fail(field.name.at, "Extension " + in_quotes(field.name.text) + " is not defined or is not an extension of " +
                              in_quotes(type.full_name()) + ".");
      return nullptr;
    }
    return found;
  }
  const FieldDescriptor* found = type.find_field(field.name.text);
  if (found != nullptr && found->type() == FieldType::kGroup) found = nullptr;
  if (found == nullptr) {  // a group goes by the name of its type
    for (const FieldDescriptor& f : type.fields()) {
      if (f.type() == FieldType::kGroup && f.message_type()->name() == field.name.text) found = &f;
    }
  }
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (const FieldDescriptor& f : type.fields()) names.push_back(f.name());
    std::string_view nearest = nearest_name(field.name.text, names);
    fail(field.name.at,
         "Message type " + in_quotes(type.full_name()) + " has no field named " + in_quotes(field.name.text) + ".",
         nearest.empty() ? "" : "did you mean " + in_quotes(nearest) + "?");
  }
  return found;
}

bool ValueEncoder::any(const MessageDescriptor& type, const ast::LiteralField& field, std::string_view option_name,
                       std::string& out) {
  if (type.full_name() != "google.protobuf.Any") {
    return fail(field.name.at, "[" + std::string(field.type_url) +
                                   "] can only stand in a google.protobuf.Any, not in " + in_quotes(type.full_name()) +
                                   ".");
  }
  proto::Symbol symbol = linker_.look_up("." + std::string(field.name.text), "", true);
  if (symbol.message() == nullptr) {
    return fail(field.name.at, "Could not find type " + in_quotes(field.type_url) + " stored in google.protobuf.Any.",
                "import the file that defines it");
  }
  if (field.value->kind != Kind::kMessage)
    return fail(field.value->at, "The content of a google.protobuf.Any is a message: write { ... }.");
  std::string body;
  if (!message(*symbol.message(), *field.value->message, option_name, body)) return false;
  put_tag(1, WireType::kLengthDelimited, out);
  put_bytes(field.type_url, out);
  put_tag(2, WireType::kLengthDelimited, out);
  put_bytes(body, out);
  return true;
}

bool ValueEncoder::message(const MessageDescriptor& type, const ast::MessageLiteral& literal,
                           std::string_view option_name, std::string& out) {
  std::unordered_set<const FieldDescriptor*> seen;
  std::unordered_map<const proto::OneofDescriptor*, const FieldDescriptor*> oneofs;
  for (const ast::LiteralField& field : literal.fields) {
    if (field.kind == ast::LiteralField::Kind::kAny) {
      if (!any(type, field, option_name, out)) return false;
      continue;
    }
    const FieldDescriptor* descriptor = find_literal_field(type, field);
    if (descriptor == nullptr) return false;
    if (!descriptor->is_repeated() && !seen.insert(descriptor).second) {
      return fail(field.name.at,
                  "Non-repeated field " + in_quotes(descriptor->name()) + " is specified multiple times.");
    }
    if (const proto::OneofDescriptor* oneof = descriptor->real_containing_oneof()) {
      auto [entry, added] = oneofs.emplace(oneof, descriptor);
      if (!added) {
        return fail(field.name.at, "Field " + in_quotes(descriptor->name()) + " is specified along with field " +
                                       in_quotes(entry->second->name()) + ", another member of oneof " +
                                       in_quotes(oneof->name()) + ".");
      }
    }
    bool is_message = descriptor->value_type() == proto::ValueType::kMessage;
    if (!field.has_colon && !is_message) {
      return fail(field.value->at, "Expected \":\" behind " + in_quotes(field.name.text) + ".");
    }
    if (!encode(*descriptor, *field.value, descriptor->name(), true, out)) return false;
  }
  return true;
}

}  // namespace godwit::compiler
