// Calls with streams, from coroutines: reading, writing, back-pressure, destroyed awaiters, interceptors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "godwit/async/task.h"
#include "godwit/rpc/client/fakes_for_test.h"

namespace godwit::rpc {
namespace {

using fake::framed;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Runs a task to its end or until it is destroyed.
struct Running {
  explicit Running(Task<void> what) : task(std::move(what)) {
    ended = task.start([](void* self) { static_cast<Running*>(self)->ended = true; }, this);
  }
  Task<void> task;
  bool ended = false;
};

struct Log {
  std::vector<std::string> messages;
  Status status{StatusCode::kUnknown, "not ended"};
  int ends = 0;
};

Task<void> read_all(StreamingCall& call, Log& log) {
  while (const ReceivedMessage message = co_await call.read()) log.messages.emplace_back(as_text(message.bytes()));
  log.status = co_await call.finish();
  ++log.ends;
}

TEST(StreamingCall, ServerStreamingInEveryCut) {
  std::string body;
  const std::string long_one(3000, 'z');
  for (const std::string& text : {std::string("one"), std::string(""), long_one, std::string("four")})
    body += framed(text);
  for (std::size_t step = 1; step < body.size() + 1; step = step < 12 ? step + 1 : step * 3) {
    fake::World world;
    fake::Client& client = world.ready();
    StreamingCall call;
    call.start(*world.channel, fake::kServerStreaming, nullptr);
    call.send_last_message(as_bytes(framed("request")));
    Log log;
    Running reader(read_all(call, log));
    client.last().ok_headers();
    for (std::size_t at = 0; at < body.size(); at += step) {
      client.last().data(std::string_view(body).substr(at, step));
      // A waiting reader gives room as bytes come.
      EXPECT_EQ(client.last().consumed_bytes, std::min(at + step, body.size()));
    }
    client.last().trailers({{"grpc-status", "0"}});
    EXPECT_TRUE(reader.ended);
    EXPECT_THAT(log.messages, ElementsAre("one", "", long_one, "four"));
    EXPECT_TRUE(log.status.ok()) << log.status.text();
  }
}

// A whole message that lies in one slice is handed out where it lies.
TEST(StreamingCall, NoCopyForAWaitingReader) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kServerStreaming, nullptr);
  std::vector<const std::uint8_t*> seen;
  auto read = [](StreamingCall& c, std::vector<const std::uint8_t*>& out) -> Task<void> {
    while (const ReceivedMessage message = co_await c.read()) out.push_back(message.bytes().data());
  };
  Running reader(read(call, seen));
  client.last().ok_headers();
  const Slice slice = Slice::copy_of(as_bytes(framed("aaa") + framed("bbb") + framed("c")));
  client.last().body_slice(slice);
  EXPECT_THAT(seen, ElementsAre(slice.data() + 5, slice.data() + 13, slice.data() + 21));
  EXPECT_TRUE(slice.owner().get()->unique()) << "nobody kept a reference";
  call.cancel();
}

TEST(StreamingCall, SlowReaderHoldsRoomBack) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kServerStreaming, nullptr);
  client.last().ok_headers();
  const std::string text(1000, 'x');
  for (int i = 0; i < 60; ++i) client.last().message(text);
  EXPECT_EQ(client.last().consumed_bytes, 0u) << "nothing was read";
  int got = 0;
  auto read = [](StreamingCall& c, int& n, int limit) -> Task<void> {
    // Not `while (n < limit && co_await c.read())`: g++ 12 awaits before it looks at the left side.
    while (n < limit) {
      if (!co_await c.read()) co_return;
      ++n;
    }
  };
  Running first(read(call, got, 20));
  EXPECT_EQ(got, 20);
  EXPECT_GE(client.last().consumed_bytes, 4000u);
  EXPECT_LE(client.last().consumed_bytes, 20 * 1005u);
  Running second(read(call, got, 60));
  EXPECT_EQ(got, 60);
  EXPECT_EQ(client.last().consumed_bytes, 60 * 1005u);
}

