#include "godwit/http2/stream/stream_table.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "godwit/base/random.h"
#include "godwit/http2/stream/send_scheduler.h"
#include "godwit/http2/stream/stream_pool.h"

namespace godwit::http2 {
namespace {

TEST(StreamTable, AgreesWithAMapUnderRandomWork) {
  SeededRandom random(7);
  StreamTable table;
  std::map<StreamId, Stream*> model;
  StreamId next = 1;
  for (int i = 0; i < 20'000; ++i) {
    if (model.size() < 200 && random.chance(0.51)) {
      next += 2 * static_cast<StreamId>(1 + random.below(random.chance(0.1) ? 64 : 1));
      Stream* stream = StreamPool::make(next, 0, 0);
      table.insert(stream);
      model[next] = stream;
    } else if (!model.empty()) {
      auto at = model.lower_bound(static_cast<StreamId>(random.below(next)));
      if (at == model.end()) at = model.begin();
      table.erase(at->first);
      StreamPool::give_back(at->second);
      model.erase(at);
    }
    ASSERT_EQ(table.size(), model.size());
    const auto probe = static_cast<StreamId>(random.below(next + 4)) | 1;
    const auto at = model.find(probe);
    ASSERT_EQ(table.find(probe), at == model.end() ? nullptr : at->second);
  }
  std::set<StreamId> seen;
  table.for_each([&](Stream& stream) { seen.insert(stream.id()); });
  EXPECT_EQ(seen.size(), model.size());
  for (const auto& [id, stream] : model) {
    EXPECT_EQ(table.find(id), stream);
    StreamPool::give_back(stream);
  }
}

// Neighbours in id are neighbours in memory: a walk over all of them for each stream would take ten minutes here.
TEST(StreamTable, ManyOpenStreamsCostNoMoreEach) {
  constexpr StreamId kOpen = 100'000;
  StreamTable table;
  std::deque<Stream*> open;
  for (StreamId id = 1; id < 2 * 4'000'000; id += 2) {
    open.push_back(StreamPool::make(id, 0, 0));
    table.insert(open.back());
    if (open.size() < kOpen) continue;
    table.erase(open.front()->id());
    ASSERT_EQ(table.find(open.front()->id()), nullptr);
    StreamPool::give_back(open.front());
    open.pop_front();
  }
  EXPECT_EQ(table.size(), open.size());
  for (Stream* stream : open) StreamPool::give_back(stream);
}

TEST(StreamPool, UsesMemoryAgain) {
  Stream* first = StreamPool::make(1, 10, 10);
  StreamPool::give_back(first);
  Stream* second = StreamPool::make(3, 10, 10);
  EXPECT_EQ(first, second);
  EXPECT_EQ(second->id(), 3u);
  EXPECT_EQ(second->user, nullptr);
  StreamPool::give_back(second);
}

TEST(Stream, AnIdleOneIsSmall) { EXPECT_LE(sizeof(Stream), 256u); }

TEST(SendScheduler, ServesInTurn) {
  Stream* a = StreamPool::make(1, 0, 0);
  Stream* b = StreamPool::make(3, 0, 0);
  Stream* c = StreamPool::make(5, 0, 0);
  SendScheduler scheduler;
  EXPECT_TRUE(scheduler.empty());
  for (Stream* s : {a, b, c, a}) scheduler.add(*s);
  std::vector<StreamId> order;
  for (int i = 0; i < 4; ++i) {
    order.push_back(scheduler.front()->id());
    scheduler.rotate();
  }
  EXPECT_EQ(order, (std::vector<StreamId>{1, 3, 5, 1}));
  scheduler.remove(*b);  // the front
  EXPECT_EQ(scheduler.front(), c);
  scheduler.remove(*b);  // not there: nothing happens
  scheduler.remove(*c);
  EXPECT_EQ(scheduler.front(), a);
  EXPECT_FALSE(SendScheduler::contains(*c));
  scheduler.remove(*a);
  EXPECT_TRUE(scheduler.empty());
  for (Stream* s : {a, b, c}) StreamPool::give_back(s);
}

}  // namespace
}  // namespace godwit::http2
