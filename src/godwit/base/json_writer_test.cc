#include "godwit/base/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace godwit {
namespace {

void write_sample(JsonWriter& writer) {
  writer.begin_object();
  EXPECT_TRUE(writer.key("a"));
  writer.number(std::int64_t{-1});
  EXPECT_TRUE(writer.key("b\n"));
  writer.begin_array();
  writer.begin_array();
  writer.end_array();
  writer.begin_object();
  writer.end_object();
  writer.null();
  writer.boolean(true);
  writer.number(1.5);
  writer.number(0.1f);
  writer.end_array();
  EXPECT_TRUE(writer.key("c"));
  writer.quoted_number(std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(writer.key("d"));
  writer.begin_object();
  EXPECT_TRUE(writer.key(""));
  EXPECT_TRUE(writer.string(""));
  writer.end_object();
  EXPECT_TRUE(writer.key("e"));
  writer.quoted_number(std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(writer.key("f"));
  writer.number(std::uint64_t{7});
  writer.end_object();
}

TEST(JsonWriter, Compact) {
  std::string out;
  JsonWriter writer(out);
  write_sample(writer);
  EXPECT_EQ(out,
            "{\"a\":-1,\"b\\n\":[[],{},null,true,1.5,0.1],\"c\":\"-9223372036854775808\",\"d\":{\"\":\"\"},"
            "\"e\":\"18446744073709551615\",\"f\":7}");
}

TEST(JsonWriter, Pretty) {
  std::string out;
  JsonWriter writer(out, JsonWriter::Style::kPretty);
  write_sample(writer);
  EXPECT_EQ(out, R"({
  "a": -1,
  "b\n": [
    [],
    {},
    null,
    true,
    1.5,
    0.1
  ],
  "c": "-9223372036854775808",
  "d": {
    "": ""
  },
  "e": "18446744073709551615",
  "f": 7
})");
}

TEST(JsonWriter, Escapes) {
  std::string out;
  EXPECT_TRUE(append_json_string(out, std::string_view("plain 12345678 \"\\/\b\f\n\r\t\0\x1f\x7f\u00e9\u4f60\U0001F600<>&", 38)));
  EXPECT_EQ(out, "\"plain 12345678 \\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\u00e9\u4f60\U0001F600<>&\"");
  for (const char* bad : {"\x80", "abcdefgh\xff", "\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    std::string unused;
    EXPECT_FALSE(append_json_string(unused, bad));
    EXPECT_FALSE(JsonWriter(unused).string(bad));
    EXPECT_FALSE(JsonWriter(unused).key(bad));
  }
}

}  // namespace
}  // namespace godwit
