// Unary calls from start to end: what goes on the wire, deadlines, cancellation, transparent retries, limits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "godwit/rpc/client/fakes_for_test.h"

namespace godwit::rpc {
namespace {

using fake::framed;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(Call, RequestOnTheWire) {
  ChannelOptions options;
  options.user_agent_prefix = "app/1";
  fake::World world("ipv4:10.0.0.1:80", std::move(options));
  fake::Client& client = world.ready();
  ClientContext context;
  context.set_timeout(seconds(2));
  ASSERT_TRUE(context.metadata().add("X-Key", "value"));
  ASSERT_TRUE(context.metadata().add("raw-bin", std::string_view("\0\xff", 2)));
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context, "hello");
  const fake::FieldPairs expected = {{":method", "POST"},
                                     {":scheme", "http"},
                                     {":path", "/test.Service/Unary"},
                                     {":authority", "10.0.0.1:80"},
                                     {"content-type", "application/grpc"},
                                     {"te", "trailers"},
                                     {"user-agent", "app/1 godwit-cpp/0.1.0"},
                                     {"grpc-timeout", "2000000u"},
                                     {"x-key", "value"},
                                     {"raw-bin", "AP8"}};
  EXPECT_EQ(client.last().request, expected);
  EXPECT_EQ(client.last().body, framed("hello"));
  EXPECT_TRUE(client.last().request_ended);
  client.last().answer("world");
  EXPECT_EQ(call.ends, 1);
  EXPECT_TRUE(call.status.ok()) << call.status.text();
  EXPECT_EQ(call.messages, std::vector<std::string>{"world"});
  EXPECT_EQ(client.last().consumed_bytes, framed("world").size());
}

TEST(Call, AuthorityAndUncachedMethodsSendTheWholeHeader) {
  fake::World world;
  fake::Client& client = world.ready();
  const ClientMethod method("/a.B/C", MethodKind::kUnary, ClientMethod::HeaderCache::kUncached);
  ClientContext context;
  context.set_authority("other.example");
  fake::Unary one, two;
  one.call(*world.channel, method, &context);
  two.call(*world.channel, method);
  const fake::FieldPairs expected = {{":method", "POST"},
                                     {":scheme", "http"},
                                     {":path", "/a.B/C"},
                                     {":authority", "other.example"},
                                     {"content-type", "application/grpc"},
                                     {"te", "trailers"},
                                     {"user-agent", "godwit-cpp/0.1.0"}};
  EXPECT_EQ(client.exchanges[0]->request, expected);
  EXPECT_EQ(client.exchanges[1]->header(":authority"), "10.0.0.1:80");
  client.exchanges[0]->answer("x");
  client.exchanges[1]->answer("x");
}

TEST(Call, MoreFieldsThanFitOnTheStack) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  for (int i = 0; i < 40; ++i) context.metadata().add("k" + std::to_string(i), std::to_string(i));
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.last().header("k" + std::to_string(i)), std::to_string(i));
  client.last().answer("x");
}

TEST(Call, BadMetadataSendsNothing) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  EXPECT_FALSE(context.metadata().add("bad key", "x"));
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kInternal);
  EXPECT_THAT(call.status.message(), HasSubstr("bad key"));
  EXPECT_TRUE(client.exchanges.empty());
}

TEST(Call, ExpiredDeadlineSendsNothing) {
  fake::World world;
  fake::Client& client = world.ready();
  for (const auto timeout : {milliseconds(0), milliseconds(-5)}) {
    ClientContext context;
    context.set_timeout(timeout);
    fake::Unary call;
    call.call(*world.channel, fake::kUnaryMethod, &context);
    EXPECT_EQ(call.ends, 1);
    EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
  }
  ClientContext context;
  context.set_deadline(world.executor.now());
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client.exchanges.empty());
}

