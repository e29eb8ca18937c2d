#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "godwit/client.h"
#include "godwit/rpc/client/blocking.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "server.h"

namespace godwit::python {

// A server of the border with one method of each kind, and a client of ours. What Python's threads would do, the test
// does itself (next_call()), or a function on threads of its own (handle_with()).
class ServerTest : public ::testing::Test {
 protected:
  static constexpr TimePoint kForEver = kNever;

  void serve(ServerOptions options = {}, const tls::TlsServerOptions* tls = nullptr, ClientOptions client = {}) {
    auto made = Server::make(options, queue_);
    ASSERT_TRUE(made.ok()) << made.error().message;
    server_ = std::move(*made);
    ASSERT_TRUE(server_->add_method("/t.T/Unary", 1, false, false).ok());
    ASSERT_TRUE(server_->add_method("/t.T/ServerStream", 2, false, true).ok());
    ASSERT_TRUE(server_->add_method("/t.T/ClientStream", 3, true, false).ok());
    ASSERT_TRUE(server_->add_method("/t.T/Bidi", 4, true, true).ok());
    auto port = server_->listen("localhost:0", tls);
    ASSERT_TRUE(port.ok()) << port.error().message;
    port_ = *port;
    ASSERT_TRUE(server_->start().ok());
    connect(std::move(client));
  }
  void connect(ClientOptions options = {}) {
    auto client = Client::create("localhost:" + std::to_string(port_), std::move(options));
    ASSERT_TRUE(client.ok()) << client.error().message;
    client_.emplace(std::move(*client));
  }
  void TearDown() override {
    queue_->close();
    for (std::thread& thread : threads_) thread.join();
    client_.reset();
    held_.clear();
    server_ = Ref<Server>();
    queue_->abandon();
  }

  // Waits for the next event; others are not expected.
  EventQueue::Event next_event() {
    std::vector<EventQueue::Event> events;
    EXPECT_TRUE(queue_->wait(std::chrono::seconds(30)));
    queue_->drain(1, events);
    return events.empty() ? EventQueue::Event() : std::move(events.front());
  }
  Ref<ServerCall> next_call() {
    EventQueue::Event event = next_event();
    EXPECT_TRUE(event.bits & kArrived);
    return Ref<ServerCall>::share(static_cast<ServerCall*>(event.source.get()));
  }
  void expect_event(ServerCall& call, std::uint32_t bits) {
    EventQueue::Event event = next_event();
    EXPECT_EQ(event.source.get(), &call);
    EXPECT_EQ(event.bits, bits);
  }
  void handle_with(std::function<void(ServerCall&)> function, int threads = 1) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, function] {
        std::vector<EventQueue::Event> events;
        while (queue_->wait(Duration(-1))) {
          events.clear();
          queue_->drain(64, events);
          for (EventQueue::Event& event : events) {
            if (event.bits & kArrived) function(static_cast<ServerCall&>(*event.source));
          }
          server_->flush();
        }
      });
    }
  }

  // A unary call from this thread.
  rpc::BlockingReply call(std::string_view request, ClientContext* context = nullptr) {
    return call(unary_, request, context);
  }
  rpc::BlockingReply call(const ClientMethod& method, std::string_view request, ClientContext* context = nullptr) {
    return rpc::blocking_unary(client_->channel(), method, context, frame_message(request));
  }
  // The same on a thread of its own, which the end of the test joins.
  void call_aside(std::string request, std::function<void(rpc::BlockingReply)> then) {
    threads_.emplace_back([this, request = std::move(request), then = std::move(then)] { then(call(request)); });
  }
  static std::string text_of(const Slice& slice) { return std::string(as_text(slice.bytes())); }

  const ClientMethod unary_{"/t.T/Unary", MethodKind::kUnary};
  const ClientMethod server_stream_{"/t.T/ServerStream", MethodKind::kServerStreaming};
  const ClientMethod client_stream_{"/t.T/ClientStream", MethodKind::kClientStreaming};
  const ClientMethod bidi_{"/t.T/Bidi", MethodKind::kBidiStreaming};
  const ClientMethod unknown_{"/other.O/Unknown", MethodKind::kUnary};

  Ref<EventQueue> queue_ = EventQueue::make(false);
  Ref<Server> server_;
  int port_ = 0;
  std::optional<Client> client_;
  std::vector<std::thread> threads_;
  std::vector<Ref<ServerCall>> held_;
};

}  // namespace godwit::python
