#include "godwit/rpc/wire_values.h"

#include <gtest/gtest.h>

namespace godwit::rpc {
namespace {

using namespace std::chrono_literals;

TEST(GrpcTimeout, EncodesRoundedUpInEightDigits) {
  struct Case {
    Duration timeout;
    std::string_view text;
  } const cases[] = {{0ns, "0n"},        {-5s, "0n"},           {1ns, "1n"},           {99'999'999ns, "99999999n"},
                     {100'000'000ns, "100000u"}, {100'000'001ns, "100001u"}, {1s, "1000000u"}, {100s, "100000m"},
                     {24h, "86400000m"}, {100'000'000s, "100000000"}};
  char buffer[16];
  for (const Case& c : cases) {
    const std::string_view text = encode_timeout(c.timeout, buffer);
    if (c.timeout == 100'000'000s) {
      EXPECT_EQ(text, "1666667M");
    } else {
      EXPECT_EQ(text, c.text);
    }
    EXPECT_GE(*parse_timeout(text), c.timeout);
  }
  EXPECT_GE(*parse_timeout(encode_timeout(Duration::max(), buffer)), 8'000'000'000s);
}

TEST(GrpcTimeout, ParsesOnlyTheSpecifiedForm) {
  EXPECT_EQ(parse_timeout("1H"), 1h);
  EXPECT_EQ(parse_timeout("2M"), 2min);
  EXPECT_EQ(parse_timeout("3S"), 3s);
  EXPECT_EQ(parse_timeout("4m"), 4ms);
  EXPECT_EQ(parse_timeout("5u"), 5us);
  EXPECT_EQ(parse_timeout("6n"), 6ns);
  EXPECT_EQ(parse_timeout("99999999H"), Duration::max());
  for (const auto* bad : {"", "1", "n", "123456789n", "-1n", "1x", "1.5S", " 1n", "+1n"}) {
    EXPECT_FALSE(parse_timeout(bad)) << bad;
  }
}

TEST(GrpcMessage, PercentEncoding) {
  const std::string text = "100% \u4f60\u597d\r\n\x01 ok~";
  const std::string encoded = encode_message(text);
  EXPECT_EQ(encoded, "100%25 %E4%BD%A0%E5%A5%BD%0D%0A%01 ok~");
  EXPECT_EQ(decode_message(encoded), text);
  EXPECT_EQ(decode_message("%"), "%");
  EXPECT_EQ(decode_message("%4"), "%4");
  EXPECT_EQ(decode_message("%zz%41"), "%zzA");
}

TEST(HttpGrpcStatusMapping, Table) {
  EXPECT_EQ(code_of_http_status(400), StatusCode::kInternal);
  EXPECT_EQ(code_of_http_status(404), StatusCode::kUnimplemented);
  EXPECT_EQ(code_of_http_status(503), StatusCode::kUnavailable);
  EXPECT_EQ(code_of_http_status(418), StatusCode::kUnknown);
}

}  // namespace
}  // namespace godwit::rpc
