#include <limits>
#include <vector>

#include "godwit/base/json_number.h"
#include "godwit/proto/json/base64.h"
#include "godwit/proto/json/json_parser.h"
#include "godwit/proto/schema/suggest.h"

namespace godwit::proto {
namespace {

template <typename T>
constexpr T kMin = std::numeric_limits<T>::min();
template <typename T>
constexpr T kMax = std::numeric_limits<T>::max();

// A number in an error: whole as long as it is short.
std::string shown(std::string_view number) {
  constexpr std::size_t kShown = 40;
  return number.size() <= kShown ? std::string(number) : std::string(number.substr(0, kShown)) + "...";
}

}  // namespace

JsonParser::Outcome JsonParser::scalar(const FieldDescriptor& field, Value& value) {
  const auto outcome = [](bool ok) { return ok ? Outcome::kOk : Outcome::kFail; };
  const std::string_view type = field_type_name(field.type());
  std::int64_t i = 0;
  std::uint64_t u = 0;
  switch (field.value_type()) {
    case ValueType::kInt32:
      if (!integer(kMin<std::int32_t>, kMax<std::int32_t>, type, i)) return Outcome::kFail;
      value = Value::of_int32(static_cast<std::int32_t>(i));
      return Outcome::kOk;
    case ValueType::kInt64:
      if (!integer(kMin<std::int64_t>, kMax<std::int64_t>, type, i)) return Outcome::kFail;
      value = Value::of_int64(i);
      return Outcome::kOk;
    case ValueType::kUint32:
      if (!unsigned_integer(kMax<std::uint32_t>, type, u)) return Outcome::kFail;
      value = Value::of_uint32(static_cast<std::uint32_t>(u));
      return Outcome::kOk;
    case ValueType::kUint64:
      if (!unsigned_integer(kMax<std::uint64_t>, type, u)) return Outcome::kFail;
      value = Value::of_uint64(u);
      return Outcome::kOk;
    case ValueType::kDouble: {
      double number = 0;
      if (!float64(number)) return Outcome::kFail;
      value = Value::of_double(number);
      return Outcome::kOk;
    }
    case ValueType::kFloat: {
      float number = 0;
      if (!float32(number)) return Outcome::kFail;
      value = Value::of_float(number);
      return Outcome::kOk;
    }
    case ValueType::kBool:
      if (tokens_.token() != JsonToken::kTrue && tokens_.token() != JsonToken::kFalse) return outcome(expected("true or false"));
      value = Value::of_bool(tokens_.token() == JsonToken::kTrue);
      return Outcome::kOk;
    case ValueType::kEnum: return enum_value(field, value);
    case ValueType::kString:
      if (tokens_.token() != JsonToken::kString) return outcome(expected("string"));
      value = Value::of_string(tokens_.text());
      return Outcome::kOk;
    case ValueType::kBytes:
      if (tokens_.token() != JsonToken::kString) return outcome(expected("string with base64"));
      if (const char* wrong = parse_base64(tokens_.text(), decoded_)) {
        return outcome(fail(quote_for_error(tokens_.text()) + ": " + wrong));
      }
      value = Value::of_bytes(decoded_);
      return Outcome::kOk;
    case ValueType::kMessage: break;
  }
  GODWIT_ASSERT(!"a message is not a scalar");
  return Outcome::kFail;
}

JsonParser::Outcome JsonParser::enum_value(const FieldDescriptor& field, Value& value) {
  const EnumDescriptor& type = *field.enum_type();
  if (tokens_.token() == JsonToken::kNull && is_null_value(type)) {
    value = Value::of_enum(0);
    return Outcome::kOk;
  }
  if (tokens_.token() == JsonToken::kNumber) {
    std::int64_t number = 0;
    if (!integer(kMin<std::int32_t>, kMax<std::int32_t>, "enum", number)) return Outcome::kFail;
    const auto narrow = static_cast<std::int32_t>(number);
    if (type.is_closed() && type.find_value(narrow) == nullptr) {
      if (options_.ignore_unknown_fields) return Outcome::kSkip;
      fail("closed enum " + std::string(type.full_name()) + " has no value of number " + std::to_string(number));
      return Outcome::kFail;
    }
    value = Value::of_enum(narrow);
    return Outcome::kOk;
  }
  if (tokens_.token() != JsonToken::kString) {
    expected("name or number of a value of enum " + std::string(type.full_name()));
    return Outcome::kFail;
  }
  const std::string_view name = tokens_.text();
  if (const EnumValueDescriptor* found = type.find_value(name)) {
    value = Value::of_enum(found->number());
    return Outcome::kOk;
  }
  if (options_.ignore_unknown_fields) return Outcome::kSkip;
  std::string text = "enum " + std::string(type.full_name()) + " has no value " + quote_for_error(name);
  std::vector<std::string_view> names;
  for (const EnumValueDescriptor& candidate : type.values()) names.push_back(candidate.name());
  const std::string_view nearest = nearest_name(name, names);
  if (!nearest.empty()) text += "; did you mean " + quote_for_error(nearest) + "?";
  fail(std::move(text));
  return Outcome::kFail;
}

bool JsonParser::integer(std::int64_t min, std::int64_t max, std::string_view type, std::int64_t& value) {
  if (tokens_.token() != JsonToken::kNumber && tokens_.token() != JsonToken::kString && tokens_.token() != JsonToken::kKey) {
    return expected(type);
  }
  JsonNumberStatus status = parse_json_int64(tokens_.text(), value);
  if (status == JsonNumberStatus::kOk && (value < min || value > max)) status = JsonNumberStatus::kOutOfRange;
  switch (status) {
    case JsonNumberStatus::kOk: return true;
    case JsonNumberStatus::kMalformed: return fail("expected " + std::string(type) + ", got " + quote_for_error(tokens_.text()));
    case JsonNumberStatus::kNotInteger: return fail("expected " + std::string(type) + ", got " + shown(tokens_.text()) + ", which is not an integer");
    case JsonNumberStatus::kOutOfRange: break;
  }
  return fail(shown(tokens_.text()) + " is out of the range of " + std::string(type) + " (" + std::to_string(min) + " to " +
              std::to_string(max) + ")");
}

bool JsonParser::unsigned_integer(std::uint64_t max, std::string_view type, std::uint64_t& value) {
  if (tokens_.token() != JsonToken::kNumber && tokens_.token() != JsonToken::kString && tokens_.token() != JsonToken::kKey) {
    return expected(type);
  }
  JsonNumberStatus status = parse_json_uint64(tokens_.text(), value);
  if (status == JsonNumberStatus::kOk && value > max) status = JsonNumberStatus::kOutOfRange;
  switch (status) {
    case JsonNumberStatus::kOk: return true;
    case JsonNumberStatus::kMalformed: return fail("expected " + std::string(type) + ", got " + quote_for_error(tokens_.text()));
    case JsonNumberStatus::kNotInteger: return fail("expected " + std::string(type) + ", got " + shown(tokens_.text()) + ", which is not an integer");
    case JsonNumberStatus::kOutOfRange: break;
  }
  return fail(shown(tokens_.text()) + " is out of the range of " + std::string(type) + " (0 to " + std::to_string(max) + ")");
}

bool JsonParser::float64(double& value) {
  if (tokens_.token() != JsonToken::kNumber && tokens_.token() != JsonToken::kString) return expected("double");
  const std::string_view text = tokens_.text();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return value = std::numeric_limits<double>::quiet_NaN(), true;
  if (text == "Infinity") return value = kInfinity, true;
  if (text == "-Infinity") return value = -kInfinity, true;
  const JsonNumberStatus status = parse_json_double(text, value);
  if (status == JsonNumberStatus::kOutOfRange) return fail(shown(text) + " is out of the range of double");
  if (status != JsonNumberStatus::kOk) return fail("expected double, got " + quote_for_error(text));
  return true;
}

bool JsonParser::float32(float& value) {
  if (tokens_.token() != JsonToken::kNumber && tokens_.token() != JsonToken::kString) return expected("float");
  const std::string_view text = tokens_.text();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (text == "NaN") return value = std::numeric_limits<float>::quiet_NaN(), true;
  if (text == "Infinity") return value = kInfinity, true;
  if (text == "-Infinity") return value = -kInfinity, true;
  const JsonNumberStatus status = parse_json_float(text, value);
  if (status == JsonNumberStatus::kOutOfRange) return fail(shown(text) + " is out of the range of float");
  if (status != JsonNumberStatus::kOk) return fail("expected float, got " + quote_for_error(text));
  return true;
}

// The key at hand as a map's key type. `value` holds its text and stays so for strings.
bool JsonParser::map_key(FieldType type, Value& value) {
  const std::string_view name = field_type_name(type);
  std::int64_t i = 0;
  std::uint64_t u = 0;
  switch (value_type_of(type)) {
    case ValueType::kInt32:
      if (!integer(kMin<std::int32_t>, kMax<std::int32_t>, name, i)) return false;
      value = Value::of_int32(static_cast<std::int32_t>(i));
      return true;
    case ValueType::kInt64:
      if (!integer(kMin<std::int64_t>, kMax<std::int64_t>, name, i)) return false;
      value = Value::of_int64(i);
      return true;
    case ValueType::kUint32:
      if (!unsigned_integer(kMax<std::uint32_t>, name, u)) return false;
      value = Value::of_uint32(static_cast<std::uint32_t>(u));
      return true;
    case ValueType::kUint64:
      if (!unsigned_integer(kMax<std::uint64_t>, name, u)) return false;
      value = Value::of_uint64(u);
      return true;
    case ValueType::kBool:
      if (tokens_.text() != "true" && tokens_.text() != "false") {
        return fail("expected true or false, got " + quote_for_error(tokens_.text()));
      }
      value = Value::of_bool(tokens_.text() == "true");
      return true;
    default: return true;
  }
}

}  // namespace godwit::proto