// What came before the end can be read after it.
TEST(StreamingCall, MessagesOutliveTheResponse) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kServerStreaming, nullptr);
  client.last().ok_headers();
  client.last().data(framed("one") + framed("two"));
  client.last().trailers({{"grpc-status", "11"}, {"grpc-message", "no more"}});
  EXPECT_TRUE(call.done());
  Log log;
  Running reader(read_all(call, log));
  EXPECT_TRUE(reader.ended);
  EXPECT_THAT(log.messages, ElementsAre("one", "two"));
  EXPECT_EQ(log.status.code(), StatusCode::kOutOfRange);
}

TEST(StreamingCall, UnreadMessagesAreCheckedToo) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kServerStreaming, nullptr);
  client.last().ok_headers();
  client.last().data(framed("one") + framed("two").substr(0, 6));
  client.last().trailers({{"grpc-status", "0"}});
  Log log;
  Running reader(read_all(call, log));
  EXPECT_THAT(log.messages, ElementsAre("one"));
  EXPECT_EQ(log.status.code(), StatusCode::kInternal);
}

TEST(StreamingCall, FinishDropsWhatWasNotRead) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kServerStreaming, nullptr);
  client.last().ok_headers();
  client.last().data(framed("one") + framed("two").substr(0, 6));
  Log log;
  auto finish = [](StreamingCall& c, Log& out) -> Task<void> { out.status = co_await c.finish(); };
  Running running(finish(call, log));
  EXPECT_EQ(client.last().consumed_bytes, 14u);
  client.last().data(framed("two").substr(6));
  client.last().message("three");
  EXPECT_EQ(client.last().consumed_bytes, 26u);
  client.last().trailers({{"grpc-status", "0"}});
  EXPECT_TRUE(running.ended);
  EXPECT_TRUE(log.status.ok()) << log.status.text();
}

TEST(StreamingCall, ClientStreamingAnswersOnce) {
  for (const int answers : {0, 1, 2}) {
    fake::World world;
    fake::Client& client = world.ready();
    StreamingCall call;
    call.start(*world.channel, fake::kClientStreaming, nullptr);
    call.send_message(as_bytes(framed("a")));
    call.send_message(Slice::copy_of(as_bytes(framed("b"))));
    call.close_sending();
    EXPECT_EQ(client.last().body, framed("a") + framed("b"));
    EXPECT_TRUE(client.last().request_ended);
    Log log;
    Running reader(read_all(call, log));
    client.last().ok_headers();
    for (int i = 0; i < answers; ++i) client.last().message("sum");
    client.last().trailers({{"grpc-status", "0"}});
    EXPECT_EQ(log.ends, 1);
    EXPECT_EQ(log.status.code(), answers == 1 ? StatusCode::kOk : StatusCode::kUnimplemented) << answers;
  }
}

TEST(StreamingCall, WritableWaitsForRoom) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kBidi, nullptr);
  client.last().queued_bytes = http::Exchange::kHighWater + 1;
  EXPECT_FALSE(call.can_write());
  std::vector<bool> seen;
  auto write = [](StreamingCall& c, std::vector<bool>& out) -> Task<void> { out.push_back(co_await c.writable()); };
  Running first(write(call, seen));
  EXPECT_TRUE(seen.empty());
  client.last().room();
  EXPECT_THAT(seen, ElementsAre(true));
  client.last().queued_bytes = http::Exchange::kHighWater + 1;
  Running second(write(call, seen));
  client.last().server_resets(http::ResetReason::kInternalError);
  EXPECT_THAT(seen, ElementsAre(true, false));
}

// What is written before there is a connection is bounded, and sent in order when it comes.
TEST(StreamingCall, WritesBeforeTheConnection) {
  fake::World world;
  StreamingCall call;
  call.start(*world.channel, fake::kBidi, nullptr);
  std::string all;
  int writes = 0;
  auto write = [](StreamingCall& c, std::string& out, int& n) -> Task<void> {
    for (; n < 200; ++n) {
      const std::string one = framed(std::to_string(n) + std::string(997, 'w'));
      c.send_message(as_bytes(one));
      out += one;
      if (!co_await c.writable()) co_return;
    }
    c.close_sending();
  };
  Running writer(write(call, all, writes));
  EXPECT_FALSE(writer.ended);
  EXPECT_EQ(writes, 65);
  world.run();
  EXPECT_TRUE(writer.ended);
  fake::Client& client = world.connector->last_client();
  EXPECT_EQ(client.last().body, all);
  EXPECT_TRUE(client.last().request_ended);
  call.cancel();
}

