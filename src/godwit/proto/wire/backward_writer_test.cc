#include "godwit/proto/wire/backward_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace godwit::proto {
namespace {

std::string pattern(std::size_t size) {
  std::string s(size, 0);
  for (std::size_t i = 0; i < size; i++) s[i] = static_cast<char>('a' + i % 26);
  return s;
}

TEST(BackwardWriter, PutsEachPieceInFrontOfTheLast) {
  for (std::size_t lent : {0u, 1u, 5u, 4096u}) {
    for (std::size_t size : {0u, 1u, 4u, 5000u, 70000u, 300000u}) {
      std::vector<std::uint8_t> memory(lent);
      BackwardWriter writer{MutableBytes(memory)};
      const std::string text = pattern(size);
      writer.write(as_bytes("tail"));
      writer.write(as_bytes(text));
      writer.write_byte('!');
      const std::string expected = "!" + text + "tail";
      EXPECT_EQ(writer.size(), expected.size());
      std::string out = "before";
      writer.append_to(out);
      EXPECT_EQ(out, "before" + expected);
      EXPECT_EQ(as_text(writer.to_slice().bytes()), expected);
      std::string joined;
      for (const Slice& slice : writer.to_slices()) joined += as_text(slice.bytes());
      EXPECT_EQ(joined, expected);
      EXPECT_EQ(writer.is_contiguous(), expected.size() <= lent || (lent == 0 && expected.size() <= Block::kSmall));
      OutputQueue queue;
      writer.append_to(queue);
      EXPECT_EQ(queue.size(), expected.size());
      std::string gathered;
      while (!queue.empty()) {
        iovec piece;
        ASSERT_EQ(queue.gather({&piece, 1}), 1u);
        gathered.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        queue.consume(piece.iov_len);
      }
      EXPECT_EQ(gathered, expected);
    }
  }
}

TEST(BackwardWriter, CountsWithoutKeeping) {
  std::uint8_t scratch[4096];
  BackwardWriter writer(MutableBytes(scratch), BackwardWriter::Counting{});
  for (int i = 0; i < 1000; i++) writer.write(as_bytes("0123456789"));
  writer.write(as_bytes(pattern(100000)));
  EXPECT_EQ(writer.size(), 110000u);
}

}  // namespace
}  // namespace godwit::proto
