#include "godwit/compiler/descriptor/default_value.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "godwit/proto/wire/field_type.h"

namespace godwit::compiler {
namespace {

using proto::FieldType;

// 15 (6) digits where they are enough, else 17 (9): the form that other compilers write.
template <typename T>
std::string shortest(T value, int digits, int enough, T (*parse)(const char*, char**)) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.*g", digits, static_cast<double>(value));
  if (parse(buffer, nullptr) != value) std::snprintf(buffer, sizeof buffer, "%.*g", enough, static_cast<double>(value));
  return buffer;
}

void append_escaped(std::string_view bytes, std::string& out) {
  for (char c : bytes) {
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '"': out += "\\\""; break;
      case '\'': out += "\\'"; break;
      case '\\': out += "\\\\"; break;
      default: {
        auto u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u < 0x7F) {
          out += c;
        } else {
          char octal[5] = {'\\', static_cast<char>('0' + (u >> 6)), static_cast<char>('0' + (u >> 3 & 7)), static_cast<char>('0' + (u & 7)), 0};
          out += octal;
        }
      }
    }
  }
}

bool integer(const ast::Value& v, bool is_signed, std::uint64_t max, std::string& text, std::string& problem) {
  if (v.kind != ast::Value::Kind::kInteger) {
    problem = "Expected integer for field default value.";
    return false;
  }
  if (v.negative && !is_signed) {
    problem = "Unsigned field can't have negative default value.";
    return false;
  }
  if (v.too_large || v.integer > max + (v.negative ? 1 : 0)) {
    problem = "Integer out of range.";
    return false;
  }
  text = (v.negative ? "-" : "") + std::to_string(v.integer);
  if (v.negative && v.integer == 0) text = "0";
  return true;
}

bool number(const ast::Value& v, double& out, std::string& problem) {
  switch (v.kind) {
    case ast::Value::Kind::kInteger:
    case ast::Value::Kind::kFloat: out = v.number; break;
    case ast::Value::Kind::kIdentifier:
      if (v.text == "inf") {
        out = std::numeric_limits<double>::infinity();
        break;
      }
      if (v.text == "nan") {
        out = std::numeric_limits<double>::quiet_NaN();
        break;
      }
      [[fallthrough]];
    default: problem = "Expected number."; return false;
  }
  if (v.negative) out = -out;
  return true;
}

}  // namespace

std::string float_text(float value) { return shortest<float>(value, 6, 9, std::strtof); }
std::string double_text(double value) { return shortest<double>(value, 15, 17, std::strtod); }

bool default_value_text(const ast::Field& field, const ast::Value& v, std::string& text, std::string& problem) {
  double d = 0;
  if (field.type.scalar == 0 || field.is_map) {
    if (field.is_map || v.kind == ast::Value::Kind::kMessage) {
      problem = "Messages can't have default values.";
      return false;
    }
    if (v.kind != ast::Value::Kind::kIdentifier || v.negative) {
      problem = "Expected enum identifier for field default value.";
      return false;
    }
    text = v.text;
    return true;
  }
  switch (static_cast<FieldType>(field.type.scalar)) {
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32: return integer(v, true, INT32_MAX, text, problem);
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64: return integer(v, true, INT64_MAX, text, problem);
    case FieldType::kUint32:
    case FieldType::kFixed32: return integer(v, false, UINT32_MAX, text, problem);
    case FieldType::kUint64:
    case FieldType::kFixed64: return integer(v, false, UINT64_MAX, text, problem);
    case FieldType::kFloat:
      if (!number(v, d, problem)) return false;
      text = float_text(static_cast<float>(d));
      return true;
    case FieldType::kDouble:
      if (!number(v, d, problem)) return false;
      text = double_text(d);
      return true;
    case FieldType::kBool:
      if (v.kind != ast::Value::Kind::kIdentifier || v.negative || (v.text != "true" && v.text != "false")) {
        problem = "Expected \"true\" or \"false\".";
        return false;
      }
      text = v.text;
      return true;
    case FieldType::kString:
    case FieldType::kBytes:
      if (v.kind != ast::Value::Kind::kString) {
        problem = "Expected string for field default value.";
        return false;
      }
      if (static_cast<FieldType>(field.type.scalar) == FieldType::kBytes) {
        append_escaped(v.text, text);
      } else {
        text = v.text;
      }
      return true;
    default: problem = "Messages can't have default values."; return false;
  }
}

}  // namespace godwit::compiler