TEST(StreamingCall, StreamsAreSentAgainUntilCommitted) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kBidi, nullptr);
  call.send_message(as_bytes(framed("a")));
  call.send_message(Slice::copy_of(as_bytes(framed(std::string(700, 'b')))));
  call.send_message(as_bytes(framed("c")));
  const std::string sent = client.last().body;
  client.last().server_resets(http::ResetReason::kRefused);
  ASSERT_EQ(client.exchanges.size(), 2u);
  EXPECT_EQ(client.last().body, sent);
  EXPECT_FALSE(client.last().request_ended);
  call.send_message(as_bytes(framed("d")));
  client.last().ok_headers();  // committed
  call.send_last_message(as_bytes(framed("e")));
  EXPECT_EQ(client.last().body, sent + framed("d") + framed("e"));
  client.last().server_resets(http::ResetReason::kRefused);
  EXPECT_TRUE(call.done());
  EXPECT_EQ(client.exchanges.size(), 2u);
}

TEST(StreamingCall, HeadersBeforeMessages) {
  for (const bool with_headers : {true, false}) {
    fake::World world;
    fake::Client& client = world.ready();
    ClientContext context;
    StreamingCall call;
    call.start(*world.channel, fake::kBidi, &context);
    int result = -1;
    auto wait = [](StreamingCall& c, int& out) -> Task<void> { out = co_await c.initial_metadata(); };
    Running running(wait(call, result));
    EXPECT_EQ(result, -1);
    if (with_headers) {
      client.last().headers({{":status", "200"}, {"content-type", "application/grpc"}, {"k", "v"}});
      EXPECT_EQ(context.initial_metadata().find("k"), "v");
    } else {
      client.last().trailers_only({{"grpc-status", "0"}});
    }
    EXPECT_EQ(result, with_headers ? 1 : 0);
    call.cancel();
  }
}

// A coroutine destroyed while it waits takes its call along, and nothing calls it any more.
TEST(StreamingCall, DestroyedAwaitersCancel) {
  using Wait = Task<void> (*)(StreamingCall&);
  const Wait waits[] = {
      [](StreamingCall& c) -> Task<void> { (void)co_await c.read(); },
      [](StreamingCall& c) -> Task<void> { (void)co_await c.writable(); },
      [](StreamingCall& c) -> Task<void> { (void)co_await c.initial_metadata(); },
      [](StreamingCall& c) -> Task<void> { (void)co_await c.finish(); },
  };
  for (const Wait wait : waits) {
    fake::World world;
    fake::Client& client = world.ready();
    ClientContext context;
    context.set_timeout(seconds(1));
    StreamingCall call;
    call.start(*world.channel, fake::kBidi, &context);
    client.last().queued_bytes = 1'000'000;
    {
      Running running(wait(call));
      EXPECT_FALSE(running.ended);
    }
    EXPECT_TRUE(call.done());
    EXPECT_TRUE(client.last().was_reset);
    client.last().answer("late");
    world.run(seconds(2));
  }
}

// The call object itself goes while coroutines of it are resumed.
TEST(StreamingCall, DestroyedFromInsideItsEnd) {
  fake::World world;
  fake::Client& client = world.ready();
  auto call = std::make_unique<StreamingCall>();
  call->start(*world.channel, fake::kBidi, nullptr);
  auto destroy = [](std::unique_ptr<StreamingCall>& c) -> Task<void> {
    StreamingCall& use = *c;
    (void)co_await use.read();
    c.reset();
  };
  Running running(destroy(call));
  client.last().answer("x");
  EXPECT_TRUE(running.ended);
  EXPECT_EQ(call, nullptr);
}

TEST(StreamingCall, DeadlineInTheMiddle) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  context.set_timeout(milliseconds(10));
  StreamingCall call;
  call.start(*world.channel, fake::kServerStreaming, &context);
  Log log;
  Running reader(read_all(call, log));
  client.last().ok_headers();
  client.last().message("one");
  world.run(milliseconds(20));
  EXPECT_TRUE(reader.ended);
  EXPECT_THAT(log.messages, ElementsAre("one"));
  EXPECT_EQ(log.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(log.status.message(), HasSubstr("in the middle of the response of ipv4:10.0.0.1:80"));
  EXPECT_TRUE(client.last().was_reset);
}

}  // namespace
}  // namespace godwit::rpc
