// Client interceptors: what they see, what they may change, and how calls end around them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "godwit/async/sleep.h"
#include "godwit/rpc/client/fakes_for_test.h"

namespace godwit::rpc {
namespace {

using fake::framed;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

const MessageType kText{"test.Text"};

// A unary call whose messages have a type.
class TypedUnary final : public UnaryCall {
 public:
  ~TypedUnary() = default;
  int ends = 0;
  Status status;
  std::string request = "request", reply;

  void call(Channel& channel, ClientContext* context = nullptr) {
    start(channel, fake::kUnaryMethod, context, as_bytes(framed(request)), {&request, &kText});
  }

 private:
  void on_message(const http::BodyView& message) override {
    reply = as_text(message.bytes);
    received({&reply, &kText});
  }
  void on_finished(Status&& ended) override {
    ++ends;
    status = std::move(ended);
  }
};

struct Recorder : ClientInterceptor {
  Recorder(std::string own, std::vector<std::string>& to) : name(std::move(own)), log(to) {}
  Task<Status> intercept(ClientCallInfo& call, Next next) override {
    log.push_back(name + " begins " + std::string(call.method().path()));
    call.extra_metadata().add("by-" + name, "1");
    Status status = co_await next();
    log.push_back(name + " ends " + status.text());
    co_return status;
  }
  void on_sending(ClientCallInfo&, MessageHandle message) override {
    EXPECT_EQ(message.type, &kText);
    log.push_back(name + " sends " + *static_cast<const std::string*>(message.message));
  }
  void on_received(ClientCallInfo&, MessageHandle message) override {
    log.push_back(name + " receives " + *static_cast<const std::string*>(message.message));
  }
  std::string name;
  std::vector<std::string>& log;
};

struct FunctionInterceptor : ClientInterceptor {
  using Function = std::function<Task<Status>(ClientCallInfo&, Next)>;
  explicit FunctionInterceptor(Function what) : function(std::move(what)) {}
  Task<Status> intercept(ClientCallInfo& call, Next next) override { return function(call, next); }
  Function function;
};

ChannelOptions with(std::vector<std::shared_ptr<ClientInterceptor>> interceptors) {
  ChannelOptions options;
  options.interceptors = std::move(interceptors);
  return options;
}
ChannelOptions with(FunctionInterceptor::Function function) {
  return with({std::make_shared<FunctionInterceptor>(std::move(function))});
}

TEST(Interceptors, StandAroundTheCallInOrder) {
  std::vector<std::string> log;
  fake::World world("ipv4:10.0.0.1:80",
                    with({std::make_shared<Recorder>("a", log), std::make_shared<Recorder>("b", log)}));
  fake::Client& client = world.ready();
  TypedUnary call;
  call.call(*world.channel);
  EXPECT_EQ(client.last().header("by-a"), "1");
  EXPECT_EQ(client.last().header("by-b"), "1");
  client.last().answer("reply");
  EXPECT_EQ(call.ends, 1);
  EXPECT_TRUE(call.status.ok());
  EXPECT_THAT(log, ElementsAre("a begins /test.Service/Unary", "b begins /test.Service/Unary", "a sends request",
                               "b sends request", "b receives reply", "a receives reply", "b ends OK", "a ends OK"));
}

TEST(Interceptors, MayRefuse) {
  fake::World world("ipv4:10.0.0.1:80", with([](ClientCallInfo&, ClientInterceptor::Next) -> Task<Status> {
                      co_return Status(StatusCode::kUnauthenticated, "no token");
                    }));
  fake::Client& client = world.ready();
  TypedUnary call;
  call.call(*world.channel);
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kUnauthenticated);
  EXPECT_TRUE(client.exchanges.empty());
}

TEST(Interceptors, MayChangeTheStatus) {
  fake::World world("ipv4:10.0.0.1:80", with([](ClientCallInfo&, ClientInterceptor::Next next) -> Task<Status> {
                      Status status = co_await next();
                      co_return Status(StatusCode::kDataLoss, "was " + status.text());
                    }));
  fake::Client& client = world.ready();
  TypedUnary call;
  call.call(*world.channel);
  client.last().trailers_only({{"grpc-status", "5"}, {"grpc-message", "m"}});
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.text(), "DATA_LOSS: was NOT_FOUND: m");
}