TEST(Call, DeadlineResetsTheExchange) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  context.set_timeout(milliseconds(100));
  context.set_deadline(world.executor.now() + seconds(10));  // the earlier one counts
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  world.run(milliseconds(99));
  EXPECT_EQ(call.ends, 0);
  world.run(milliseconds(2));
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(call.status.message(), HasSubstr("after 100 ms, while waiting for the response of ipv4:10.0.0.1:80"));
  EXPECT_TRUE(client.last().was_reset);
  EXPECT_EQ(client.last().reset_reason, http::ResetReason::kCancelled);
}

// The server watches the deadline too: its reset may come first.
TEST(Call, CancelledResetAtTheDeadlineIsDeadlineExceeded) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  context.set_deadline(world.executor.now() + milliseconds(10));
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  world.executor.freeze_until(world.executor.now() + milliseconds(50));
  world.run(milliseconds(20));
  EXPECT_EQ(call.ends, 0);
  client.last().server_resets(http::ResetReason::kCancelled);
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
}

TEST(Call, DeadlineWhileConnectingNamesTheTarget) {
  fake::World world;
  world.connector->automatic = false;
  ClientContext context;
  context.set_timeout(seconds(1));
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  world.run(seconds(2));
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(call.status.message(), HasSubstr("waited for a connection to ipv4:10.0.0.1:80 (CONNECTING"));
}

TEST(Call, CancelByContext) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  context.cancel();
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
  EXPECT_TRUE(client.last().was_reset);
  context.cancel();
  EXPECT_EQ(call.ends, 1);

  // A cancelled context fails the next call, until it is reset.
  fake::Unary next;
  next.call(*world.channel, fake::kUnaryMethod, &context);
  EXPECT_EQ(next.status.code(), StatusCode::kCancelled);
  EXPECT_EQ(client.exchanges.size(), 1u);
  context.reset();
  fake::Unary third;
  third.call(*world.channel, fake::kUnaryMethod, &context);
  client.last().answer("x");
  EXPECT_TRUE(third.status.ok());
}

TEST(Call, CancelWhileConnecting) {
  fake::World world;
  world.connector->automatic = false;
  ClientContext context;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  world.run();
  context.cancel();
  EXPECT_EQ(call.ends, 1);
  world.connector->succeed(0);
  world.run();
  EXPECT_TRUE(world.connector->last_client().exchanges.empty());
}

TEST(Call, DestroyedCallIsReset) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  {
    fake::Unary call;
    call.call(*world.channel, fake::kUnaryMethod, &context);
  }
  EXPECT_TRUE(client.last().was_reset);
  client.last().answer("late");
  fake::Unary next;  // the context is free again
  next.call(*world.channel, fake::kUnaryMethod, &context);
  client.last().answer("x");
  EXPECT_EQ(next.ends, 1);
}

TEST(Call, DestroyedContextCancels) {
  fake::World world;
  world.ready();
  fake::Unary call;
  {
    ClientContext context;
    call.call(*world.channel, fake::kUnaryMethod, &context);
  }
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
}

TEST(Call, UnreadableReplyEndsTheCall) {
  fake::World world;
  fake::Client& client = world.ready();
  struct Picky final : UnaryCall {
    ~Picky() = default;
    void on_message(const http::BodyView&) override { reject(Status(StatusCode::kInternal, "no valid Reply")); }
    void on_finished(Status&& ended) override { status = std::move(ended), ++ends; }
    Status status;
    int ends = 0;
  } call;
  call.start(*world.channel, fake::kUnaryMethod, nullptr, as_bytes(framed("x")));
  client.last().answer("x");
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.message(), "no valid Reply");
}

TEST(Call, MessageTooLargeToSend) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  context.set_max_send_message_bytes(10);
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context, std::string(11, 'x'));
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(call.status.message(), HasSubstr("11 bytes; this client sends messages of up to 10 bytes: raise "
                                               "ChannelOptions::max_send_message_bytes"));
  EXPECT_TRUE(client.last().was_reset);
}

TEST(Call, ReceiveLimitOfTheContext) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  context.set_max_receive_message_bytes(4);
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  client.last().answer("12345");
  EXPECT_EQ(call.status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(call.status.message(), HasSubstr("5 bytes; this client receives messages of up to 4 bytes"));
  EXPECT_TRUE(client.last().was_reset);
}

