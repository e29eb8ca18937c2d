#include "godwit/rpc/message_assembler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/base/random.h"

namespace godwit::rpc {
namespace {

using Outcome = MessageAssembler::Outcome;

std::string framed(std::string_view message, char flags = 0) {
  std::string out(5, '\0');
  out[0] = flags;
  store_be32(reinterpret_cast<std::uint8_t*>(out.data()) + 1, static_cast<std::uint32_t>(message.size()));
  out += message;
  return out;
}

TEST(LengthPrefixedMessage, AnyFragmentationGivesTheSameMessages) {
  std::vector<std::string> sent = {"", "a", std::string(100, 'b'), "", std::string(70'000, 'c'), "dd"};
  std::string body;
  for (const auto& m : sent) body += framed(m);
  SeededRandom random(7);
  for (int round = 0; round < 200; ++round) {
    MessageAssembler assembler;
    std::vector<std::string> got;
    MessageAssembler::Message message;
    const std::uint64_t step = round == 0 ? 1 : 1 + random.below(round == 1 ? 100'000 : 3'000);
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t n = std::min<std::size_t>(body.size() - at, 1 + random.below(step));
      assembler.add(Slice::copy_of(as_bytes(std::string_view(body).substr(at, n))));
      at += n;
      if (round % 2 == 0 || at == body.size()) {  // a reader that is prompt, and one that comes late
        while (assembler.next(message, 100'000) == Outcome::kMessage) got.emplace_back(as_text(message.bytes.bytes()));
      }
    }
    ASSERT_EQ(got, sent) << round;
    EXPECT_TRUE(assembler.at_boundary());
    EXPECT_EQ(assembler.buffered(), 0u);
  }
}

TEST(LengthPrefixedMessage, LimitIsCheckedBeforeTheMessageArrives) {
  MessageAssembler assembler;
  MessageAssembler::Message message;
  assembler.add(Slice::copy_of(as_bytes(framed(std::string(11, 'x')).substr(0, 5))));
  EXPECT_EQ(assembler.next(message, 10), Outcome::kTooLarge);
  EXPECT_EQ(assembler.length(), 11u);
}

TEST(LengthPrefixedMessage, FlagsOtherThanCompressedAreRefused) {
  for (const int flags : {2, 3, 128, 255}) {
    MessageAssembler assembler;
    MessageAssembler::Message message;
    assembler.add(Slice::copy_of(as_bytes(framed("x", static_cast<char>(flags)))));
    EXPECT_EQ(assembler.next(message, 10), Outcome::kBadFlags) << flags;
  }
  MessageAssembler assembler;
  MessageAssembler::Message message;
  assembler.add(Slice::copy_of(as_bytes(framed("x", 1))));
  EXPECT_EQ(assembler.next(message, 10), Outcome::kMessage);
  EXPECT_TRUE(message.compressed);
}

TEST(LengthPrefixedMessage, AnIncompleteMessageIsNoBoundary) {
  const std::string body = framed("hello");
  for (std::size_t n = 1; n < body.size(); ++n) {
    MessageAssembler assembler;
    MessageAssembler::Message message;
    assembler.add(Slice::copy_of(as_bytes(std::string_view(body).substr(0, n))));
    EXPECT_EQ(assembler.next(message, 10), Outcome::kNeedMore);
    EXPECT_FALSE(assembler.at_boundary()) << n;
  }
}

TEST(LengthPrefixedMessage, WholeMessagesTakeTheShortWay) {
  MessageAssembler assembler;
  const std::string body = framed("hello");
  Bytes message;
  EXPECT_TRUE(assembler.try_whole(as_bytes(body), 5, message));
  EXPECT_EQ(as_text(message), "hello");
  EXPECT_FALSE(assembler.try_whole(as_bytes(body), 4, message));
  EXPECT_FALSE(assembler.try_whole(as_bytes(body + "x"), 5, message));
  EXPECT_FALSE(assembler.try_whole(as_bytes(body.substr(0, 9)), 5, message));
  EXPECT_FALSE(assembler.try_whole(as_bytes(framed("hello", 1)), 5, message));
}

}  // namespace
}  // namespace godwit::rpc
