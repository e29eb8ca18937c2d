#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "godwit/base/json_tokenizer.h"
#include "godwit/proto/json/json.h"
#include "godwit/proto/json/well_known.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::proto {

// Reads one JSON text into one message. Internal to from_json().
//
// Every function below begins at the first token of its value and ends at the last one. They return false when
// something is wrong; the path of the error grows as they return.
class JsonParser {
 public:
  JsonParser(std::string_view text, const JsonParseOptions& options);

  bool parse(Message& message, const MessageDescriptor& type);
  // After false.
  JsonError take_error();

 private:
  enum class Outcome : std::uint8_t { kOk, kSkip, kFail };
  // The members of an object that were seen, by their field's index.
  class Seen;
  // Whether "@type" stands among the members of an object.
  enum class Members : std::uint8_t { kPlain, kOfAny };

  // json_parser.cc
  bool message(Message& message, const MessageDescriptor& type);
  bool members(Message& message, const MessageDescriptor& type, Members kind);
  bool unknown_member(const MessageDescriptor& type);
  bool field(Message& message, const FieldDescriptor& field);
  bool list(Message& message, const FieldDescriptor& field, const FieldEntry& entry);
  bool map(Message& message, const FieldDescriptor& field, const FieldEntry& entry);
  bool map_entry(Message& message, const FieldDescriptor& field, const FieldEntry& entry, const Value& key);
  const FieldDescriptor* find_field(const MessageDescriptor& type, std::string_view key, std::size_t hint);

  // json_parser_scalar.cc
  // The value refers to text that is valid until the next token.
  Outcome scalar(const FieldDescriptor& field, Value& value);
  Outcome enum_value(const FieldDescriptor& field, Value& value);
  bool integer(std::int64_t min, std::int64_t max, std::string_view type, std::int64_t& value);
  bool unsigned_integer(std::uint64_t max, std::string_view type, std::uint64_t& value);
  bool float64(double& value);
  bool float32(float& value);
  bool map_key(FieldType type, Value& value);

  // json_parser_well_known.cc
  bool well_known(Message& message, const MessageDescriptor& type, WellKnown kind);
  bool any(Message& message);
  bool any_type(std::string& type_url, std::size_t& place);
  bool any_value(Message& content, const MessageDescriptor& type);
  bool timestamp(Message& message);
  bool duration(Message& message);
  bool field_mask(Message& message);
  bool struct_object(Message& message);
  bool struct_value(Message& message);
  bool struct_list(Message& message);

  // Goes to the next token.
  bool next() { return tokens_.next() != JsonToken::kError || syntax_error(); }
  bool syntax_error();
  bool fail(std::string message) { return fail_at(tokens_.offset(), std::move(message)); }
  bool fail_at(std::size_t offset, std::string message);
  // "expected string, got number"
  bool expected(std::string_view what);
  bool in_field(std::string_view name);
  bool in_index(std::size_t index);
  bool in_key(std::string_view key);

  JsonTokenizer tokens_;
  const JsonParseOptions& options_;
  std::string decoded_;  // of base64
  JsonError error_;
  JsonPath path_;
  // By JSON name, of types with many fields, made at the first look-up.
  std::unordered_map<const MessageDescriptor*, std::unordered_map<std::string_view, const FieldDescriptor*>> json_names_;
};

}  // namespace godwit::proto
