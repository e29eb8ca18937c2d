#include "event_queue.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "godwit/net/event_loop.h"

namespace godwit::python {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Source final : public EventSource {
 public:
  explicit Source(const Ref<EventQueue>& queue, std::atomic<int>* gone = nullptr) : gone_(gone) { set_queue(queue); }

 private:
  ~Source() override {
    if (gone_) ++*gone_;
  }
  std::atomic<int>* gone_;
};

Ref<Source> make_source(const Ref<EventQueue>& queue, std::atomic<int>* gone = nullptr) {
  return Ref<Source>::adopt(new Source(queue, gone));
}

TEST(EventQueue, GivesEventsInOrderAndBitsOfOneSourceTogether) {
  auto queue = EventQueue::make(false);
  auto a = make_source(queue);
  auto b = make_source(queue);
  a->signal(kArrived);
  b->signal(kWritable);
  a->signal(kMessage);
  EXPECT_EQ(queue->size(), 2u);
  std::vector<EventQueue::Event> events;
  EXPECT_EQ(queue->drain(10, events), 2u);
  EXPECT_EQ(events[0].source.get(), a.get());
  EXPECT_EQ(events[0].bits, kArrived | kMessage);
  EXPECT_EQ(events[1].source.get(), b.get());
  EXPECT_EQ(queue->taken(), 2u);
  // Once taken, a source may come again.
  a->signal(kEnded);
  events.clear();
  EXPECT_EQ(queue->drain(10, events), 1u);
  EXPECT_EQ(events[0].bits, kEnded);
}

TEST(EventQueue, KeepsTheOrderWhileItGrowsAndIsDrainedInParts) {
  auto queue = EventQueue::make(false);
  std::vector<Ref<Source>> sources;
  for (int i = 0; i < 1000; ++i) sources.push_back(make_source(queue));
  std::vector<EventQueue::Event> events;
  std::size_t signalled = 0;
  while (events.size() < sources.size()) {
    for (int i = 0; i < 50 && signalled < sources.size(); ++i) sources[signalled++]->signal(kMessage);
    queue->drain(30, events);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) ASSERT_EQ(events[i].source.get(), sources[i].get());
}

TEST(EventQueue, TheDescriptorIsReadableWhileThereAreEvents) {
  auto queue = EventQueue::make(true);
  const auto readable = [&] {
    pollfd entry{queue->descriptor(), POLLIN, 0};
    return poll(&entry, 1, 0) == 1;
  };
  auto a = make_source(queue);
  auto b = make_source(queue);
  EXPECT_FALSE(readable());
  a->signal(kMessage);
  b->signal(kMessage);
  EXPECT_TRUE(readable());
  std::vector<EventQueue::Event> events;
  queue->drain(1, events);
  EXPECT_TRUE(readable());
  queue->drain(1, events);
  EXPECT_FALSE(readable());
  a->signal(kMessage);
  EXPECT_TRUE(readable());
  queue->abandon();  // the event in it holds the source, and the source the queue
}

TEST(EventQueue, WaitsUntilThereIsAnEventOrItIsClosedOrTheTimeIsUp) {
  auto queue = EventQueue::make(false);
  EXPECT_FALSE(queue->wait(milliseconds(1)));
  auto a = make_source(queue);
  std::thread signaller([&] { a->signal(kMessage); });
  EXPECT_TRUE(queue->wait(Duration(-1)));
  signaller.join();
  std::vector<EventQueue::Event> events;
  queue->drain(1, events);
  std::thread closer([&] { queue->close(); });
  EXPECT_FALSE(queue->wait(Duration(-1)));
  closer.join();
  EXPECT_FALSE(queue->wait(Duration(-1)));
}

// Threads that wait are woken one after the other as long as there is something: none is forgotten.
TEST(EventQueue, ManyThreadsTakeEverything) {
  constexpr int kThreads = 4;
  constexpr int kSources = 2000;
  auto queue = EventQueue::make(false);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::vector<EventQueue::Event> events;
      while (queue->wait(Duration(-1))) {
        events.clear();
        taken += static_cast<int>(queue->drain(3, events));
        if (taken == kSources) queue->close();
      }
    });
  }
  std::vector<Ref<Source>> sources;
  for (int i = 0; i < kSources; ++i) {
    sources.push_back(make_source(queue));
    sources.back()->signal(kMessage);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kSources);
}

TEST(EventQueue, AnAbandonedQueueLetsGoOfWhatWaitsAndWhatComes) {
  std::atomic<int> gone{0};
  auto queue = EventQueue::make(false);
  auto a = make_source(queue, &gone);
  a->signal(kMessage);
  auto b = make_source(queue, &gone);
  a = Ref<Source>();
  EXPECT_EQ(gone, 0);
  queue->abandon();
  EXPECT_EQ(gone, 1);
  b->signal(kMessage);
  b = Ref<Source>();
  EXPECT_EQ(gone, 2);
  EXPECT_FALSE(queue->wait(Duration(-1)));
}

TEST(EventBatch, TheEventsOfOneTurnComeTogether) {
  auto loop = std::move(*net::EventLoop::create());
  auto queue = EventQueue::make(false);
  auto other = EventQueue::make(false);
  struct Turn final : Work {
    void run() override {
      EventBatch& batch = *events;
      batch.signal(*first, kArrived);
      batch.signal(*third, kArrived);
      batch.signal(*second, kArrived);
      batch.signal(*first, kMessage);
      before_the_end = first_queue->size();
      loop->stop();
    }
    net::EventLoop* loop;
    EventBatch* events;
    EventQueue* first_queue;
    Source *first, *second, *third;
    std::size_t before_the_end = 99;
  } turn;
  EventBatch batch(*loop);
  auto a = make_source(queue);
  auto b = make_source(queue);
  auto c = make_source(other);
  turn.loop = loop.get();
  turn.events = &batch;
  turn.first_queue = queue.get();
  turn.first = a.get();
  turn.second = b.get();
  turn.third = c.get();
  loop->post(turn);
  loop->run();
  EXPECT_EQ(turn.before_the_end, 0u);
  std::vector<EventQueue::Event> events;
  EXPECT_EQ(queue->drain(10, events), 2u);
  EXPECT_EQ(events[0].bits, kArrived | kMessage);
  EXPECT_EQ(other->drain(10, events), 1u);
}

// One thread is woken for both events; what it leaves, the next one takes, though the first does not come back before.
// Many rounds: in most of them both threads sleep when the events come.
TEST(EventBatch, WhoLeavesEventsBehindWakesTheNextThread) {
  constexpr int kRounds = 300;
  auto loop = std::move(*net::EventLoop::create());
  auto queue = EventQueue::make(false);
  std::barrier all(3);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        std::vector<EventQueue::Event> events;
        const TimePoint begin = system_clock().now();
        queue->wait(seconds(30));
        if (system_clock().now() - begin > seconds(20)) {  // the time-out, though there may be an event by then
          ADD_FAILURE() << "nobody woke this thread";
          return all.arrive_and_drop();
        }
        EXPECT_EQ(queue->drain(1, events), 1u);
        all.arrive_and_wait();
      }
    });
  }
  EventBatch batch(*loop);
  auto a = make_source(queue);
  auto b = make_source(queue);
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 10; ++i) std::this_thread::yield();
    batch.signal(*a, kMessage);
    batch.signal(*b, kMessage);
    loop->stop();
    loop->run();
    all.arrive_and_wait();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace godwit::python
