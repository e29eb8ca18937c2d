#include "godwit/rpc/server/grpc_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "godwit/rpc/server/fake_exchange_for_test.h"

namespace godwit::rpc {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string framed(std::string_view message, char flags = 0) {
  std::string out(5, '\0');
  out[0] = flags;
  store_be32(reinterpret_cast<std::uint8_t*>(out.data()) + 1, static_cast<std::uint32_t>(message.size()));
  return out += message;
}

constexpr char kHeaders[] = "H(:status=200;content-type=application/grpc;) ";
constexpr char kOk[] = "T(grpc-status=0;). ";

using Handler = std::function<Task<Status>(ServerCall&)>;
class FunctionHandler final : public MethodHandler {
 public:
  explicit FunctionHandler(Handler run) : run_(std::move(run)) {}
  Task<Status> invoke(ServerCall& call) override { return run_(call); }

 private:
  Handler run_;
};

Task<Status> echo(ServerCall& call) {
  const std::string request(as_text(call.request()));
  call.send_message(as_bytes(framed("re:" + request)));
  co_return Status();
}

// Suspends until it is resumed by hand.
struct Gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiting = handle; }
  void await_resume() {}
  void open() { std::exchange(waiting, nullptr).resume(); }
};

class GrpcHandlerTest : public ::testing::Test {
 protected:
  void add(std::string path, MethodKind kind, Handler run) {
    ASSERT_TRUE(methods.add({std::move(path), kind, std::make_shared<FunctionHandler>(std::move(run))}).ok());
  }
  http::ExchangeEvents* request(std::vector<http::Field> more = {}, bool end = false,
                                std::string_view path = "/p.S/Unary") {
    std::vector<http::Field> fields = {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}};
    bool has_type = false, has_te = false;
    for (const auto& f : more) {
      has_type |= f.name == "content-type";
      has_te |= f.name == "te";
      if (f.name == ":method") fields[0] = f;
    }
    if (!has_type) fields.emplace_back("content-type", "application/grpc");
    if (!has_te) fields.emplace_back("te", "trailers");
    for (const auto& f : more) {
      if (f.name != ":method") fields.push_back(f);
    }
    http::FieldViews views;
    for (const auto& f : fields) views.push_back({f.name, f.value, f.token, nullptr});
    return handler.on_request(exchange, views, end);
  }
  static void body(http::ExchangeEvents* events, std::string_view bytes, bool end) {
    const Slice slice = Slice::copy_of(as_bytes(bytes));
    events->on_body({slice.bytes(), slice.owner()}, end);
  }

  FakeExecutor executor;
  MethodRegistry methods;
  ServerEnvironment environment{executor, methods, {}, {}, nullptr};
  FakeExchange exchange;
  GrpcHandler handler{environment};
};

TEST_F(GrpcHandlerTest, UnaryCall) {
  add("/p.S/Unary", MethodKind::kUnary, echo);
  auto* events = request();
  body(events, framed("hi"), true);
  EXPECT_EQ(exchange.log, std::string(kHeaders) + "B(" + framed("re:hi") + ") " + kOk);
  EXPECT_EQ(exchange.consumed_bytes, 7u);
  EXPECT_EQ(handler.active_calls(), 1u);
  events->on_closed();
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, UnaryRequestInPieces) {
  add("/p.S/Unary", MethodKind::kUnary, echo);
  const std::string whole = framed("hello");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    exchange.log.clear();
    auto* events = request();
    body(events, whole.substr(0, cut), false);
    body(events, whole.substr(cut), false);
    body(events, "", true);
    EXPECT_EQ(exchange.log, std::string(kHeaders) + "B(" + framed("re:hello") + ") " + kOk) << cut;
    events->on_closed();
  }
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, RequestsThatAreNotGrpcGetAnAnswerOfHttp) {
  add("/p.S/Unary", MethodKind::kUnary, echo);
  struct Case {
    std::vector<http::Field> fields;
    std::string_view path;
    std::string_view answer;
  } const cases[] = {
      {{{"content-type", "text/html"}}, "/p.S/Unary", "H(:status=415;"},
      {{{"content-type", ""}}, "/p.S/Unary", "H(:status=415;"},
      {{{"content-type", "application/grpcx"}}, "/p.S/Unary", "H(:status=415;"},
      {{{"content-type", "application/grpc-web"}}, "/p.S/Unary", "H(:status=415;"},
      {{{":method", "GET"}}, "/p.S/Unary", "H(:status=405;"},
      {{{":method", "GET"}}, "/", "H(:status=404;"},
      {{{"content-type", "text/html"}}, "/x", "H(:status=404;"},
  };
  for (const Case& c : cases) {
    exchange.log.clear();
    auto* events = request(c.fields, true, c.path);
    EXPECT_THAT(exchange.log, StartsWith(c.answer));
    EXPECT_THAT(exchange.log, HasSubstr(")."));
    events->on_closed();
  }
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, TheAnswerOfHttpWaitsForTheEndOfTheRequest) {
  auto* events = request({{"content-type", "text/html"}}, false);
  body(events, "abc", false);
  EXPECT_EQ(exchange.log, "");
  body(events, "def", true);
  EXPECT_THAT(exchange.log, StartsWith("H(:status=404;"));
  events->on_closed();

  exchange.log.clear();
  events = request({{"content-type", "text/html"}}, false);
  for (int i = 0; i < 70; ++i) body(events, std::string(1024, 'x'), false);
  EXPECT_THAT(exchange.log, StartsWith("H(:status=404;"));  // patience has an end
  events->on_closed();
}

