#include "godwit/base/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "godwit/base/assert.h"
#include "godwit/base/text.h"

namespace godwit {
namespace {

// The pieces of a number: value = digits * 10^exponent, where digits are those from `first` to `last` without the
// point.
struct Decimal {
  bool negative = false;
  const char* first = nullptr;  // the first digit that is not 0; equal to `last` for zero
  const char* last = nullptr;   // behind the last digit that is not 0
  std::int64_t digits = 0;      // between the two
  std::int64_t exponent = 0;
};

// More than any text has digits, and far from overflow.
constexpr std::int64_t kHugeExponent = std::int64_t{1} << 56;

bool parse_decimal(std::string_view text, Decimal& out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  if (p < end && *p == '-') {
    out.negative = true;
    ++p;
  }
  const char* const integer = p;
  while (p < end && is_ascii_digit(*p)) ++p;
  if (p == integer || (*integer == '0' && p - integer > 1)) return false;
  const char* const integer_end = p;
  const char* digits_end = p;
  if (p < end && *p == '.') {
    const char* const fraction = ++p;
    while (p < end && is_ascii_digit(*p)) ++p;
    if (p == fraction) return false;
    digits_end = p;
  }
  std::int64_t exponent = 0;
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool down = p < end && *p == '-';
    if (p < end && (*p == '+' || *p == '-')) ++p;
    const char* const first = p;
    for (; p < end && is_ascii_digit(*p); ++p) {
      if (exponent < kHugeExponent) exponent = exponent * 10 + (*p - '0');
    }
    if (p == first) return false;
    if (down) exponent = -exponent;
  }
  if (p != end) return false;

  const char* first = integer;
  while (first < digits_end && (*first == '0' || *first == '.')) ++first;
  const char* last = digits_end;
  while (last > first && (last[-1] == '0' || last[-1] == '.')) --last;
  out.first = first;
  out.last = last;
  if (first == last) return true;  // zero, whatever its exponent
  const bool point_inside = first < integer_end && integer_end < last;
  out.digits = last - first - (point_inside ? 1 : 0);
  // The weight of the digit before `last`.
  out.exponent = exponent + (last <= integer_end ? integer_end - last : integer_end + 1 - last);
  return true;
}

// The absolute value.
JsonNumberStatus parse_magnitude(std::string_view text, bool& negative, std::uint64_t& value) {
  Decimal decimal;
  if (!parse_decimal(text, decimal)) return JsonNumberStatus::kMalformed;
  negative = decimal.negative;
  value = 0;
  if (decimal.digits == 0) return JsonNumberStatus::kOk;
  if (decimal.exponent < 0) return JsonNumberStatus::kNotInteger;
  if (decimal.digits + decimal.exponent > 20) return JsonNumberStatus::kOutOfRange;
  unsigned __int128 wide = 0;  // 20 digits are less than 2^67
  for (const char* p = decimal.first; p < decimal.last; ++p) {
    if (*p != '.') wide = wide * 10 + static_cast<unsigned>(*p - '0');
  }
  for (std::int64_t i = 0; i < decimal.exponent; ++i) wide *= 10;
  if (wide > std::numeric_limits<std::uint64_t>::max()) return JsonNumberStatus::kOutOfRange;
  value = static_cast<std::uint64_t>(wide);
  return JsonNumberStatus::kOk;
}

template <typename T>
JsonNumberStatus parse_floating(std::string_view text, T& value) {
  Decimal decimal;
  if (!parse_decimal(text, decimal)) return JsonNumberStatus::kMalformed;
  T parsed = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (result.ec == std::errc::result_out_of_range || !std::isfinite(parsed)) {
    if (decimal.digits + decimal.exponent > 0) return JsonNumberStatus::kOutOfRange;
    parsed = decimal.negative ? -T{0} : T{0};
  }
  value = parsed;
  return JsonNumberStatus::kOk;
}

template <typename T>
void append_floating(std::string& out, T value) {
  GODWIT_ASSERT(std::isfinite(value));
  char text[40];
  const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  // d.ddde+xx: taken apart, because the exponent is for what is really large or small. (The fixed form of to_chars
  // would print all digits of a large float, and its shortest form 1e+05 for 100000.)
  const char* p = text;
  if (*p == '-') out += *p++;
  const char* const exponent_mark = std::find(p, end, 'e');
  int exponent = 0;
  std::from_chars(exponent_mark + (exponent_mark[1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) {
    out.append(p, end);
    return;
  }
  std::string digits(1, *p);
  if (exponent_mark - p > 2) digits.append(p + 2, exponent_mark);
  const auto size = static_cast<int>(digits.size());
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += digits;
  } else if (size <= exponent + 1) {
    out += digits;
    out.append(static_cast<std::size_t>(exponent + 1 - size), '0');
  } else {
    out.append(digits, 0, static_cast<std::size_t>(exponent + 1));
    out += '.';
    out.append(digits, static_cast<std::size_t>(exponent + 1));
  }
}

}  // namespace

JsonNumberStatus parse_json_int64(std::string_view text, std::int64_t& value) {
  bool negative;
  std::uint64_t magnitude;
  const JsonNumberStatus status = parse_magnitude(text, negative, magnitude);
  if (status != JsonNumberStatus::kOk) return status;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (magnitude > kMax + (negative ? 1 : 0)) return JsonNumberStatus::kOutOfRange;
  value = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  return status;
}

JsonNumberStatus parse_json_uint64(std::string_view text, std::uint64_t& value) {
  bool negative;
  std::uint64_t magnitude;
  const JsonNumberStatus status = parse_magnitude(text, negative, magnitude);
  if (status != JsonNumberStatus::kOk) return status;
  if (negative && magnitude != 0) return JsonNumberStatus::kOutOfRange;
  value = magnitude;
  return status;
}

JsonNumberStatus parse_json_double(std::string_view text, double& value) { return parse_floating(text, value); }
JsonNumberStatus parse_json_float(std::string_view text, float& value) { return parse_floating(text, value); }

void append_json_double(std::string& out, double value) { append_floating(out, value); }
void append_json_float(std::string& out, float value) { append_floating(out, value); }

}  // namespace godwit
