// Streams: messages both ways, reading ahead, back-pressure, ends; with our own client as the peer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

#include "godwit/http/exchange.h"
#include "server.h"
#include "server_for_test.h"

namespace godwit::python {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Wait = ServerCall::Wait;

class ServerStreamTest : public ServerTest {
 protected:
  std::string read(ServerCall& call) {
    Slice message;
    EXPECT_EQ(call.wait_message(kNever), Wait::kReady);
    EXPECT_TRUE(call.take(message));
    return text_of(message);
  }
};

TEST_F(ServerStreamTest, ServerStreaming) {
  serve();
  handle_with([](ServerCall& call) {
    EXPECT_EQ(call.request(), "count");
    for (int i = 0; i < 1000; ++i) call.write(std::to_string(i));
    call.finish(StatusCode::kOk, "", {{"t", "1"}});
  });
  ClientContext context;
  rpc::BlockingCall stream(client_->channel(), server_stream_, &context);
  stream.write(frame_message("count"));
  stream.close_sending();
  Slice message;
  int count = 0;
  while (stream.read(message)) EXPECT_EQ(text_of(message), std::to_string(count++));
  EXPECT_EQ(count, 1000);
  EXPECT_TRUE(stream.finish().ok());
  EXPECT_EQ(context.trailing_metadata().find("t"), "1");
}

TEST_F(ServerStreamTest, ClientStreaming) {
  serve();
  handle_with([](ServerCall& call) {
    EXPECT_FALSE(call.has_request());
    int count = 0;
    while (call.wait_message(kNever) == Wait::kReady) {
      Slice message;
      EXPECT_TRUE(call.take(message));
      EXPECT_EQ(text_of(message), std::to_string(count++));
    }
    EXPECT_TRUE(call.messages_ended());
    call.finish(StatusCode::kOk, "", {}, std::to_string(count));
  });
  rpc::BlockingCall stream(client_->channel(), client_stream_, nullptr);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(stream.write(frame_message(std::to_string(i))));
  stream.close_sending();
  Slice message;
  ASSERT_TRUE(stream.read(message));
  EXPECT_EQ(text_of(message), "5000");
  EXPECT_TRUE(stream.finish().ok());
}

TEST_F(ServerStreamTest, PingPongWithWaits) {
  serve();
  handle_with([](ServerCall& call) {
    call.send_initial_metadata({{"hello", "1"}});
    while (call.wait_message(kNever) == Wait::kReady) {
      Slice message;
      EXPECT_TRUE(call.take(message));
      call.write("re: " + text_of(message));
    }
    call.finish(StatusCode::kOk, "", {});
  });
  ClientContext context;
  rpc::BlockingCall stream(client_->channel(), bidi_, &context);
  Slice message;
  for (int i = 0; i < 200; ++i) {
    const std::string text(static_cast<std::size_t>(i) * 40, 'x');
    ASSERT_TRUE(stream.write(frame_message(text)));
    ASSERT_TRUE(stream.read(message));
    ASSERT_EQ(text_of(message), "re: " + text);
  }
  EXPECT_EQ(context.initial_metadata().find("hello"), "1");
  stream.close_sending();
  EXPECT_TRUE(stream.finish().ok());
}

// As asyncio does it: no waiting, events alone.
TEST_F(ServerStreamTest, PingPongWithEvents) {
  serve();
  rpc::BlockingCall stream(client_->channel(), bidi_, nullptr);
  ASSERT_TRUE(stream.write(frame_message("first")));
  Ref<ServerCall> call = next_call();
  Slice message;
  for (int i = 0; i < 100; ++i) {
    call->want_message();
    expect_event(*call, kMessage);
    ASSERT_TRUE(call->take(message));
    call->write(as_text(message.bytes()));
    ASSERT_TRUE(stream.read(message));
    if (i < 99) stream.write(frame_message("next"));
  }
  stream.close_sending();
  call->want_message();
  expect_event(*call, kMessage);
  EXPECT_FALSE(call->take(message));
  EXPECT_TRUE(call->messages_ended());
  call->want_message();  // asked again after the end: answered at once
  expect_event(*call, kMessage);
  call->finish(StatusCode::kOk, "", {});
  EXPECT_TRUE(stream.finish().ok());
  EXPECT_EQ(queue_->size(), 0u);
}

TEST_F(ServerStreamTest, AWriterIsHeldBackByASlowReader) {
  serve();
  rpc::BlockingCall stream(client_->channel(), server_stream_, nullptr);
  stream.write(frame_message(""));
  stream.close_sending();
  Ref<ServerCall> call = next_call();
  const std::string message(16 * 1024, 'm');
  std::size_t written = 0;
  // The client's window and the connection take some; then it is enough, for good: the client does not read.
  while (call->wait_writable(system_clock().now() + milliseconds(300)) == Wait::kReady) {
    call->write(message);
    ASSERT_LT(++written, 4000u) << "nothing holds the writer back";
  }
  EXPECT_FALSE(call->can_write());
  std::thread reader([&] {
    Slice read;
    std::size_t count = 0;
    while (stream.read(read)) ++count;
    EXPECT_EQ(count, written);
    EXPECT_TRUE(stream.finish().ok());
  });
  expect_event(*call, kWritable);
  EXPECT_TRUE(call->can_write());
  call->finish(StatusCode::kOk, "", {});
  reader.join();
}

TEST_F(ServerStreamTest, AClientIsHeldBackByASlowHandler) {
  serve();
  rpc::BlockingCall stream(client_->channel(), client_stream_, nullptr);
  std::atomic<std::size_t> written{0};
  constexpr std::size_t kMessages = 400;
  const std::string text(64 * 1024, 'm');  // 25 MiB in all, far beyond windows and buffers
  std::thread writer([&] {
    for (std::size_t i = 0; i < kMessages && stream.write(frame_message(text)); ++i) ++written;
    stream.close_sending();
  });
  Ref<ServerCall> call = next_call();
  // It stands still before it is through.
  std::size_t before = 1;
  while (before != written) {
    before = written;
    std::this_thread::sleep_for(milliseconds(200));
  }
  EXPECT_LT(written, kMessages) << "nothing holds the client back";
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_EQ(read(*call).size(), text.size());
  EXPECT_EQ(call->wait_message(kNever), Wait::kEnded);
  call->finish(StatusCode::kOk, "", {}, "a");
  writer.join();
  Slice reply;
  EXPECT_TRUE(stream.read(reply));
  EXPECT_TRUE(stream.finish().ok());
}

TEST_F(ServerStreamTest, FinishWhileTheClientStillSends) {
  serve();
  rpc::BlockingCall stream(client_->channel(), bidi_, nullptr);
  ASSERT_TRUE(stream.write(frame_message("one")));
  Ref<ServerCall> call = next_call();
  EXPECT_EQ(read(*call), "one");
  call->write("last words");
  call->finish(StatusCode::kFailedPrecondition, "enough", {});
  EXPECT_EQ(call->wait_message(kNever), Wait::kEnded);
  Slice message;
  EXPECT_TRUE(stream.read(message));
  EXPECT_EQ(text_of(message), "last words");
  EXPECT_FALSE(stream.read(message));
  EXPECT_EQ(stream.finish().code(), StatusCode::kFailedPrecondition);
}

TEST_F(ServerStreamTest, CancellationWakesWhoeverWaits) {
  serve();
  rpc::BlockingCall stream(client_->channel(), bidi_, nullptr);
  ASSERT_TRUE(stream.write(frame_message("one")));
  Ref<ServerCall> call = next_call();
  EXPECT_EQ(read(*call), "one");
  call->want_message();
  std::thread waiter([&] { EXPECT_EQ(call->wait_message(kNever), Wait::kEnded); });
  stream.cancel();
  waiter.join();
  EXPECT_FALSE(call->is_active());
  EXPECT_TRUE(call->messages_ended());
  EXPECT_EQ(call->wait_writable(kNever), Wait::kEnded);
  EXPECT_TRUE(next_event().bits & kEnded);
  call->write("nobody hears it");
  call->finish(StatusCode::kOk, "", {});
  EXPECT_EQ(stream.finish().code(), StatusCode::kCancelled);
}

// A message above the limit ends the call from inside the reader.
TEST_F(ServerStreamTest, ATooLongMessageEndsTheStream) {
  ServerOptions options;
  options.options = {{"grpc.max_receive_message_length", std::int64_t{100}}};
  serve(options);
  rpc::BlockingCall stream(client_->channel(), bidi_, nullptr);
  ASSERT_TRUE(stream.write(frame_message("one")));
  Ref<ServerCall> call = next_call();
  EXPECT_EQ(read(*call), "one");
  stream.write(frame_message(std::string(101, 'x')));
  EXPECT_EQ(call->wait_message(kNever), Wait::kEnded);
  EXPECT_FALSE(call->is_active());
  EXPECT_EQ(stream.finish().code(), StatusCode::kResourceExhausted);
  // The same when both messages come at once, before anybody reads.
  rpc::BlockingCall second(client_->channel(), bidi_, nullptr);
  const Slice both = Slice::join(std::vector<Slice>{frame_message("one"), frame_message(std::string(101, 'x'))});
  second.write(both);
  EXPECT_EQ(second.finish().code(), StatusCode::kResourceExhausted);
}

TEST_F(ServerStreamTest, TheServerStopsWithStreamsOpen) {
  serve();
  rpc::BlockingCall stream(client_->channel(), bidi_, nullptr);
  ASSERT_TRUE(stream.write(frame_message("one")));
  Ref<ServerCall> call = next_call();
  EXPECT_EQ(read(*call), "one");
  server_->stop(Duration::zero(), {});
  EXPECT_TRUE(server_->wait_stopped(kNever));
  EXPECT_EQ(call->wait_message(kNever), Wait::kEnded);
  EXPECT_EQ(stream.finish().code(), StatusCode::kUnavailable);
}

TEST_F(ServerStreamTest, WaitsEndInTime) {
  serve();
  rpc::BlockingCall stream(client_->channel(), bidi_, nullptr);
  ASSERT_TRUE(stream.write(frame_message("one")));
  Ref<ServerCall> call = next_call();
  EXPECT_EQ(read(*call), "one");
  EXPECT_EQ(call->wait_message(system_clock().now() + milliseconds(5)), Wait::kTimeout);
  EXPECT_EQ(call->wait_message(system_clock().now() - milliseconds(5)), Wait::kTimeout);
  EXPECT_EQ(call->wait_writable(system_clock().now()), Wait::kReady);
  call->finish(StatusCode::kOk, "", {});
  EXPECT_TRUE(stream.finish().ok());
}

}  // namespace
}  // namespace godwit::python
