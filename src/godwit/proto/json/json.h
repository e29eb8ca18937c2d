#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/error.h"
#include "godwit/base/json_error.h"
#include "godwit/base/result.h"
#include "godwit/proto/json/type_registry.h"
#include "godwit/proto/message/message.h"

// The JSON mapping of protobuf (protobuf.dev/programming-guides/json), for generated and dynamic messages.
//
// Unknown fields, and so extensions, are not in the JSON form.

namespace godwit::proto {

// The greatest value that max_depth of the options below can have; more is taken as this. The walk is recursive.
inline constexpr std::uint32_t kMaxJsonDepth = 500;

struct JsonPrintOptions {
  // Also print fields that have no presence and hold their default: 0, "", false, [], {}.
  bool always_print_fields_without_presence = false;
  // Names as in the .proto file instead of lowerCamelCase or the field's json_name.
  bool preserve_proto_field_names = false;
  bool enums_as_ints = false;
  // Lines and an indentation of two spaces instead of one line without spaces.
  bool pretty = false;
  // Levels of objects and arrays.
  std::uint32_t max_depth = 200;
  // Where google.protobuf.Any finds types by name; null: among the generated types of the program. Must outlive the call.
  const TypeRegistry* types = nullptr;
};

struct JsonParseOptions {
  // Skip members that the message has no field for, and enum values whose name is not known. Otherwise they are errors.
  bool ignore_unknown_fields = false;
  // As in JsonPrintOptions.
  std::uint32_t max_depth = 200;
  const TypeRegistry* types = nullptr;
};

// Fails, with the field's path in the text, when the message has no JSON form: a string that is not UTF-8, a timestamp
// out of its range, an Any of an unknown type, a google.protobuf.Value without a kind.
Result<std::string, Error> to_json(const Message& message, const JsonPrintOptions& options = {});
// The same, appended to `out`; on failure `out` is as before.
Result<void, Error> append_json(const Message& message, std::string& out, const JsonPrintOptions& options = {});

// Replaces the content of `message`. On failure it holds what was read so far. The text is not needed any more
// afterwards. Strict where the mapping leaves room: no duplicate keys, no two members of a oneof, base64 without
// strangers, integers within their range.
Result<void, JsonError> from_json(std::string_view text, Message& message, const JsonParseOptions& options = {});

}  // namespace godwit::proto
