#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/json_error.h"
#include "godwit/base/json_writer.h"
#include "godwit/proto/json/json.h"
#include "godwit/proto/json/well_known.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::proto {

// Writes one message as one JSON text. Internal to append_json().
//
// The functions return false when a value has no JSON form; the path of the error grows as they return.
class JsonPrinter {
 public:
  JsonPrinter(std::string& out, const JsonPrintOptions& options);

  bool message(const Message& message, const MessageDescriptor& type);
  // After false: "articles[3].title: not valid UTF-8".
  std::string error_text() const;

 private:
  // json_printer.cc
  bool members(const Message& message, const MessageDescriptor& type);
  bool field(const Message& message, const FieldDescriptor& field, const FieldEntry& entry);
  bool list(const Message& message, const FieldDescriptor& field, const FieldEntry& entry);
  bool map(const Message& message, const FieldDescriptor& field, const FieldEntry& entry);
  bool value(const FieldDescriptor& field, const Value& value);
  bool float64(double value);
  bool float32(float value);

  // json_printer_well_known.cc
  bool well_known(const Message& message, const MessageDescriptor& type, WellKnown kind);
  bool any(const Message& message);
  bool timestamp(const Message& message);
  bool duration(const Message& message);
  bool field_mask(const Message& message);
  bool struct_object(const Message& message);
  bool struct_value(const Message& message);
  bool struct_list(const Message& message);

  // Around each object and array.
  bool enter();
  bool leave() { return --depth_, true; }
  bool fail(std::string message) { return error_ = std::move(message), false; }
  bool in_index(std::size_t index) { return path_.prepend_index(index), false; }
  bool in_key(std::string_view key) { return path_.prepend_key(key), false; }

  JsonWriter writer_;
  const JsonPrintOptions& options_;
  std::uint32_t depth_ = 0;
  std::uint32_t max_depth_;
  std::string scratch_;
  std::string error_;
  JsonPath path_;
};

}  // namespace godwit::proto
