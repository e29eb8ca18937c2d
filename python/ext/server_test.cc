// Unary calls, their ends, limits and the server's life, with our own client as the peer.
#include "server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <set>

#include "godwit/testing/tls_world.h"
#include "server_for_test.h"

namespace godwit::python {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

void echo(ServerCall& call) { call.finish(StatusCode::kOk, "", {}, "re: " + std::string(call.request())); }

TEST_F(ServerTest, AUnaryCallArrivesWithAllThatIsKnown) {
  serve();
  ClientContext context;
  context.metadata().add("key", "value");
  context.metadata().add("raw-bin", std::string_view("\0\xff", 2));
  context.set_timeout(seconds(100));
  std::thread answerer([&] {
    Ref<ServerCall> call = next_call();
    EXPECT_EQ(call->method_id(), 1);
    EXPECT_EQ(call->path(), "/t.T/Unary");
    EXPECT_EQ(call->authority(), "localhost:" + std::to_string(port_));
    EXPECT_THAT(std::string(call->peer()), StartsWith("ipv"));
    EXPECT_THAT(call->invocation_metadata(), Contains(Pair("key", "value")));
    EXPECT_THAT(call->invocation_metadata(), Contains(Pair("raw-bin", std::string("\0\xff", 2))));
    EXPECT_THAT(call->invocation_metadata(), Contains(Pair("user-agent", StartsWith("godwit"))));
    const Duration left = call->deadline() - system_clock().now();
    EXPECT_GT(left, seconds(60));
    EXPECT_LE(left, seconds(100));
    ASSERT_TRUE(call->has_request());
    EXPECT_EQ(call->request(), "question");
    EXPECT_EQ(call->tls_peer(), nullptr);
    EXPECT_TRUE(call->is_active());
    EXPECT_EQ(server_->active_calls(), 1u);
    call->send_initial_metadata({{"first", "1"}});
    call->finish(StatusCode::kOk, "", {{"last", "2"}, {"last-bin", std::string("\0", 1)}}, "answer");
    EXPECT_FALSE(call->is_active());
    EXPECT_EQ(server_->active_calls(), 0u);
    // Only the first end counts.
    call->finish(StatusCode::kInternal, "", {});
    EXPECT_EQ(server_->active_calls(), 0u);
  });
  const auto reply = call("question", &context);
  answerer.join();
  EXPECT_TRUE(reply.status.ok()) << reply.status.text();
  EXPECT_EQ(text_of(reply.message), "answer");
  EXPECT_EQ(context.initial_metadata().find("first"), "1");
  EXPECT_EQ(context.trailing_metadata().find("last"), "2");
  EXPECT_EQ(context.trailing_metadata().find("last-bin"), std::string("\0", 1));
}

TEST_F(ServerTest, AnErrorWithDetailsAndTrailingMetadata) {
  serve();
  handle_with([](ServerCall& call) {
    call.finish(StatusCode::kNotFound, "no \xc3\xa4pple", {{"why", "x"}, {std::string(kStatusDetailsKey), "proto"}});
  });
  ClientContext context;
  const auto reply = call("", &context);
  EXPECT_EQ(reply.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(reply.status.message(), "no \xc3\xa4pple");
  EXPECT_EQ(reply.status.details(), "proto");
  EXPECT_EQ(context.trailing_metadata().find("why"), "x");
}

TEST_F(ServerTest, MessagesOfAllSizes) {
  serve();
  handle_with(echo);
  for (const std::size_t size : {0u, 1u, 100u, 4'000u, 4'096u, 5'000u, 70'000u, 3'000'000u}) {
    const std::string request(size, 'r');
    const auto reply = call(request);
    ASSERT_TRUE(reply.status.ok()) << reply.status.text();
    ASSERT_EQ(text_of(reply.message), "re: " + request);
  }
}

TEST_F(ServerTest, APathThatNobodyRegisteredArrivesAsAStream) {
  serve();
  handle_with([](ServerCall& call) {
    EXPECT_EQ(call.method_id(), -1);
    EXPECT_EQ(call.path(), "/other.O/Unknown");
    EXPECT_FALSE(call.has_request());
    EXPECT_EQ(call.wait_message(kNever), ServerCall::Wait::kReady);
    Slice message;
    EXPECT_TRUE(call.take(message));
    EXPECT_EQ(call.wait_message(kNever), ServerCall::Wait::kEnded);
    call.finish(StatusCode::kOk, "", {}, "got " + text_of(message));
  });
  const auto reply = call(unknown_, "it");
  ASSERT_TRUE(reply.status.ok()) << reply.status.text();
  EXPECT_EQ(text_of(reply.message), "got it");
}

// Threads finish calls of each other's batches in all ways.
TEST_F(ServerTest, ManyThreadsFinish) {
  serve();
  std::atomic<int> number{0};
  handle_with(
      [&](ServerCall& call) {
        const std::string answer = "re: " + std::string(call.request());
        if (++number % 2) {
          call.finish_later(StatusCode::kOk, "", {}, answer);
        } else {
          call.finish(StatusCode::kOk, "", {}, answer);
        }
      },
      4);
  std::atomic<int> good{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 250; ++j) {
        const std::string request = std::to_string(i) + "/" + std::to_string(j);
        const auto reply = call(request);
        if (reply.status.ok() && text_of(reply.message) == "re: " + request) ++good;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, 8 * 250);
  EXPECT_EQ(server_->active_calls(), 0u);
}

// Nobody calls flush(): neither after the first one, which finds the loop without its timer, nor after later ones.
TEST_F(ServerTest, FinishLaterLeavesWithoutFlush) {
  serve();
  for (int i = 0; i < 50; ++i) {
    std::binary_semaphore answered{0};
    call_aside("q", [&](rpc::BlockingReply reply) {
      EXPECT_TRUE(reply.status.ok());
      answered.release();
    });
    next_call()->finish_later(StatusCode::kOk, "", {}, "a");
    ASSERT_TRUE(answered.try_acquire_for(seconds(30))) << "the answer was left behind";
  }
}

TEST_F(ServerTest, ManyCallsOfOneTurnAreDrainedTogether) {
  serve();
  constexpr int kCalls = 200;
  std::atomic<int> good{0};
  for (int i = 0; i < kCalls; ++i) {
    call_aside("q", [&](rpc::BlockingReply reply) { good += reply.status.ok(); });
  }
  // All are there before the first one is taken.
  while (queue_->size() < kCalls) std::this_thread::yield();
  std::vector<EventQueue::Event> events;
  EXPECT_EQ(queue_->drain(64, events), 64u);
  EXPECT_EQ(queue_->drain(1000, events), static_cast<std::size_t>(kCalls - 64));
  EXPECT_EQ(server_->active_calls(), static_cast<std::size_t>(kCalls));
  for (EventQueue::Event& event : events) {
    static_cast<ServerCall&>(*event.source).finish_later(StatusCode::kOk, "", {}, "a");
  }
  events.clear();
  server_->flush();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  EXPECT_EQ(good, kCalls);
}

TEST_F(ServerTest, CancelledByTheClient) {
  serve();
  ClientContext context;
  std::thread caller([&] { EXPECT_EQ(call("q", &context).status.code(), StatusCode::kCancelled); });
  Ref<ServerCall> taken = next_call();
  context.cancel();
  expect_event(*taken, kEnded);
  EXPECT_FALSE(taken->is_active());
  EXPECT_EQ(server_->active_calls(), 1u) << "Python still has it in hand";
  taken->finish(StatusCode::kOk, "", {}, "too late");
  EXPECT_EQ(server_->active_calls(), 0u);
  caller.join();
  EXPECT_EQ(queue_->size(), 0u);
}

TEST_F(ServerTest, TheDeadlinePasses) {
  serve();
  // The connection is made before the time counts.
  std::thread first([&] { EXPECT_TRUE(call("q").status.ok()); });
  next_call()->finish(StatusCode::kOk, "", {}, "a");
  first.join();
  ClientContext context;
  context.set_timeout(milliseconds(500));
  std::thread caller([&] { EXPECT_EQ(call("q", &context).status.code(), StatusCode::kDeadlineExceeded); });
  Ref<ServerCall> taken = next_call();
  expect_event(*taken, kEnded);
  EXPECT_FALSE(taken->is_active());
  EXPECT_LE(taken->deadline(), system_clock().now());
  caller.join();
}

TEST_F(ServerTest, ACallThatPythonDropsOrCancelsEndsForTheClient) {
  serve();
  for (const bool abandon : {false, true}) {
    std::thread caller([&] { EXPECT_EQ(call("q").status.code(), StatusCode::kCancelled); });
    Ref<ServerCall> taken = next_call();
    if (abandon) {
      taken->abandon();
    } else {
      taken->cancel();
      expect_event(*taken, kEnded);
    }
    caller.join();
  }
}

TEST_F(ServerTest, MoreCallsThanAllowedAreRefusedWithoutPython) {
  ServerOptions options;
  options.maximum_concurrent_rpcs = 1;
  serve(options);
  std::thread caller([&] { EXPECT_TRUE(call("q").status.ok()); });
  Ref<ServerCall> taken = next_call();
  EXPECT_EQ(call("q").status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(queue_->size(), 0u);
  taken->finish(StatusCode::kOk, "", {}, "a");
  caller.join();
  handle_with(echo);
  EXPECT_TRUE(call("q").status.ok());
}

TEST_F(ServerTest, MessageLimitsOfOptions) {
  ServerOptions options;
  options.options = {{"grpc.max_receive_message_length", std::int64_t{10}},
                     {"grpc.max_send_message_length", std::int64_t{20}},
                     {"somebody.elses", std::string("x")}};
  serve(options);
  handle_with([](ServerCall& call) {
    call.finish(StatusCode::kOk, "", {}, call.request() == "long" ? std::string(21, 'a') : std::string(20, 'a'));
  });
  EXPECT_TRUE(call("0123456789").status.ok());
  EXPECT_EQ(call("0123456789+").status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(call("long").status.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(call("fine").status.ok());
}

TEST_F(ServerTest, StopWithGraceLetsCallsEnd) {
  serve();
  std::thread caller([&] { EXPECT_TRUE(call("q").status.ok()); });
  Ref<ServerCall> taken = next_call();
  server_->stop(seconds(60), {});
  EXPECT_FALSE(server_->wait_stopped(system_clock().now() + milliseconds(10)));
  EXPECT_TRUE(taken->is_active());
  taken->finish(StatusCode::kOk, "", {}, "a");
  caller.join();
  EXPECT_TRUE(server_->wait_stopped(kNever));
}

class Watch final : public EventSource {};

TEST_F(ServerTest, StopWithoutGraceLosesCallsAndDoesNotWaitForPython) {
  serve();
  std::thread caller([&] { EXPECT_EQ(call("q").status.code(), StatusCode::kUnavailable); });
  Ref<ServerCall> taken = next_call();
  auto watch = Ref<EventSource>::adopt(new Watch);
  watch->set_queue(queue_);
  server_->stop(seconds(60), {});
  server_->stop(Duration::zero(), watch);  // shorter
  std::set<EventSource*> ended;
  for (int i = 0; i < 2; ++i) {
    EventQueue::Event event = next_event();
    EXPECT_EQ(event.bits, kEnded);
    ended.insert(event.source.get());
  }
  EXPECT_TRUE(ended.contains(taken.get()));
  EXPECT_TRUE(ended.contains(watch.get()));
  EXPECT_TRUE(server_->wait_stopped(kNever));
  caller.join();
  EXPECT_FALSE(taken->is_active());
  server_ = Ref<Server>();
  taken->finish(StatusCode::kOk, "", {}, "too late");
  taken->write("too late");
}

TEST_F(ServerTest, AServerThatNeverStartedStops) {
  auto server = *Server::make({}, queue_);
  auto watch = Ref<EventSource>::adopt(new Watch);
  watch->set_queue(queue_);
  server->stop(Duration::zero(), watch);
  EXPECT_TRUE(server->wait_stopped(kNever));
  EXPECT_EQ(next_event().source.get(), watch.get());
}

TEST_F(ServerTest, PortsAreSharedByThoseThatAskForIt) {
  ServerOptions sharing;
  sharing.options = {{"grpc.so_reuseport", std::int64_t{1}}};
  auto first = *Server::make(sharing, queue_);
  auto port = first->listen("localhost:0", nullptr);
  ASSERT_TRUE(port.ok());
  auto second = *Server::make(sharing, queue_);
  EXPECT_TRUE(second->listen("localhost:" + std::to_string(*port), nullptr).ok());
  auto third = *Server::make({}, queue_);
  auto refused = third->listen("ipv4:127.0.0.1:" + std::to_string(*port), nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr(std::to_string(*port)));
}

TEST_F(ServerTest, MistakesAreNamed) {
  serve();
  EXPECT_THAT(server_->add_method("/t.T/New", 9, false, false).error().message, HasSubstr("/t.T/New"));
  auto server = *Server::make({}, queue_);
  ASSERT_TRUE(server->add_method("/a/b", 1, false, false).ok());
  EXPECT_THAT(server->add_method("/a/b", 2, false, false).error().message, HasSubstr("/a/b"));
  ASSERT_TRUE(server->add_method("bad", 1, false, false).ok());
  EXPECT_THAT(server->start().error().message, HasSubstr("'bad'"));
  EXPECT_THAT(server->listen("nowhere", nullptr).error().message, HasSubstr("nowhere"));
  ServerOptions options;
  options.options = {{"grpc.max_concurrent_streams", std::int64_t{-5}}};
  EXPECT_THAT(Server::make(options, queue_).error().message, HasSubstr("grpc.max_concurrent_streams"));
}

TEST_F(ServerTest, TlsTellsWhoTheClientIs) {
  tls::TlsServerOptions tls = testing::tls_server_options();
  tls.client_certificates = tls::ClientCertificatePolicy::kRequire;
  ClientOptions options;
  options.tls = testing::tls_client_options();
  options.tls->certificate_chain = tls::Pem::text(testing::TestCertificates::get().client.certificate_pem);
  options.tls->private_key = tls::Pem::text(testing::TestCertificates::get().client.key_pem);
  serve({}, &tls, std::move(options));
  handle_with([](ServerCall& call) {
    ASSERT_NE(call.tls_peer(), nullptr);
    EXPECT_EQ(call.tls_peer()->common_name, "the client");
    EXPECT_THAT(call.tls_peer()->alternative_names, Contains("spiffe://test/client"));
    EXPECT_THAT(call.tls_peer()->certificate_pem, StartsWith("-----BEGIN CERTIFICATE-----"));
    EXPECT_THAT(call.tls_peer()->tls_version, StartsWith("TLS"));
    echo(call);
  });
  const auto reply = call("q");
  EXPECT_TRUE(reply.status.ok()) << reply.status.text();
}

}  // namespace
}  // namespace godwit::python