// gRFC A6, "Transparent Retries".
TEST(Call, RefusedCallIsSentAgainOnce) {
  fake::World world;
  fake::Client& client = world.ready();
  const std::string large(100'000, 'y');
  for (const std::string& message : {std::string("small"), large}) {
    fake::Unary call;
    const std::size_t before = client.exchanges.size();
    call.call(*world.channel, fake::kUnaryMethod, nullptr, message);
    client.last().server_resets(http::ResetReason::kRefused);
    ASSERT_EQ(client.exchanges.size(), before + 2);
    EXPECT_EQ(client.last().body, framed(message));
    EXPECT_TRUE(client.last().request_ended);
    EXPECT_EQ(client.last().header("grpc-previous-rpc-attempts"), "(none)");
    EXPECT_EQ(call.ends, 0);
    client.last().server_resets(http::ResetReason::kRefused);
    EXPECT_EQ(call.ends, 1);
    EXPECT_EQ(call.status.code(), StatusCode::kUnavailable);
    EXPECT_EQ(client.exchanges.size(), before + 2);
  }
}

TEST(Call, WhatWasNotKeptIsNotSentAgain) {
  ChannelOptions options;
  options.retry_buffer_bytes = 1000;
  fake::World world("ipv4:10.0.0.1:80", std::move(options));
  fake::Client& client = world.ready();
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, nullptr, std::string(2000, 'x'));
  client.last().server_resets(http::ResetReason::kRefused);
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(client.exchanges.size(), 1u);
}

TEST(Call, SentAgainOnAnotherConnectionAfterGoAway) {
  fake::World world;
  fake::Client& client = world.ready();
  fake::Unary old, unlucky;
  old.call(*world.channel, fake::kUnaryMethod);
  unlucky.call(*world.channel, fake::kUnaryMethod);
  client.go_away();
  client.exchanges[1]->server_resets(http::ResetReason::kRefused, "after the last stream of GOAWAY");
  EXPECT_EQ(unlucky.ends, 0);
  world.run();
  ASSERT_EQ(world.connector->clients.size(), 2u);
  EXPECT_TRUE(client.drain_called);
  world.connector->client(1).last().answer("second");
  EXPECT_EQ(unlucky.messages, std::vector<std::string>{"second"});
  // The other one goes on where it was.
  client.exchanges[0]->answer("first");
  EXPECT_EQ(old.messages, std::vector<std::string>{"first"});
}

TEST(Call, QueuesAtTheLimitOfConcurrentStreams) {
  fake::World world;
  fake::Client& client = world.ready();
  client.limit = 2;
  std::deque<fake::Unary> calls(5);
  ClientContext short_of_time;
  short_of_time.set_timeout(milliseconds(50));
  for (int i = 0; i < 5; ++i) {
    calls[i].call(*world.channel, fake::kUnaryMethod, i == 3 ? &short_of_time : nullptr, std::to_string(i));
  }
  EXPECT_EQ(client.exchanges.size(), 2u);
  world.run(milliseconds(60));
  EXPECT_EQ(calls[3].ends, 1);
  EXPECT_THAT(calls[3].status.message(), HasSubstr("allows no more calls at once"));
  client.exchanges[0]->answer("x");
  client.capacity();
  ASSERT_EQ(client.exchanges.size(), 3u);
  EXPECT_EQ(client.last().body, framed("2")) << "first come, first served";
  // A new call does not overtake those that wait, even when there is room.
  client.limit = 100;
  fake::Unary late;
  late.call(*world.channel, fake::kUnaryMethod, nullptr, "late");
  EXPECT_EQ(client.exchanges.size(), 3u);
  client.capacity();
  ASSERT_EQ(client.exchanges.size(), 5u);
  EXPECT_EQ(client.exchanges[3]->body, framed("4"));
  EXPECT_EQ(client.exchanges[4]->body, framed("late"));
  for (auto& exchange : client.exchanges) exchange->answer("x");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(calls[i].ends, 1);
}

