#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace godwit {

// Numbers of JSON texts, exactly: nothing goes through a double that is not one. Independent of the locale.

enum class JsonNumberStatus : std::uint8_t {
  kOk,
  kMalformed,    // not a number of RFC 8259, section 6
  kNotInteger,   // it has a fraction: 0.5, 1e-3
  kOutOfRange,
};

// Integers in any spelling: 100, 100.0, 1e2, 10000e-2. -0 is 0. `value` changes only when the result is kOk.
JsonNumberStatus parse_json_int64(std::string_view text, std::int64_t& value);
JsonNumberStatus parse_json_uint64(std::string_view text, std::uint64_t& value);

// The nearest value; too small becomes a zero of the same sign, too large is kOutOfRange.
JsonNumberStatus parse_json_double(std::string_view text, double& value);
JsonNumberStatus parse_json_float(std::string_view text, float& value);

// The fewest digits that read back as the same value; with an exponent below 1e-4 and from 1e16 on. It must be finite: JSON has no other numbers.
void append_json_double(std::string& out, double value);
void append_json_float(std::string& out, float value);

}  // namespace godwit
