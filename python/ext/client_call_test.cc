#include "client_call.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "client_for_test.h"

namespace godwit::python {
namespace {

using namespace std::chrono_literals;
using Wait = ClientCall::Wait;

TimePoint in(Duration duration) { return system_clock().now() + duration; }

Ref<Channel> channel_to(const std::string& target, const Options& options = {}) {
  auto channel = Channel::make(target, options, nullptr);
  EXPECT_TRUE(channel.ok()) << channel.error().message;
  return *channel;
}

Ref<ClientCall> new_call(const Ref<Channel>& channel, const char* path, bool unary = true, CallOptions options = {},
                         Ref<EventQueue> queue = {}) {
  if (!options.timeout) options.timeout = 60s;
  return ClientCall::make(channel, *find_method(path, unary ? MethodKind::kUnary : MethodKind::kBidiStreaming), options,
                          std::move(queue));
}

Ref<ClientCall> unary(const Ref<Channel>& channel, const char* path, std::string_view message,
                      CallOptions options = {}) {
  Ref<ClientCall> call = new_call(channel, path, true, options);
  call->start_with(message);
  EXPECT_EQ(call->wait_ended(kNever), Wait::kReady);
  return call;
}

std::string taken(const Ref<ClientCall>& call) {
  Slice message;
  return call->take(message) ? std::string(as_text(message.bytes())) : "(nothing)";
}

std::string value(const Metadata& metadata, std::string_view key) {
  return std::string(metadata.find(key).value_or("(none)"));
}

class ClientCallTest : public ::testing::Test {
 protected:
  ~ClientCallTest() override { channel_->close(); }
  TestPeer peer_;
  Ref<Channel> channel_ = channel_to(peer_.target());
};

TEST_F(ClientCallTest, UnaryCallsOfAllSizesGiveTheReply) {
  for (const std::size_t size : {0, 1, 255, 256, 257, 2048, 2049, 100'000, 3'000'000}) {
    const std::string text(size, 'a');
    const Ref<ClientCall> call = unary(channel_, "/t.T/Echo", text);
    ASSERT_EQ(call->code(), StatusCode::kOk) << call->details();
    EXPECT_TRUE(taken(call) == text) << size;
    EXPECT_TRUE(call->messages_ended());
    EXPECT_EQ(call->peer(), "ipv4:" + peer_.target());
    EXPECT_EQ(call->details(), "");
  }
}

TEST_F(ClientCallTest, UnaryCallsOfManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 10; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string text = std::to_string(t) + "/" + std::to_string(i);
        const Ref<ClientCall> call = unary(channel_, "/t.T/Echo", text);
        good += call->code() == StatusCode::kOk && taken(call) == text;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 2000);
}

TEST_F(ClientCallTest, WhatTheServerSaidStays) {
  const Ref<ClientCall> call = unary(channel_, "/t.T/Fail", "x");
  EXPECT_EQ(call->code(), StatusCode::kNotFound);
  EXPECT_EQ(call->details(), "no such thing");
  EXPECT_EQ(call->status_details(), "\x08\x05");
  EXPECT_EQ(value(call->trailing_metadata(), "why"), "because");
  EXPECT_EQ(call->initial_metadata().size(), 0u);
  EXPECT_EQ(taken(call), "(nothing)");
}

TEST_F(ClientCallTest, MetadataGoesBothWays) {
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Show");
  EXPECT_TRUE(call->metadata().add("k", "v"));
  EXPECT_TRUE(call->metadata().add("k-bin", std::string_view("\0\xff", 2)));
  call->start_with("x");
  EXPECT_EQ(call->wait_initial_metadata(kNever), Wait::kReady);
  EXPECT_EQ(call->wait_ended(kNever), Wait::kReady);
  for (const Metadata* metadata : {&call->initial_metadata(), &call->trailing_metadata()}) {
    EXPECT_EQ(value(*metadata, "k"), "v");
    EXPECT_EQ(value(*metadata, "k-bin"), std::string_view("\0\xff", 2));
  }
}

TEST_F(ClientCallTest, StreamsBothWays) {
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Echo", false);
  call->start();
  EXPECT_EQ(call->wait_message(in(1ms)), Wait::kTimeout);
  for (int i = 0; i < 100; ++i) {
    const std::string text(static_cast<std::size_t>(i * 100), 'b');
    call->write(text);
    ASSERT_EQ(call->wait_message(kNever), Wait::kReady);
    ASSERT_TRUE(taken(call) == text);
  }
  EXPECT_TRUE(call->has_initial_metadata());
  EXPECT_FALSE(call->ended());
  EXPECT_FALSE(call->messages_ended());
  call->close_writing();
  EXPECT_EQ(call->wait_message(kNever), Wait::kEnded);
  EXPECT_TRUE(call->messages_ended());
  EXPECT_EQ(call->code(), StatusCode::kOk) << call->details();
}

TEST_F(ClientCallTest, ASlowReaderGetsEveryMessageAndAFewAhead) {
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Count", false);
  call->start_with("5000");
  int count = 0;
  while (call->wait_message(kNever) == Wait::kReady) {
    ASSERT_EQ(taken(call).size(), 1000u);
    ++count;
  }
  EXPECT_EQ(count, 5000);
  EXPECT_EQ(call->code(), StatusCode::kOk) << call->details();
}

TEST_F(ClientCallTest, AFastWriterIsToldToWait) {
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Never", false);
  call->start();
  const std::string text(100'000, 'c');
  int written = 0;
  for (; written < 1000 && call->wait_writable(kNever) == Wait::kReady; ++written) call->write(text);
  EXPECT_EQ(written, 1000);
  EXPECT_TRUE(call->cancel());
  EXPECT_TRUE(call->can_write());
  EXPECT_EQ(call->wait_writable(kNever), Wait::kEnded);
}

TEST_F(ClientCallTest, DeadlinesEndCallsWithTheKnownWords) {
  const Ref<ClientCall> call = unary(channel_, "/t.T/Never", "x", {.timeout = 50ms});
  EXPECT_EQ(call->code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(call->details().starts_with("Deadline Exceeded: ")) << call->details();
  EXPECT_LT(call->deadline(), in(0s));
  for (const Duration timeout : {Duration(0), Duration(-1s)}) {
    const Ref<ClientCall> late = unary(channel_, "/t.T/Echo", "x", {.timeout = timeout});
    EXPECT_EQ(late->code(), StatusCode::kDeadlineExceeded);
    EXPECT_TRUE(late->details().starts_with("Deadline Exceeded")) << late->details();
  }
}

TEST_F(ClientCallTest, CancelEndsAtOnceAndTheServerSeesIt) {
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Never", false);
  call->start();
  call->write("x");
  while (peer_.active_calls() == 0) std::this_thread::yield();
  EXPECT_TRUE(call->cancel());
  EXPECT_FALSE(call->cancel());
  EXPECT_TRUE(call->ended());
  EXPECT_EQ(call->code(), StatusCode::kCancelled);
  EXPECT_EQ(call->details(), "Locally cancelled by application!");
  while (peer_.active_calls() > 0) std::this_thread::yield();

  const Ref<ClientCall> other = new_call(channel_, "/t.T/Never", false);
  EXPECT_TRUE(other->cancel_with(StatusCode::kInternal, "mine"));
  other->start();
  EXPECT_EQ(other->code(), StatusCode::kInternal);
  EXPECT_EQ(other->details(), "mine");
}

TEST_F(ClientCallTest, CancelFromAnotherThreadWakesTheOneThatWaits) {
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Never", false);
  call->start();
  std::thread thread([&] { call->cancel(); });
  EXPECT_EQ(call->wait_message(kNever), Wait::kEnded);
  thread.join();
}

TEST_F(ClientCallTest, ACallWhoseLastReferenceGoesRunsOn) {
  new_call(channel_, "/t.T/Never", false)->start();
  while (peer_.active_calls() == 0) std::this_thread::yield();
  channel_->close();
  while (peer_.active_calls() > 0) std::this_thread::yield();
}

TEST_F(ClientCallTest, EventsComeInTheQueue) {
  const auto queue = EventQueue::make(false);
  const Ref<ClientCall> call = new_call(channel_, "/t.T/Echo", false, {}, queue);
  call->start();
  std::uint32_t seen = 0;
  auto wait_for = [&](std::uint32_t bits) {
    while ((seen & bits) != bits) {
      ASSERT_TRUE(queue->wait(20s)) << "bits " << seen;
      std::vector<EventQueue::Event> events;
      queue->drain(10, events);
      for (const EventQueue::Event& event : events) {
        EXPECT_EQ(event.source.get(), call.get());
        seen |= event.bits;
      }
    }
  };
  call->want_message();
  call->write("one");
  wait_for(kInitialMetadata | kMessage);
  EXPECT_EQ(taken(call), "one");
  EXPECT_FALSE(seen & kEnded);
  seen = 0;
  call->want_message();
  call->close_writing();
  wait_for(kMessage | kEnded);
  EXPECT_TRUE(call->messages_ended());
  queue->abandon();
}

TEST_F(ClientCallTest, MessagesThatAreTooLargeFailWithTheKnownWords) {
  channel_->close();
  channel_ = channel_to(peer_.target(), {{"grpc.max_receive_message_length", std::int64_t{1000}},
                                         {"grpc.max_send_message_length", std::int64_t{2000}}});
  const Ref<ClientCall> received = unary(channel_, "/t.T/Echo", std::string(1001, 'x'));
  EXPECT_EQ(received->code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(received->details().starts_with("CLIENT: Received message larger than max (1001 vs. 1000)"))
      << received->details();
  const Ref<ClientCall> sent = unary(channel_, "/t.T/Echo", std::string(2001, 'x'));
  EXPECT_EQ(sent->code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(sent->details().starts_with("CLIENT: Sent message larger than max (2001 vs. 2000)")) << sent->details();
}

TEST_F(ClientCallTest, PathsThatAreNotKeptWorkToo) {
  const Ref<ClientCall> call = ClientCall::make(channel_, "/t.T/Echo", MethodKind::kUnary, {.timeout = 60s}, {});
  call->start_with("x");
  call->wait_ended(kNever);
  EXPECT_EQ(taken(call), "x");
}

TEST_F(ClientCallTest, ClosingEndsRunningCallsAndNewOnes) {
  std::thread thread([&] {
    const Ref<ClientCall> call = unary(channel_, "/t.T/Never", "x");
    EXPECT_EQ(call->code(), StatusCode::kCancelled);
    EXPECT_EQ(call->details(), "Channel closed!");
  });
  while (peer_.active_calls() == 0) std::this_thread::yield();
  channel_->close();
  thread.join();
  const Ref<ClientCall> call = unary(channel_, "/t.T/Echo", "x");
  EXPECT_EQ(call->code(), StatusCode::kCancelled);
  EXPECT_EQ(call->details(), "Channel closed!");
  EXPECT_EQ(channel_->state(), ConnectivityState::kShutdown);
}

}  // namespace
}  // namespace godwit::python
