#include "godwit/http2/stream/send_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "godwit/base/random.h"

namespace godwit::http2 {
namespace {

std::string take_all(OutputQueue& queue) {
  std::string bytes;
  while (!queue.empty()) {
    iovec piece;
    queue.gather({&piece, 1});
    bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    queue.consume(piece.iov_len);
  }
  return bytes;
}

TEST(SendQueue, KeepsOrderWhateverIsPutInAndTakenOut) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed);
    SendQueue queue;
    OutputQueue out;
    std::string put;
    std::string taken;
    for (int i = 0; i < 300; ++i) {
      if (random.chance(0.5)) {
        std::string bytes(random.below(random.chance(0.2) ? 100'000 : 300), '\0');
        for (char& c : bytes) c = static_cast<char>('a' + random.below(26));
        put += bytes;
        if (random.chance(0.5)) {
          queue.append(as_bytes(bytes));
        } else {
          queue.append(Slice::copy_of(as_bytes(bytes)));
        }
      } else {
        queue.move_to(out, random.below(queue.size() + 1));
        taken += take_all(out);
      }
      ASSERT_EQ(queue.size(), put.size() - taken.size());
    }
    queue.move_to(out, queue.size());
    taken += take_all(out);
    EXPECT_TRUE(put == taken);
    EXPECT_TRUE(queue.empty());
  }
}

TEST(SendQueue, SmallPiecesShareABlock) {
  SendQueue queue;
  OutputQueue out;
  for (int i = 0; i < 40; ++i) queue.append(as_bytes(std::string(50, 'x')));
  queue.move_to(out, queue.size());
  iovec pieces[4];
  EXPECT_EQ(out.gather(pieces), 1u);  // 2,000 bytes that were linked, in one piece
}

TEST(SendQueue, LargeSlicesAreLinked) {
  SendQueue queue;
  OutputQueue out;
  const Slice slice = Slice::copy_of(as_bytes(std::string(100'000, 'x')));
  queue.append(slice);
  queue.move_to(out, 60'000);
  iovec pieces[4];
  ASSERT_EQ(out.gather(pieces), 1u);
  EXPECT_EQ(pieces[0].iov_base, slice.data());
  queue.clear();
  out.clear();
  EXPECT_TRUE(slice.owner()->unique());
}

}  // namespace
}  // namespace godwit::http2