TEST_F(GrpcHandlerTest, BadRequestsGetAStatusWithoutRunningTheHandler) {
  add("/p.S/Unary", MethodKind::kUnary, [](ServerCall& call) -> Task<Status> {
    ADD_FAILURE() << "the handler ran";
    return echo(call);
  });
  struct Case {
    std::vector<http::Field> fields;
    std::string_view path, text;
  } const cases[] = {
      {{}, "/p.S/Other", "grpc-status=12;grpc-message=no such method: /p.S/Other"},
      {{}, "/p.T/Unary", "grpc-status=12;grpc-message=no such service: /p.T/Unary"},
      {{{"te", "gzip"}}, "/p.S/Unary", "grpc-status=13;"},
      {{{"grpc-encoding", "snappy"}}, "/p.S/Unary", "grpc-accept-encoding=identity;) T(grpc-status=12;"},
      {{{"grpc-timeout", "1x"}}, "/p.S/Unary", "grpc-status=13;"},
      {{{"a-bin", "*"}}, "/p.S/Unary", "grpc-status=13;"},
  };
  for (const Case& c : cases) {
    exchange.log.clear();
    auto* events = request(c.fields, false, c.path);
    EXPECT_THAT(exchange.log, StartsWith("H(:status=200;"));
    EXPECT_THAT(exchange.log, HasSubstr(c.text));
    body(events, framed("x"), true);
    events->on_closed();
  }
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, BadBodies) {
  add("/p.S/Unary", MethodKind::kUnary, echo);
  environment.limits.max_receive_message_bytes = 10;
  struct Case {
    std::string body;
    std::string_view text;
  } const cases[] = {
      {"", "grpc-status=12;grpc-message=the client sent no message"},
      {framed("a") + framed("b"), "grpc-status=12;grpc-message=the client sent more than one message"},
      {framed("hello").substr(0, 7), "grpc-status=13;grpc-message=the request ended inside a message"},
      {framed("x", 1), "grpc-status=13;grpc-message=a message is marked as compressed"},
      {framed("x", 7), "grpc-status=13;grpc-message=a message begins with flags"},
      {framed("12345678901"),
       "grpc-status=8;grpc-message=SERVER: Received message larger than max (11 vs. 10): the limit of /p.S/Unary is the "
       "server option max_receive_message_bytes"},
  };
  for (const Case& c : cases) {
    exchange.log.clear();
    auto* events = request();
    body(events, c.body, true);
    EXPECT_THAT(exchange.log, HasSubstr(c.text));
    events->on_closed();
  }
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, DeadlineEndsTheCallForTheClientAndCancelsTheHandler) {
  Gate gate;
  bool cancelled = false;
  add("/p.S/Unary", MethodKind::kUnary, [&](ServerCall& call) -> Task<Status> {
    return [](ServerCall& c, Gate& g, bool& seen) -> Task<Status> {
      co_await g;
      seen = c.context().is_cancelled();
      co_return Status();
    }(call, gate, cancelled);
  });
  auto* events = request({{"grpc-timeout", "10m"}});
  body(events, framed("x"), true);
  EXPECT_EQ(exchange.log, "");
  executor.advance(9ms);
  EXPECT_EQ(exchange.log, "");
  executor.advance(2ms);
  EXPECT_THAT(exchange.log, HasSubstr("grpc-status=4;"));
  events->on_closed();
  EXPECT_EQ(handler.active_calls(), 1u);  // the handler still runs
  gate.open();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, PeersResetCancelsAndNothingIsSentAnyMore) {
  Gate gate;
  add("/p.S/Unary", MethodKind::kUnary, [&](ServerCall& call) -> Task<Status> {
    return [](ServerCall& c, Gate& g) -> Task<Status> {
      co_await g;
      EXPECT_FALSE(c.send_message(as_bytes(framed("late"))));
      co_return Status(StatusCode::kAborted, "late");
    }(call, gate);
  });
  auto* events = request();
  body(events, framed("x"), true);
  events->on_reset(http::ResetReason::kCancelled, "");
  events->on_closed();
  gate.open();
  EXPECT_EQ(exchange.log, "");
  EXPECT_EQ(handler.active_calls(), 0u);
}

