#include "godwit/proto/json/json_printer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "godwit/proto/json/base64.h"

namespace godwit::proto {
namespace {

constexpr const char* kNotUtf8 = "the string is not valid UTF-8";

// A map's key as text; numbers are written into `digits`.
std::string_view key_text(const Value& key, char (&digits)[24]) {
  const auto number = [&](auto value) {
    return std::string_view(digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits));
  };
  switch (key.type()) {
    case ValueType::kInt32: return number(key.int32());
    case ValueType::kInt64: return number(key.int64());
    case ValueType::kUint32: return number(key.uint32());
    case ValueType::kUint64: return number(key.uint64());
    case ValueType::kBool: return key.boolean() ? "true" : "false";
    default: return key.text();
  }
}

}  // namespace

JsonPrinter::JsonPrinter(std::string& out, const JsonPrintOptions& options)
    : writer_(out, options.pretty ? JsonWriter::Style::kPretty : JsonWriter::Style::kCompact),
      options_(options),
      max_depth_(std::min(options.max_depth, kMaxJsonDepth)) {}

std::string JsonPrinter::error_text() const { return path_.text().empty() ? error_ : path_.text() + ": " + error_; }

bool JsonPrinter::enter() {
  if (depth_ == max_depth_) return fail("more than " + std::to_string(max_depth_) + " levels of objects and arrays");
  ++depth_;
  return true;
}

bool JsonPrinter::message(const Message& message, const MessageDescriptor& type) {
  const WellKnown kind = well_known_of(message.Table());
  if (kind != WellKnown::kNone) return well_known(message, type, kind);
  if (!enter()) return false;
  writer_.begin_object();
  if (!members(message, type)) return false;
  writer_.end_object();
  return leave();
}

bool JsonPrinter::members(const Message& message, const MessageDescriptor& type) {
  for (const FieldEntry& entry : message.Table().all_entries()) {
    if (!entry.is_field()) continue;
    const bool present = has(message, entry);
    if (!present && !options_.always_print_fields_without_presence) continue;
    const FieldDescriptor& found = *type.find_field(static_cast<std::int32_t>(entry.number()));
    if (!present && found.has_presence()) continue;
    const std::string_view name = options_.preserve_proto_field_names ? found.name() : found.json_name();
    if (!writer_.key(name)) return fail("the JSON name of field " + std::string(found.full_name()) + " is not valid UTF-8");
    if (!field(message, found, entry)) {
      path_.prepend_field(name);
      return false;
    }
  }
  return true;
}

bool JsonPrinter::field(const Message& message, const FieldDescriptor& field, const FieldEntry& entry) {
  if (entry.is_map()) return map(message, field, entry);
  if (entry.is_repeated()) return list(message, field, entry);
  return value(field, get(message, entry));
}

bool JsonPrinter::list(const Message& message, const FieldDescriptor& field, const FieldEntry& entry) {
  if (!enter()) return false;
  writer_.begin_array();
  const std::size_t size = count(message, entry);
  for (std::size_t i = 0; i < size; ++i) {
    if (!value(field, get(message, entry, i))) return in_index(i);
  }
  writer_.end_array();
  return leave();
}

bool JsonPrinter::map(const Message& message, const FieldDescriptor& field, const FieldEntry& entry) {
  if (!enter()) return false;
  writer_.begin_object();
  const std::size_t size = count(message, entry);
  for (std::size_t i = 0; i < size; ++i) {
    const Value key = map_key(message, entry, i);
    char digits[24];
    const std::string_view text = key_text(key, digits);
    if (!writer_.key(text)) return fail(kNotUtf8), in_key(text);
    if (!value(*field.map_value(), map_value(message, entry, i))) return in_key(text);
  }
  writer_.end_object();
  return leave();
}

bool JsonPrinter::value(const FieldDescriptor& field, const Value& value) {
  switch (value.type()) {
    case ValueType::kInt32: writer_.number(std::int64_t{value.int32()}); return true;
    case ValueType::kUint32: writer_.number(std::uint64_t{value.uint32()}); return true;
    case ValueType::kInt64: writer_.quoted_number(value.int64()); return true;
    case ValueType::kUint64: writer_.quoted_number(value.uint64()); return true;
    case ValueType::kDouble: return float64(value.float64());
    case ValueType::kFloat: return float32(value.float32());
    case ValueType::kBool: writer_.boolean(value.boolean()); return true;
    case ValueType::kEnum: {
      if (is_null_value(*field.enum_type())) {
        writer_.null();
        return true;
      }
      const EnumValueDescriptor* named = options_.enums_as_ints ? nullptr : field.enum_type()->find_value(value.enum_number());
      if (named != nullptr) return writer_.string(named->name());
      writer_.number(std::int64_t{value.enum_number()});
      return true;
    }
    case ValueType::kString: return writer_.string(value.text()) || fail(kNotUtf8);
    case ValueType::kBytes:
      scratch_ = '"';
      append_base64(scratch_, value.text());
      scratch_ += '"';
      writer_.raw(scratch_);
      return true;
    case ValueType::kMessage: return message(value.message(), *field.message_type());
  }
  return false;
}

bool JsonPrinter::float64(double value) {
  if (std::isfinite(value)) {
    writer_.number(value);
  } else {
    writer_.raw(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  }
  return true;
}

bool JsonPrinter::float32(float value) {
  if (!std::isfinite(value)) return float64(value);
  writer_.number(value);
  return true;
}

Result<void, Error> append_json(const Message& message, std::string& out, const JsonPrintOptions& options) {
  const std::size_t before = out.size();
  JsonPrinter printer(out, options);
  if (printer.message(message, message_descriptor(message.Table()))) return {};
  out.resize(before);
  return Failure(Error(message.GetTypeName() + " has no JSON form: " + printer.error_text()));
}

Result<std::string, Error> to_json(const Message& message, const JsonPrintOptions& options) {
  std::string out;
  auto appended = append_json(message, out, options);
  if (!appended.ok()) return Failure(std::move(appended.error()));
  return out;
}

}  // namespace godwit::proto
