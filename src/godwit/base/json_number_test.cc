#include "godwit/base/json_number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "godwit/base/random.h"

namespace godwit {
namespace {

using Status = JsonNumberStatus;

TEST(JsonNumber, Int64) {
  const struct {
    std::string_view text;
    Status status;
    std::int64_t value;
  } kTests[] = {
      {"0", Status::kOk, 0},
      {"-0", Status::kOk, 0},
      {"-0.000e99999999999999999999", Status::kOk, 0},
      {"0e-5", Status::kOk, 0},
      {"123", Status::kOk, 123},
      {"1e3", Status::kOk, 1000},
      {"1.5e1", Status::kOk, 15},
      {"1500e-2", Status::kOk, 15},
      {"0.00012e5", Status::kOk, 12},
      {"100.000", Status::kOk, 100},
      {"10.50e1", Status::kOk, 105},
      {"9223372036854775807", Status::kOk, std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", Status::kOk, std::numeric_limits<std::int64_t>::min()},
      {"9.223372036854775807e18", Status::kOk, std::numeric_limits<std::int64_t>::max()},
      {"9223372036854775808", Status::kOutOfRange, 0},
      {"-9223372036854775809", Status::kOutOfRange, 0},
      {"1e19", Status::kOutOfRange, 0},
      {"1e999999999999999999999999", Status::kOutOfRange, 0},
      {"123456789012345678901234567890", Status::kOutOfRange, 0},
      {"0.5", Status::kNotInteger, 0},
      {"1e-1", Status::kNotInteger, 0},
      {"1e-999999999999999999999999", Status::kNotInteger, 0},
      {"9223372036854775806.5", Status::kNotInteger, 0},
      {"", Status::kMalformed, 0},
      {"-", Status::kMalformed, 0},
      {"+1", Status::kMalformed, 0},
      {"01", Status::kMalformed, 0},
      {"1.", Status::kMalformed, 0},
      {".5", Status::kMalformed, 0},
      {"1e", Status::kMalformed, 0},
      {"1e+", Status::kMalformed, 0},
      {" 1", Status::kMalformed, 0},
      {"1 ", Status::kMalformed, 0},
      {"0x1", Status::kMalformed, 0},
      {"NaN", Status::kMalformed, 0},
  };
  for (const auto& test : kTests) {
    std::int64_t value = 0;
    EXPECT_EQ(parse_json_int64(test.text, value), test.status) << test.text;
    EXPECT_EQ(value, test.value) << test.text;
  }
}

TEST(JsonNumber, Uint64) {
  std::uint64_t value = 5;
  EXPECT_EQ(parse_json_uint64("-1", value), Status::kOutOfRange);
  EXPECT_EQ(parse_json_uint64("18446744073709551616", value), Status::kOutOfRange);
  EXPECT_EQ(parse_json_uint64("99999999999999999999", value), Status::kOutOfRange);
  EXPECT_EQ(parse_json_uint64("1.5", value), Status::kNotInteger);
  EXPECT_EQ(parse_json_uint64("x", value), Status::kMalformed);
  EXPECT_EQ(value, 5u);
  EXPECT_EQ(parse_json_uint64("18446744073709551615", value), Status::kOk);
  EXPECT_EQ(value, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_json_uint64("-0", value), Status::kOk);
  EXPECT_EQ(value, 0u);
}

TEST(JsonNumber, Double) {
  double value = 1;
  EXPECT_EQ(parse_json_double("1e309", value), Status::kOutOfRange);
  EXPECT_EQ(parse_json_double("-1e309", value), Status::kOutOfRange);
  EXPECT_EQ(parse_json_double("1e999999999999999999999", value), Status::kOutOfRange);
  EXPECT_EQ(parse_json_double("Infinity", value), Status::kMalformed);
  EXPECT_EQ(parse_json_double("nan", value), Status::kMalformed);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(parse_json_double("-1e-400", value), Status::kOk);
  EXPECT_EQ(value, 0);
  EXPECT_TRUE(std::signbit(value));
  EXPECT_EQ(parse_json_double("0.1", value), Status::kOk);
  EXPECT_EQ(value, 0.1);
  EXPECT_EQ(parse_json_double("4.9406564584124654e-324", value), Status::kOk);
  EXPECT_EQ(value, std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_json_double("1" + std::string(400, '0') + "e-400", value), Status::kOk);
  EXPECT_EQ(value, 1);
  float narrow = 1;
  EXPECT_EQ(parse_json_float("3.5e38", narrow), Status::kOutOfRange);
  EXPECT_EQ(parse_json_float("3.4028235e38", narrow), Status::kOk);
  EXPECT_EQ(narrow, std::numeric_limits<float>::max());
}

TEST(JsonNumber, Print) {
  const struct {
    double value;
    std::string_view text;
  } kTests[] = {{0, "0"}, {-0.0, "-0"}, {1, "1"}, {-1.5, "-1.5"}, {100000, "100000"}, {1e15, "1000000000000000"}, {1e16, "1e+16"}, {123456.789, "123456.789"},
                {0.1, "0.1"}, {0.0001, "0.0001"}, {0.00012345, "0.00012345"}, {1e-5, "1e-05"}, {1.5e300, "1.5e+300"}, {9007199254740992.0, "9007199254740992"}};
  for (const auto& test : kTests) {
    std::string out;
    append_json_double(out, test.value);
    EXPECT_EQ(out, test.text);
  }
  std::string out;
  append_json_float(out, 0.1f);
  EXPECT_EQ(out, "0.1");
  out.clear();
  append_json_float(out, 123456789.0f);
  EXPECT_EQ(out, "123456790");
}

TEST(JsonNumber, WhatIsPrintedReadsBackTheSame) {
  SeededRandom random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random.next();
    double value, again = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    if (i % 2) value = std::ldexp(value, -std::ilogb(value == 0 ? 1 : value) + static_cast<int>(random.below(80)) - 20);
    std::string text;
    append_json_double(text, value);
    ASSERT_EQ(parse_json_double(text, again), Status::kOk) << text;
    ASSERT_EQ(value, again) << text;
    const auto narrow = static_cast<float>(value);
    if (!std::isfinite(narrow)) continue;
    float narrow_again = 0;
    text.clear();
    append_json_float(text, narrow);
    ASSERT_EQ(parse_json_float(text, narrow_again), Status::kOk) << text;
    ASSERT_EQ(narrow, narrow_again) << text;
  }
}

}  // namespace
}  // namespace godwit
