#include "godwit/base/output_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "godwit/base/random.h"

namespace godwit {
namespace {

std::string content(const OutputQueue& queue) {
  std::vector<iovec> pieces(10'000);
  const std::size_t count = queue.gather(pieces);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out.append(static_cast<char*>(pieces[i].iov_base), pieces[i].iov_len);
  return out;
}

TEST(OutputQueue, SmallPiecesShareOneBuffer) {
  OutputQueue queue;
  for (int i = 0; i < 100; ++i) {
    std::uint8_t* p = queue.reserve(9);
    p[0] = static_cast<std::uint8_t>('a' + i % 26);
    queue.commit(1);  // the rest is not taken
  }
  iovec pieces[4];
  EXPECT_EQ(queue.gather(pieces), 1u);
  EXPECT_EQ(pieces[0].iov_len, 100u);
  EXPECT_EQ(queue.size(), 100u);
}

TEST(OutputQueue, LargeSlicesAreLinkedAndSmallOnesCopied) {
  const Slice large = Slice::copy_of(as_bytes(std::string(OutputQueue::kCopyBytes + 1, 'l')));
  const Slice small = Slice::copy_of(as_bytes(std::string(OutputQueue::kCopyBytes, 's')));
  OutputQueue queue;
  queue.append(as_bytes("head"));
  queue.append(large);
  queue.append(small);
  EXPECT_FALSE(large.owner()->unique());
  EXPECT_TRUE(small.owner()->unique());
  iovec pieces[4];
  ASSERT_EQ(queue.gather(pieces), 3u);
  EXPECT_EQ(pieces[1].iov_base, large.data());
  queue.consume(4 + large.size());
  EXPECT_TRUE(large.owner()->unique());
  EXPECT_EQ(content(queue), std::string(OutputQueue::kCopyBytes, 's'));
}

TEST(OutputQueue, GatherFillsOnlyWhatThereIsRoomFor) {
  OutputQueue queue;
  const Slice large = Slice::copy_of(as_bytes(std::string(2000, 'x')));
  for (int i = 0; i < 5; ++i) queue.append(large);
  iovec pieces[3];
  EXPECT_EQ(queue.gather(pieces), 3u);
  EXPECT_EQ(queue.size(), 10'000u);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.gather(pieces), 0u);
}

TEST(OutputQueue, KnowsWhatHasLeft) {
  OutputQueue queue;
  queue.append(as_bytes("head"));
  queue.append(Slice::copy_of(as_bytes(std::string(2000, 'x'))));
  queue.append(as_bytes("tail"));
  queue.consume(3);
  EXPECT_EQ(queue.consumed(), 3u);
  EXPECT_EQ(queue.position(), 2008u);
  queue.cut(2003);  // "d", the slice, "ta"
  EXPECT_EQ(queue.position(), 2006u);
  EXPECT_EQ(content(queue), "d" + std::string(2000, 'x') + "ta");
  queue.cut(11);
  queue.append(as_bytes("end"));
  EXPECT_EQ(content(queue), "d" + std::string(10, 'x') + "end");
  queue.consume(14);
  EXPECT_EQ(queue.consumed(), 17u);
  queue.append(as_bytes("more"));
  queue.cut(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.consumed(), 17u) << "what is cut off has not left";
}

TEST(OutputQueue, AgreesWithAString) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SeededRandom random(seed);
    OutputQueue queue;
    std::string model;
    std::uint64_t consumed = 0;
    for (int step = 0; step < 400; ++step) {
      const auto what = random.below(7);
      const std::size_t size = random.below(std::uint64_t{1} << random.below(18));
      std::string text(size, 0);
      for (char& c : text) c = static_cast<char>('a' + random.below(26));
      if (what == 0) {
        queue.append(as_bytes(text));
        model += text;
      } else if (what == 1) {
        queue.append(Slice::copy_of(as_bytes(text)));
        model += text;
      } else if (what == 2) {
        const std::size_t wanted = std::min(size, Block::kLarge);
        const std::size_t used = random.below(wanted + 1);
        std::uint8_t* p = queue.reserve(wanted);
        ASSERT_GE(queue.room(), wanted);
        std::copy_n(text.begin(), used, p);
        queue.commit(used);
        model.append(text, 0, used);
      } else if (what == 3 && random.chance(0.2)) {
        OutputQueue moved = std::move(queue);
        queue = std::move(moved);
      } else if (what == 4) {
        const std::size_t kept = model.size() - random.below(model.size() / 4 + 1);
        queue.cut(kept);
        model.resize(kept);
      } else {
        const std::size_t count = random.chance(0.2) ? model.size() : random.below(model.size() + 1);
        queue.consume(count);
        model.erase(0, count);
        consumed += count;
      }
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(queue.consumed(), consumed);
      if (step % 20 == 0) {
        ASSERT_TRUE(content(queue) == model) << "seed " << seed << " step " << step;
      }
    }
  }
}

TEST(OutputQueue, AMovedFromQueueIsEmptyAndUsable) {
  OutputQueue a;
  a.append(as_bytes("text"));
  OutputQueue b = std::move(a);
  EXPECT_EQ(content(b), "text");
  EXPECT_EQ(a.size(), 0u);      // NOLINT: on purpose
  EXPECT_EQ(a.room(), 0u);      // NOLINT
  a.append(as_bytes("other"));  // NOLINT
  EXPECT_EQ(content(a), "other");
  EXPECT_EQ(content(b), "text");
}

}  // namespace
}  // namespace godwit
