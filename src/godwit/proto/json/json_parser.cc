#include "godwit/proto/json/json_parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "godwit/proto/schema/suggest.h"

namespace godwit::proto {
namespace {

bool is_message(const FieldDescriptor& field) {
  return field.type() == FieldType::kMessage || field.type() == FieldType::kGroup;
}

// Null is a value of these; of all other fields it says that there is none.
bool takes_null(const FieldDescriptor& field, const MessageTable* message) {
  if (field.enum_type() != nullptr) return is_null_value(*field.enum_type());
  return message != nullptr && well_known_of(*message) == WellKnown::kValue;
}

}  // namespace

class JsonParser::Seen {
 public:
  // False when it was seen before.
  bool add(const MessageDescriptor& type, std::size_t index) {
    if (index < 64) {
      const std::uint64_t bit = std::uint64_t{1} << index;
      if (first_ & bit) return false;
      first_ |= bit;
      return true;
    }
    if (rest_.empty()) rest_.resize(type.fields().size() - 64);
    if (rest_[index - 64]) return false;
    rest_[index - 64] = true;
    return true;
  }

 private:
  std::uint64_t first_ = 0;
  std::vector<bool> rest_;
};

JsonParser::JsonParser(std::string_view text, const JsonParseOptions& options)
    : tokens_(text, std::min(options.max_depth, kMaxJsonDepth)), options_(options) {}

bool JsonParser::parse(Message& root, const MessageDescriptor& type) {
  return next() && message(root, type) && next();
}

JsonError JsonParser::take_error() {
  error_.path = path_.text();
  return std::move(error_);
}

bool JsonParser::message(Message& message, const MessageDescriptor& type) {
  const WellKnown kind = well_known_of(message.Table());
  if (kind != WellKnown::kNone) return well_known(message, type, kind);
  if (tokens_.token() != JsonToken::kBeginObject) return expected("object");
  return members(message, type, Members::kPlain);
}

bool JsonParser::members(Message& message, const MessageDescriptor& type, Members kind) {
  Seen seen;
  bool type_seen = false;
  std::size_t hint = 0;
  for (;;) {
    if (!next()) return false;
    if (tokens_.token() == JsonToken::kEndObject) return true;
    const std::string_view key = tokens_.text();
    const FieldDescriptor* found = find_field(type, key, hint);
    if (found == nullptr) {
      if (kind == Members::kOfAny && key == "@type") {  // any_type() has read it
        if (std::exchange(type_seen, true)) return fail("duplicate key \"@type\"");
        if (!next()) return false;
      } else if (kind == Members::kOfAny && key == "value" && type.full_name() == "google.protobuf.Empty") {
        if (!next()) return false;
        if (!this->message(message, type)) return in_field("value");
      } else if (!unknown_member(type)) {
        return false;
      }
      continue;
    }
    const auto index = static_cast<std::size_t>(found->index());
    if (!seen.add(type, index)) return fail("duplicate key " + quote_for_error(key) + " of field " + std::string(found->name()));
    hint = index + 1;
    const std::string_view name = key == found->json_name() ? found->json_name() : found->name();
    if (!next() || !field(message, *found)) return in_field(name);
  }
}

bool JsonParser::unknown_member(const MessageDescriptor& type) {
  const std::string_view key = tokens_.text();
  if (options_.ignore_unknown_fields) {
    if (!next()) return false;
    return tokens_.skip_value() || syntax_error();
  }
  std::string text = std::string(type.full_name()) + " has no field " + quote_for_error(key);
  std::vector<std::string_view> names;
  for (const FieldDescriptor& field : type.fields()) names.push_back(field.json_name());
  const std::string_view nearest = nearest_name(key, names);
  if (!nearest.empty()) text += "; did you mean " + quote_for_error(nearest) + "?";
  if (key.starts_with('[')) text += "; extensions have no JSON form here";
  return fail(std::move(text));
}

const FieldDescriptor* JsonParser::find_field(const MessageDescriptor& type, std::string_view key, std::size_t hint) {
  constexpr std::size_t kMany = 32;
  const auto fields = type.fields();
  if (hint < fields.size() && fields[hint].json_name() == key) return &fields[hint];
  const FieldDescriptor* found = nullptr;
  if (fields.size() <= kMany) {
    found = type.find_field_by_json_name(key);
  } else {
    auto& names = json_names_[&type];
    if (names.empty()) {
      for (const FieldDescriptor& field : fields) names.emplace(field.json_name(), &field);
    }
    const auto entry = names.find(key);
    if (entry != names.end()) found = entry->second;
  }
  return found != nullptr ? found : type.find_field(key);
}

bool JsonParser::field(Message& message, const FieldDescriptor& field) {
  const FieldEntry& entry = *entry_of(message, field);
  if (tokens_.token() == JsonToken::kNull) {
    if (entry.is_map() || entry.is_repeated() || !takes_null(field, message.Table().message_of(entry))) return true;
  }
  if (entry.is_map()) return map(message, field, entry);
  if (entry.is_repeated()) return list(message, field, entry);
  const std::uint32_t other = which_oneof(message, entry);
  if (other != 0) {
    const FieldDescriptor* set_before = field.containing_type().find_field(static_cast<std::int32_t>(other));
    return fail("oneof " + std::string(field.containing_oneof()->name()) + " has two members: " +
                std::string(set_before->json_name()) + " is set already");
  }
  if (is_message(field)) return this->message(mutable_message(message, entry), *field.message_type());
  Value value;
  const Outcome outcome = scalar(field, value);
  if (outcome == Outcome::kOk) set(message, entry, value);
  return outcome != Outcome::kFail;
}

bool JsonParser::list(Message& message, const FieldDescriptor& field, const FieldEntry& entry) {
  if (tokens_.token() != JsonToken::kBeginArray) return expected("array");
  const MessageTable* const element_table = message.Table().message_of(entry);
  const bool null_allowed = takes_null(field, element_table);
  for (std::size_t index = 0;; ++index) {
    if (!next()) return false;
    if (tokens_.token() == JsonToken::kEndArray) return true;
    if (tokens_.token() == JsonToken::kNull && !null_allowed) return fail("null cannot be an element of a list"), in_index(index);
    if (element_table != nullptr) {
      if (!this->message(add_message(message, entry), *field.message_type())) return in_index(index);
      continue;
    }
    Value value;
    const Outcome outcome = scalar(field, value);
    if (outcome == Outcome::kFail) return in_index(index);
    if (outcome == Outcome::kOk) add(message, entry, value);
  }
}

bool JsonParser::map(Message& message, const FieldDescriptor& field, const FieldEntry& entry) {
  if (tokens_.token() != JsonToken::kBeginObject) return expected("object");
  std::string key;  // the token's text ends with the next token
  for (;;) {
    if (!next()) return false;
    if (tokens_.token() == JsonToken::kEndObject) return true;
    key = tokens_.text();
    Value key_value = Value::of_string(key);
    if (!map_key(field.map_key()->type(), key_value)) return in_key(key);
    if (map_contains(message, entry, key_value)) return fail("duplicate key " + quote_for_error(key));
    if (!next() || !map_entry(message, field, entry, key_value)) return in_key(key);
  }
}

bool JsonParser::map_entry(Message& message, const FieldDescriptor& field, const FieldEntry& entry, const Value& key) {
  const FieldDescriptor& value_field = *field.map_value();
  const MessageTable* const value_table = entry.message->message_of(entry.message->entries()[2]);
  if (tokens_.token() == JsonToken::kNull && !takes_null(value_field, value_table)) return fail("null cannot be a value of a map");
  if (value_table != nullptr) return this->message(mutable_map_message(message, entry, key), *value_field.message_type());
  Value value;
  const Outcome outcome = scalar(value_field, value);
  if (outcome == Outcome::kOk) map_set(message, entry, key, value);
  return outcome != Outcome::kFail;
}

bool JsonParser::syntax_error() {
  error_ = tokens_.error();
  return false;
}

bool JsonParser::fail_at(std::size_t offset, std::string message) {
  error_.position = tokens_.position_of(offset);
  error_.message = std::move(message);
  return false;
}

bool JsonParser::expected(std::string_view what) {
  return fail("expected " + std::string(what) + ", got " + std::string(json_token_name(tokens_.token())));
}

bool JsonParser::in_field(std::string_view name) { return path_.prepend_field(name), false; }
bool JsonParser::in_index(std::size_t index) { return path_.prepend_index(index), false; }
bool JsonParser::in_key(std::string_view key) { return path_.prepend_key(key), false; }

Result<void, JsonError> from_json(std::string_view text, Message& message, const JsonParseOptions& options) {
  message.Clear();
  JsonParser parser(text, options);
  if (!parser.parse(message, message_descriptor(message.Table()))) return Failure(parser.take_error());
  return {};
}

}  // namespace godwit::proto