TEST_F(GrpcHandlerTest, StreamsAreReadAsTheHandlerAsks) {
  add("/p.S/Bidi", MethodKind::kBidiStreaming, [](ServerCall& call) -> Task<Status> {
    return [](ServerCall& c) -> Task<Status> {
      for (;;) {
        auto result = co_await c.read();
        if (result.outcome == ServerCall::ReadOutcome::kEnd) co_return Status();
        if (result.outcome == ServerCall::ReadOutcome::kCancelled) co_return Status(StatusCode::kCancelled, "");
        c.send_message(as_bytes(framed(as_text(result.message.bytes()))));
      }
    }(call);
  });
  auto* events = request({}, false, "/p.S/Bidi");
  std::string sent;
  for (int i = 0; i < 100; ++i) sent += framed(std::string(static_cast<std::size_t>(i * 7 % 50), 'm'));
  for (std::size_t at = 0; at < sent.size(); at += 13) body(events, std::string_view(sent).substr(at, 13), false);
  EXPECT_EQ(exchange.body, sent);
  EXPECT_EQ(exchange.consumed_bytes, sent.size());
  body(events, "", true);
  EXPECT_THAT(exchange.log, ::testing::EndsWith(kOk));
  events->on_closed();
  EXPECT_EQ(handler.active_calls(), 0u);
}

// Http2 tells on_writable() to who was above the mark, not to who is at it.
TEST_F(GrpcHandlerTest, AWriterWaitsOnlyAboveTheHighWaterMark) {
  int written = 0;
  add("/p.S/Bidi", MethodKind::kBidiStreaming, [&](ServerCall& call) -> Task<Status> {
    for (int i = 0; i < 3; ++i) {
      call.send_message(as_bytes(framed("x")));
      if (!co_await call.writable()) break;
      ++written;
      exchange.queued_bytes += 1;
    }
    co_return Status();
  });
  exchange.queued_bytes = http::Exchange::kHighWater - 1;
  auto* events = request({}, false, "/p.S/Bidi");
  EXPECT_EQ(written, 2);  // below it and at it
  exchange.queued_bytes = 0;
  events->on_writable();
  EXPECT_EQ(written, 3);
  EXPECT_THAT(exchange.log, ::testing::EndsWith(kOk));
  events->on_closed();
}

// PROTOCOL-HTTP2.md, "Responses": initial metadata belongs to Response-Headers.
TEST_F(GrpcHandlerTest, InitialMetadataNeverTravelsInTrailers) {
  Status status;
  add("/p.S/Bidi", MethodKind::kBidiStreaming, [&](ServerCall& call) -> Task<Status> {
    call.context().initial_metadata().add("i", "1");
    call.context().trailing_metadata().add("t", "2");
    co_return status;
  });
  constexpr std::string_view kBegin = "H(:status=200;content-type=application/grpc;i=1;) ";
  request({}, true, "/p.S/Bidi")->on_closed();
  EXPECT_EQ(exchange.log, std::string(kBegin) + "T(grpc-status=0;t=2;). ");
  exchange.log.clear();
  status = Status(StatusCode::kNotFound, "no");
  request({}, true, "/p.S/Bidi")->on_closed();
  EXPECT_EQ(exchange.log, std::string(kBegin) + "T(grpc-status=5;grpc-message=no;t=2;). ");
}

// Some servers say something with OK too.
TEST_F(GrpcHandlerTest, AMessageOfAnOkStatusIsSent) {
  add("/p.S/Bidi", MethodKind::kBidiStreaming,
      [&](ServerCall&) -> Task<Status> { co_return Status(StatusCode::kOk, "fine"); });
  request({}, true, "/p.S/Bidi")->on_closed();
  EXPECT_EQ(exchange.log, "H(:status=200;content-type=application/grpc;) T(grpc-status=0;grpc-message=fine;). ");
}

