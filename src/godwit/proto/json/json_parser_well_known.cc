#include <utility>

#include "godwit/base/arena.h"
#include "godwit/proto/json/field_mask_text.h"
#include "godwit/proto/json/json_parser.h"
#include "godwit/proto/json/time_text.h"
#include "godwit/proto/message/serializer.h"

namespace godwit::proto {
bool JsonParser::well_known(Message& message, const MessageDescriptor& type, WellKnown kind) {
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
    case WellKnown::kWrapper: {
      Value value;
      const bool ok = scalar(*type.find_field(1), value) == Outcome::kOk;
      if (ok) set(message, entry(message, 1), value);
      return ok;
    }
    case WellKnown::kNone:
      break;
  }
  GODWIT_ASSERT(!"not a well-known type");
  return false;
}

bool JsonParser::timestamp(Message& message) {
  if (tokens_.token() != JsonToken::kString) return expected("string with a timestamp");
  std::int64_t seconds;
  std::int32_t nanos;
  if (const char* wrong = parse_timestamp(tokens_.text(), seconds, nanos))
    return fail(quote_for_error(tokens_.text()) + ": " + wrong);
  set(message, entry(message, 1), Value::of_int64(seconds));
  set(message, entry(message, 2), Value::of_int32(nanos));
  return true;
}

bool JsonParser::duration(Message& message) {
  if (tokens_.token() != JsonToken::kString) return expected("string with a duration");
  std::int64_t seconds;
  std::int32_t nanos;
  if (const char* wrong = parse_duration(tokens_.text(), seconds, nanos))
    return fail(quote_for_error(tokens_.text()) + ": " + wrong);
  set(message, entry(message, 1), Value::of_int64(seconds));
  set(message, entry(message, 2), Value::of_int32(nanos));
  return true;
}