// gRFC-less but needed for tokens: an interceptor may wait before the call goes out, and the deadline counts on.
TEST(Interceptors, MayWaitBeforeTheCall) {
  for (const bool in_time : {true, false}) {
    testing::SimExecutor* executor = nullptr;
    fake::World world("ipv4:10.0.0.1:80", with([&](ClientCallInfo&, ClientInterceptor::Next next) -> Task<Status> {
                        return [](Executor& e, ClientInterceptor::Next n) -> Task<Status> {
                          (void)co_await sleep_for(e, milliseconds(50));
                          co_return co_await n();
                        }(*executor, next);
                      }));
    executor = &world.executor;
    fake::Client& client = world.ready();
    ClientContext context;
    context.set_timeout(milliseconds(in_time ? 100 : 20));
    TypedUnary call;
    call.call(*world.channel, &context);
    EXPECT_TRUE(client.exchanges.empty());
    world.run(milliseconds(60));
    if (in_time) {
      ASSERT_EQ(client.exchanges.size(), 1u);
      EXPECT_EQ(client.last().body, framed("request"));
      client.last().answer("x");
      EXPECT_TRUE(call.status.ok());
    } else {
      EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
      EXPECT_TRUE(client.exchanges.empty());
    }
    EXPECT_EQ(call.ends, 1);
    world.run(milliseconds(100));
  }
}

TEST(Interceptors, CancelledWhileOneWaits) {
  testing::SimExecutor* executor = nullptr;
  fake::World world("ipv4:10.0.0.1:80", with([&](ClientCallInfo&, ClientInterceptor::Next next) -> Task<Status> {
                      return [](Executor& e, ClientInterceptor::Next n) -> Task<Status> {
                        Status status = co_await n();
                        (void)co_await sleep_for(e, milliseconds(50));  // after the call
                        co_return status;
                      }(*executor, next);
                    }));
  executor = &world.executor;
  fake::Client& client = world.ready();
  ClientContext context;
  TypedUnary call;
  call.call(*world.channel, &context);
  client.last().answer("x");
  EXPECT_EQ(call.ends, 0);
  context.cancel();
  world.run();
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
  world.run(milliseconds(100));
  EXPECT_EQ(call.ends, 1);
}

TEST(Interceptors, CancelledWhileTheCallRuns) {
  std::vector<std::string> log;
  fake::World world("ipv4:10.0.0.1:80", with({std::make_shared<Recorder>("a", log)}));
  fake::Client& client = world.ready();
  ClientContext context;
  TypedUnary call;
  call.call(*world.channel, &context);
  context.cancel();
  EXPECT_EQ(call.ends, 1);
  EXPECT_TRUE(client.last().was_reset);
  EXPECT_EQ(log.back(), "a ends CANCELLED: the caller cancelled");
}

TEST(Interceptors, CancelFromInsideOne) {
  fake::World world("ipv4:10.0.0.1:80", with([](ClientCallInfo& info, ClientInterceptor::Next next) -> Task<Status> {
                      info.context()->cancel();
                      co_return co_await next();
                    }));
  world.ready();
  ClientContext context;
  TypedUnary call;
  call.call(*world.channel, &context);
  world.run();
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
}

TEST(Interceptors, DestroyedCall) {
  std::vector<std::string> log;
  fake::World world("ipv4:10.0.0.1:80", with({std::make_shared<Recorder>("a", log)}));
  fake::Client& client = world.ready();
  {
    TypedUnary call;
    call.call(*world.channel);
  }
  EXPECT_TRUE(client.last().was_reset);
  EXPECT_EQ(log.back(), "a ends CANCELLED: the caller cancelled");
}

TEST(Interceptors, ShutdownWithRunningCalls) {
  std::vector<std::string> log;
  fake::World world("ipv4:10.0.0.1:80", with({std::make_shared<Recorder>("a", log)}));
  world.ready();
  TypedUnary call;
  call.call(*world.channel);
  world.channel.reset();
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kCancelled);
}

TEST(Interceptors, BringTheDeadlineForward) {
  fake::World world("ipv4:10.0.0.1:80", with([](ClientCallInfo& info, ClientInterceptor::Next next) -> Task<Status> {
                      info.limit_deadline(TimePoint(Duration(0)));
                      info.limit_deadline(kNever);
                      co_return co_await next();
                    }));
  fake::Client& client = world.ready();
  TypedUnary call;
  call.call(*world.channel);
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(call.status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client.exchanges.empty());
}

}  // namespace
}  // namespace godwit::rpc