TEST_F(GrpcHandlerTest, WhatAHandlerDoesNotReadStaysInThePeersWindow) {
  Gate gate;
  add("/p.S/Bidi", MethodKind::kBidiStreaming, [&](ServerCall& call) -> Task<Status> {
    return [](ServerCall& c, Gate& g) -> Task<Status> {
      co_await g;
      (void)co_await c.read();
      co_return Status();
    }(call, gate);
  });
  auto* events = request({}, false, "/p.S/Bidi");
  body(events, framed("one") + framed("two"), false);
  EXPECT_EQ(exchange.consumed_bytes, 0u);
  gate.open();
  EXPECT_THAT(exchange.log, ::testing::EndsWith(kOk));
  events->on_closed();
}

TEST_F(GrpcHandlerTest, InterceptorsStandAroundTheHandlerInOrder) {
  add("/p.S/Unary", MethodKind::kUnary, echo);
  struct Marker final : ServerInterceptor {
    Marker(std::string n, std::string& l, bool r) : name(std::move(n)), log(l), refuse(r) {}
    Task<Status> intercept(ServerContext& context, Next next) override {
      log += name + "(";
      if (refuse) co_return Status(StatusCode::kPermissionDenied, "no");
      context.trailing_metadata().add("seen-by", name);
      Status status = co_await next();
      log += ")" + name;
      co_return status;
    }
    std::string name;
    std::string& log;
    bool refuse;
  };
  std::string log;
  environment.interceptors = {std::make_shared<Marker>("a", log, false), std::make_shared<Marker>("b", log, false)};
  auto* events = request();
  body(events, framed("x"), true);
  EXPECT_EQ(log, "a(b()b)a");
  EXPECT_THAT(exchange.log, HasSubstr("T(grpc-status=0;seen-by=a;seen-by=b;)."));
  events->on_closed();

  exchange.log.clear();
  environment.interceptors.push_back(std::make_shared<Marker>("c", log, true));
  events = request();
  body(events, framed("x"), true);
  EXPECT_THAT(exchange.log, HasSubstr("grpc-status=7;grpc-message=no;"));
  events->on_closed();
}

TEST_F(GrpcHandlerTest, StatusTravelsEncodedAndShortened) {
  Status status;
  add("/p.S/Unary", MethodKind::kUnary, [&](ServerCall& call) -> Task<Status> {
    return [](ServerCall&, Status s) -> Task<Status> { co_return s; }(call, status);
  });
  status = Status(StatusCode::kDataLoss, "\u4f60\n%").with_details(std::string("\0\1", 2));
  auto* events = request();
  body(events, framed("x"), true);
  EXPECT_THAT(exchange.log, HasSubstr("grpc-status=15;grpc-message=%E4%BD%A0%0A%25;grpc-status-details-bin=AAE;)."));
  events->on_closed();

  for (const std::size_t extra : {0u, 1u, 2u, 3u}) {
    exchange.log.clear();
    std::string text(extra, 'x');
    for (int i = 0; i < 4000; ++i) text += "\u4f60";
    status = Status(StatusCode::kInternal, text);
    events = request();
    body(events, framed("x"), true);
    EXPECT_LT(exchange.log.size(), 6500u);
    EXPECT_THAT(exchange.log, HasSubstr("%E4%BD%A0 ... (shortened)"));
    events->on_closed();
  }
}

TEST_F(GrpcHandlerTest, ExceptionsOfHandlersBecomeUnknown) {
  add("/p.S/Unary", MethodKind::kUnary, [](ServerCall& call) -> Task<Status> {
    return [](ServerCall&) -> Task<Status> {
      throw std::runtime_error("kaboom");
      co_return Status();
    }(call);
  });
  auto* events = request();
  body(events, framed("x"), true);
  EXPECT_THAT(exchange.log, HasSubstr("grpc-status=2;"));
  EXPECT_THAT(exchange.log, HasSubstr("kaboom"));
  events->on_closed();
}

TEST_F(GrpcHandlerTest, StoppingTheServerEndsEveryCallOnce) {
  Gate gates[3];
  int next = 0;
  add("/p.S/Unary", MethodKind::kUnary, [&](ServerCall& call) -> Task<Status> {
    return [](ServerCall&, Gate& g) -> Task<Status> {
      co_await g;
      co_return Status();
    }(call, gates[next++]);
  });
  FakeExchange exchanges[3];
  http::ExchangeEvents* events[3];
  for (int i = 0; i < 3; ++i) {
    events[i] = request();
    body(events[i], framed("x"), true);
  }
  bool idle = false;
  handler.set_idle_listener([](void* flag) { *static_cast<bool*>(flag) = true; }, &idle);
  handler.cancel_all(Status(StatusCode::kUnavailable, "the server stops"));
  for (int i = 0; i < 3; ++i) events[i]->on_closed();
  EXPECT_FALSE(idle);
  for (auto& gate : gates) gate.open();
  EXPECT_TRUE(idle);
}

}  // namespace
}  // namespace godwit::rpc
