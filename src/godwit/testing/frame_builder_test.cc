#include "godwit/testing/frame_builder.h"

#include <gtest/gtest.h>

namespace godwit::testing::h2 {
namespace {

using namespace std::string_literals;

// RFC 9113 section 4.1 and section 6, each octet written out.
TEST(FrameBuilder, Section6) {
  EXPECT_EQ(data(1, "ab", true), "\0\0\2\0\1\0\0\0\1ab"s);
  EXPECT_EQ(padded_data(3, "ab", 2), "\0\0\5\0\x8\0\0\0\3\2ab\0\0"s);
  EXPECT_EQ(headers(1, "x", true), "\0\0\1\1\5\0\0\0\1x"s);
  EXPECT_EQ(continuation(1, "y", false), "\0\0\1\x9\0\0\0\0\1y"s);
  EXPECT_EQ(priority(5, 3, 7, true), "\0\0\5\2\0\0\0\0\5\x80\0\0\3\7"s);
  EXPECT_EQ(rst_stream(1, 8), "\0\0\4\3\0\0\0\0\1\0\0\0\x8"s);
  EXPECT_EQ(settings({{4, 65535}}), "\0\0\6\4\0\0\0\0\0\0\4\0\0\xff\xff"s);
  EXPECT_EQ(settings_ack(), "\0\0\0\4\1\0\0\0\0"s);
  EXPECT_EQ(push_promise(1, 2, "z"), "\0\0\5\5\4\0\0\0\1\0\0\0\2z"s);
  EXPECT_EQ(ping("12345678", true), "\0\0\x8\6\1\0\0\0\0"s + "12345678");
  EXPECT_EQ(goaway(7, 2, "why"), "\0\0\xb\7\0\0\0\0\0\0\0\0\7\0\0\0\2why"s);
  EXPECT_EQ(window_update(0, 100), "\0\0\4\x8\0\0\0\0\0\0\0\0d"s);
}

// RFC 7541 appendix C.1 and C.2.
TEST(FrameBuilder, Hpack) {
  EXPECT_EQ(hpack_integer(10, 5), "\x0a");
  EXPECT_EQ(hpack_integer(1337, 5), "\x1f\x9a\x0a");
  EXPECT_EQ(hpack_integer(42, 8), "\x2a");
  EXPECT_EQ(field_block({{"custom-key", "custom-header"}}, Indexing::kIncremental),
            "\x40\x0a"s + "custom-key\x0d" + "custom-header");
  EXPECT_EQ(field_block({{"password", "secret"}}, Indexing::kNever), "\x10\x08password\x06secret");
  EXPECT_EQ(indexed_field(2), "\x82");
}

TEST(FrameBuilder, TakeFramesLeavesTheRest) {
  std::string bytes = settings() + ping() + frame(0x42, 3, 9, "zz");
  const std::string tail = data(1, "hello").substr(0, 12);
  bytes += tail;
  const auto frames = take_frames(bytes);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(text_of(frames[0]), "SETTINGS stream=0 flags=0x0 length=0");
  EXPECT_EQ(text_of(frames[1]), "PING stream=0 flags=0x0 length=8");
  EXPECT_EQ(text_of(frames[2]), "type 0x42 stream=9 flags=0x3 length=2");
  EXPECT_EQ(bytes, tail);
}

}  // namespace
}  // namespace godwit::testing::h2