TEST(Call, ThoseThatWaitForAStreamMoveToTheNextConnection) {
  fake::World world;
  fake::Client& client = world.ready();
  client.limit = 1;
  fake::Unary running, waiting;
  running.call(*world.channel, fake::kUnaryMethod);
  waiting.call(*world.channel, fake::kUnaryMethod);
  client.disconnect();
  EXPECT_EQ(running.ends, 1);
  EXPECT_EQ(running.status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(waiting.ends, 0);
  world.run();
  world.connector->last_client().last().answer("x");
  EXPECT_EQ(waiting.ends, 1);
  EXPECT_TRUE(waiting.status.ok());
}

TEST(Call, NextCallFromTheEndOfTheLast) {
  fake::World world;
  fake::Client& client = world.ready();
  fake::Unary call;
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 100) {
      call.then = again;
      call.call(*world.channel, fake::kUnaryMethod);
    }
  };
  call.then = again;
  call.call(*world.channel, fake::kUnaryMethod);
  for (std::size_t i = 0; i < client.exchanges.size(); ++i) client.exchanges[i]->answer("x");
  EXPECT_EQ(rounds, 100);
  EXPECT_EQ(call.ends, 100);
}

// --- the end of the channel ---

TEST(Shutdown, EveryCallEndsOnce) {
  fake::World world;
  fake::Client& client = world.ready();
  client.limit = 1;
  std::deque<fake::Unary> calls(3);
  for (auto& call : calls) call.call(*world.channel, fake::kUnaryMethod);
  world.channel->shutdown();
  for (auto& call : calls) {
    EXPECT_EQ(call.ends, 1);
    EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
    EXPECT_THAT(call.status.message(), HasSubstr("shut down"));
  }
  EXPECT_EQ(*world.connector->clients[0], nullptr) << "the connection is closed";
  EXPECT_EQ(world.channel->state(), ConnectivityState::kShutdown);
  fake::Unary late;
  late.call(*world.channel, fake::kUnaryMethod);
  EXPECT_EQ(late.ends, 1);
  EXPECT_EQ(late.status.code(), StatusCode::kUnavailable);
  world.channel.reset();
  for (auto& call : calls) EXPECT_EQ(call.ends, 1);
}

TEST(Shutdown, WhileConnecting) {
  fake::World world;
  world.connector->automatic = false;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  world.run();
  world.channel.reset();
  EXPECT_EQ(call.ends, 1);
  EXPECT_TRUE(world.connector->attempts[0]->given_up);
  world.run(seconds(10));
}

// A channel destroyed where its calls end: in the middle of a connection's event.
TEST(Shutdown, FromInsideACallsEnd) {
  fake::World world;
  fake::Client& client = world.ready();
  fake::Unary call, other;
  call.then = [&] { world.channel.reset(); };
  call.call(*world.channel, fake::kUnaryMethod);
  other.call(*world.channel, fake::kUnaryMethod);
  fake::Exchange& exchange = *client.exchanges[0];
  exchange.answer("x");
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(other.ends, 1);
  world.run();
  EXPECT_EQ(*world.connector->clients[0], nullptr);
}

TEST(Shutdown, FromInsideAMessage) {
  fake::World world;
  fake::Client& client = world.ready();
  fake::Unary call;
  call.on_reply = [&] { world.channel.reset(); };
  call.call(*world.channel, fake::kUnaryMethod);
  client.exchanges[0]->answer("x");
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
  world.run();
}

TEST(Shutdown, FromInsideAFailedStart) {
  fake::World world;
  world.ready();
  ClientContext context;
  context.set_timeout(Duration(0));
  auto call = std::make_unique<fake::Unary>();
  fake::Unary& running = *call;
  running.then = [&] {
    call.reset();
    world.channel.reset();
  };
  running.call(*world.channel, fake::kUnaryMethod, &context);
  EXPECT_EQ(call, nullptr);
  EXPECT_EQ(world.channel, nullptr);
  world.run();
}

}  // namespace
}  // namespace godwit::rpc