bool JsonParser::field_mask(Message& message) {
  if (tokens_.token() != JsonToken::kString) return expected("string with the paths of a field mask");
  std::string_view rest = tokens_.text();
  if (rest.empty()) return true;
  std::string path;
  for (;;) {
    const std::size_t comma = rest.find(',');
    path.clear();
    if (const char* wrong = append_mask_path_of_json(path, rest.substr(0, comma))) {
      return fail(quote_for_error(rest.substr(0, comma)) + ": " + wrong);
    }
    add(message, entry(message, 1), Value::of_string(path));
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

bool JsonParser::struct_object(Message& message) {
  if (tokens_.token() != JsonToken::kBeginObject) return expected("object");
  const FieldEntry& fields = entry(message, 1);
  std::string key;
  for (;;) {
    if (!next()) return false;
    if (tokens_.token() == JsonToken::kEndObject) return true;
    key = tokens_.text();
    bool added;
    Message& value = mutable_map_message(message, fields, Value::of_string(key), &added);
    if (!added) return fail("duplicate key " + quote_for_error(key));
    if (!next() || !struct_value(value)) return in_key(key);
  }
}

bool JsonParser::struct_value(Message& message) {
  switch (tokens_.token()) {
    case JsonToken::kNull:
      set(message, entry(message, 1), Value::of_enum(0));
      return true;
    case JsonToken::kNumber: {
      double number = 0;
      if (!float64(number)) return false;
      set(message, entry(message, 2), Value::of_double(number));
      return true;
    }
    case JsonToken::kString:
      set(message, entry(message, 3), Value::of_string(tokens_.text()));
      return true;
    case JsonToken::kTrue:
    case JsonToken::kFalse:
      set(message, entry(message, 4), Value::of_bool(tokens_.token() == JsonToken::kTrue));
      return true;
    case JsonToken::kBeginObject:
      return struct_object(mutable_message(message, entry(message, 5)));
    case JsonToken::kBeginArray:
      return struct_list(mutable_message(message, entry(message, 6)));
    default:
      return expected("value");
  }
}

bool JsonParser::struct_list(Message& message) {
  if (tokens_.token() != JsonToken::kBeginArray) return expected("array");
  const FieldEntry& values = entry(message, 1);
  for (std::size_t index = 0;; ++index) {
    if (!next()) return false;
    if (tokens_.token() == JsonToken::kEndArray) return true;
    if (!struct_value(add_message(message, values))) return in_index(index);
  }
}

bool JsonParser::any(Message& message) {
  if (tokens_.token() != JsonToken::kBeginObject) return expected("object with \"@type\"");
  std::string type_url;
  std::size_t place = 0;
  if (!any_type(type_url, place)) return false;
  if (type_url.empty()) return next();  // {}
  const std::string_view name = type_name_of_url(type_url);
  if (name.empty()) {
    fail_at(place, quote_for_error(type_url) + " names no type; write it as \"type.googleapis.com/package.Message\"");
    return in_field("@type");
  }
  const MessageTable* table = options_.types != nullptr ? options_.types->find(name) : find_generated_type(name);
  if (table == nullptr) {
    fail_at(place, "type " + quote_for_error(name) +
                       " is not known here; give its descriptor to the TypeRegistry of the options");
    return in_field("@type");
  }
  Arena arena;
  Message& content = *Message::create(*table, arena);
  const MessageDescriptor& type = message_descriptor(*table);
  if (well_known_of(*table) != WellKnown::kNone ? !any_value(content, type) : !members(content, type, Members::kOfAny))
    return false;
  std::string bytes;
  if (!append_serialized(content, bytes, {.deterministic = true}))
    return fail_at(place, "the content of the Any is larger than 2 GiB");
  set(message, entry(message, 1), Value::of_string(type_url));
  set(message, entry(message, 2), Value::of_bytes(bytes));
  return true;
}

// Looks ahead for "@type" in the object that has just begun. `type_url` stays empty when the object is.
bool JsonParser::any_type(std::string& type_url, std::size_t& place) {
  JsonTokenizer ahead = tokens_;
  const std::size_t begin = tokens_.offset();
  bool empty = true;
  for (;; empty = false) {
    if (ahead.next() == JsonToken::kEndObject) break;
    if (ahead.token() == JsonToken::kKey) {
      const bool found = ahead.text() == "@type";
      ahead.next();
      if (found && ahead.token() == JsonToken::kString) {
        place = ahead.offset();
        type_url = ahead.text();
        if (!type_url.empty()) return true;
      }
      if (found && ahead.token() != JsonToken::kError) {
        fail_at(ahead.offset(), "expected string with the name of a type, got " +
                                    (type_url.empty() && ahead.token() == JsonToken::kString
                                         ? std::string("\"\"")
                                         : std::string(json_token_name(ahead.token()))));
        return in_field("@type");
      }
      ahead.skip_value();
    }
    if (ahead.token() == JsonToken::kError) {
      error_ = ahead.error();
      return false;
    }
  }
  return empty || fail_at(begin, "an Any needs \"@type\", the name of the type that it holds");
}

// The members of an Any that holds a type with a JSON form of its own: "@type" and "value".
bool JsonParser::any_value(Message& content, const MessageDescriptor& type) {
  const std::size_t begin = tokens_.offset();
  bool type_seen = false, value_seen = false;
  for (;;) {
    if (!next()) return false;
    if (tokens_.token() == JsonToken::kEndObject) break;
    if (tokens_.text() == "@type" || tokens_.text() == "value") {
      const bool is_value = tokens_.text() == "value";
      if (std::exchange(is_value ? value_seen : type_seen, true))
        return fail("duplicate key " + quote_for_error(tokens_.text()));
      if (!next()) return false;
      if (is_value && !message(content, type)) return in_field("value");
    } else {
      if (!options_.ignore_unknown_fields) {
        return fail("an Any of " + std::string(type.full_name()) + " has the members \"@type\" and \"value\", not " +
                    quote_for_error(tokens_.text()));
      }
      if (!next()) return false;
      if (!tokens_.skip_value()) return syntax_error();
    }
  }
  return value_seen || fail_at(begin, "an Any of " + std::string(type.full_name()) + " needs \"value\"");
}

}  // namespace godwit::proto
