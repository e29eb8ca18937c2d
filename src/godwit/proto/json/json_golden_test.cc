// What another implementation makes of the same texts and messages: testdata/make_golden.py wrote it down.
#include <gtest/gtest.h>

#include <string>

#include "godwit/proto/json/json.h"
#include "godwit/proto/json/json_test_types.h"
#include "godwit/proto/message/serializer.h"

namespace godwit::proto {
namespace {

struct GoldenCase {
  std::string_view type;
  std::string_view json;
  bool accepted;
  std::string_view wire, printed;  // both empty when the other implementation refuses the text
  std::string_view deviation;      // why the other implementation does otherwise
};
struct GoldenMessage {
  std::string_view type, wire, printed, printed_as_in_proto;
};

#include "godwit/proto/json/testdata/golden_table.inc"

std::string bytes_of(const Message& message) {
  std::string out;
  EXPECT_TRUE(append_serialized(message, out, {.deterministic = true}));
  return out;
}

class JsonGolden : public testing::Test {
 protected:
  JsonTestTypes test_;
  JsonParseOptions parse_{.types = &test_.registry()};
  JsonPrintOptions print_{.types = &test_.registry()};
};

TEST_F(JsonGolden, Cases) {
  int deviations = 0;
  for (const GoldenCase& test : kGoldenCases) {
    SCOPED_TRACE(std::string(test.type) + " " + std::string(test.json));
    DynamicMessage message(test_.table(test.type));
    const auto parsed = from_json(test.json, *message, parse_);
    deviations += !test.deviation.empty();
    EXPECT_EQ(parsed.ok(), test.accepted) << (parsed.ok() ? "accepted" : parsed.error().to_text()) << "; " << test.deviation;
    if (!parsed.ok()) {
      EXPECT_FALSE(parsed.error().message.empty());
      continue;
    }
    const auto printed = to_json(*message, print_);
    ASSERT_TRUE(printed.ok()) << printed.error().message;
    DynamicMessage again(test_.table(test.type));
    const auto parsed_again = from_json(*printed, *again, parse_);
    ASSERT_TRUE(parsed_again.ok()) << parsed_again.error().to_text();
    EXPECT_EQ(bytes_of(*again), bytes_of(*message));
    if (!test.deviation.empty()) continue;
    EXPECT_EQ(*printed, test.printed);
    DynamicMessage expected(test_.table(test.type));
    ASSERT_TRUE(expected->ParseFromString(test.wire));
    EXPECT_EQ(bytes_of(*message), bytes_of(*expected));
  }
  EXPECT_LT(deviations, 150);
}

TEST_F(JsonGolden, RandomMessages) {
  for (const GoldenMessage& test : kGoldenMessages) {
    SCOPED_TRACE(std::string(test.type) + " " + std::string(test.printed));
    DynamicMessage message(test_.table(test.type));
    ASSERT_TRUE(message->ParseFromString(test.wire));
    const auto printed = to_json(*message, print_);
    ASSERT_TRUE(printed.ok()) << printed.error().message;
    EXPECT_EQ(*printed, test.printed);
    JsonPrintOptions as_in_proto = print_;
    as_in_proto.preserve_proto_field_names = true;
    // The other implementation prints NullValue as 0 then; the other types have fields of it.
    as_in_proto.enums_as_ints = test.type == "Scalars" || test.type == "Lists";
    const auto printed_as_in_proto = to_json(*message, as_in_proto);
    ASSERT_TRUE(printed_as_in_proto.ok()) << printed_as_in_proto.error().message;
    EXPECT_EQ(*printed_as_in_proto, test.printed_as_in_proto);
    for (const std::string_view text : {test.printed, test.printed_as_in_proto}) {
      DynamicMessage parsed(test_.table(test.type));
      const auto result = from_json(text, *parsed, parse_);
      ASSERT_TRUE(result.ok()) << result.error().to_text();
      EXPECT_EQ(bytes_of(*parsed), bytes_of(*message));
    }
  }
}

}  // namespace
}  // namespace godwit::proto
