#include <cmath>

#include "godwit/base/arena.h"
#include "godwit/proto/json/field_mask_text.h"
#include "godwit/proto/json/json_printer.h"
#include "godwit/proto/json/time_text.h"
#include "godwit/proto/message/parser.h"

namespace godwit::proto {
namespace {

Value get(const Message& message, std::uint32_t number) { return proto::get(message, entry(message, number)); }

}  // namespace

bool JsonPrinter::well_known(const Message& message, const MessageDescriptor& type, WellKnown kind) {
  switch (kind) {
    case WellKnown::kAny:
      return any(message);
    case WellKnown::kTimestamp:
      return timestamp(message);
    case WellKnown::kDuration:
      return duration(message);
    case WellKnown::kFieldMask:
      return field_mask(message);
    case WellKnown::kStruct:
      return struct_object(message);
    case WellKnown::kValue:
      return struct_value(message);
    case WellKnown::kListValue:
      return struct_list(message);
    case WellKnown::kWrapper:
      return value(*type.find_field(1), get(message, 1));
    case WellKnown::kNone:
      break;
  }
  GODWIT_ASSERT(!"not a well-known type");
  return false;
}

bool JsonPrinter::timestamp(const Message& message) {
  scratch_ = '"';
  if (const char* wrong = append_timestamp(scratch_, get(message, 1).int64(), get(message, 2).int32()))
    return fail(wrong);
  scratch_ += '"';
  writer_.raw(scratch_);
  return true;
}

bool JsonPrinter::duration(const Message& message) {
  scratch_ = '"';
  if (const char* wrong = append_duration(scratch_, get(message, 1).int64(), get(message, 2).int32()))
    return fail(wrong);
  scratch_ += '"';
  writer_.raw(scratch_);
  return true;
}

bool JsonPrinter::field_mask(const Message& message) {
  const FieldEntry& paths = entry(message, 1);
  const std::size_t size = count(message, paths);
  scratch_ = '"';
  for (std::size_t i = 0; i < size; ++i) {
    const std::string_view path = proto::get(message, paths, i).text();
    if (i != 0) scratch_ += ',';
    if (const char* wrong = append_json_mask_path(scratch_, path)) return fail(quote_for_error(path) + ": " + wrong);
  }
  scratch_ += '"';
  writer_.raw(scratch_);
  return true;
}

bool JsonPrinter::struct_object(const Message& message) {
  if (!enter()) return false;
  writer_.begin_object();
  const FieldEntry& fields = entry(message, 1);
  const std::size_t size = count(message, fields);
  for (std::size_t i = 0; i < size; ++i) {
    const std::string_view key = map_key(message, fields, i).text();
    if (!writer_.key(key)) return fail("the key is not valid UTF-8"), in_key(key);
    if (!struct_value(map_value(message, fields, i).message())) return in_key(key);
  }
  writer_.end_object();
  return leave();
}

bool JsonPrinter::struct_value(const Message& message) {
  switch (which_oneof(message, entry(message, 1))) {
    case 1:
      writer_.null();
      return true;
    case 2: {
      const double number = get(message, 2).float64();
      if (!std::isfinite(number)) return fail("a google.protobuf.Value can hold no NaN and no infinity");
      writer_.number(number);
      return true;
    }
    case 3:
      return writer_.string(get(message, 3).text()) || fail("the string is not valid UTF-8");
    case 4:
      writer_.boolean(get(message, 4).boolean());
      return true;
    case 5:
      return struct_object(get(message, 5).message());
    case 6:
      return struct_list(get(message, 6).message());
    default:
      return fail("a google.protobuf.Value without a kind; set null_value for null");
  }
}

bool JsonPrinter::struct_list(const Message& message) {
  if (!enter()) return false;
  writer_.begin_array();
  const FieldEntry& values = entry(message, 1);
  const std::size_t size = count(message, values);
  for (std::size_t i = 0; i < size; ++i) {
    if (!struct_value(proto::get(message, values, i).message())) return in_index(i);
  }
  writer_.end_array();
  return leave();
}

bool JsonPrinter::any(const Message& message) {
  const std::string_view type_url = get(message, 1).text();
  const std::string_view bytes = get(message, 2).text();
  if (!enter()) return false;
  writer_.begin_object();
  if (type_url.empty()) {
    if (!bytes.empty()) return fail("an Any with a value but without a type_url");
    writer_.end_object();
    return leave();
  }
  const std::string_view name = type_name_of_url(type_url);
  if (name.empty())
    return fail("type_url " + quote_for_error(type_url) +
                " names no type; write it as \"type.googleapis.com/package.Message\"");
  const MessageTable* table = options_.types != nullptr ? options_.types->find(name) : find_generated_type(name);
  if (table == nullptr) {
    return fail("type " + quote_for_error(name) +
                " is not known here; give its descriptor to the TypeRegistry of the options");
  }
  Arena arena;
  Message& content = *Message::create(*table, arena);
  const auto parsed = parse(content, as_bytes(bytes));
  if (!parsed.ok()) return fail("the value is no " + std::string(name) + ": " + parsed.error().message());
  if (!writer_.key("@type") || !writer_.string(type_url)) return fail("the type_url is not valid UTF-8");
  const MessageDescriptor& type = message_descriptor(*table);
  const WellKnown kind = well_known_of(*table);
  if (kind == WellKnown::kNone) {
    if (!members(content, type)) return false;
  } else {
    if (!writer_.key("value")) return false;
    if (!well_known(content, type, kind)) {
      path_.prepend_field("value");
      return false;
    }
  }
  writer_.end_object();
  return leave();
}

}  // namespace godwit::proto
