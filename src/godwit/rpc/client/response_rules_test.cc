// What a response means to its caller: PROTOCOL-HTTP2.md ("Responses", "Errors"), http-grpc-status-mapping.md,
// statuscodes.md, compression.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "godwit/rpc/client/fakes_for_test.h"

namespace godwit::rpc {
namespace {

using fake::Exchange;
using fake::framed;
using http::ResetReason;
using ::testing::HasSubstr;

struct Rule {
  const char* name;
  std::function<void(Exchange&)> server;
  StatusCode code;
  std::string text;  // part of the status's message
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

class ResponseRules : public ::testing::TestWithParam<Rule> {};

TEST_P(ResponseRules, Unary) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  ASSERT_EQ(client.exchanges.size(), 1u);
  GetParam().server(client.last());
  EXPECT_EQ(call.ends, 1) << "every call ends exactly once";
  EXPECT_EQ(name_of(call.status.code()), name_of(GetParam().code)) << call.status.message();
  EXPECT_THAT(call.status.message(), HasSubstr(GetParam().text));
  if (call.status.ok()) {
    EXPECT_EQ(call.messages, std::vector<std::string>{"reply"});
  }
  client.last().close();
  EXPECT_EQ(call.ends, 1);
}

// The same rules, without a context: nothing is recorded, nothing breaks.
TEST_P(ResponseRules, UnaryWithoutContext) {
  fake::World world;
  fake::Client& client = world.ready();
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod);
  GetParam().server(client.last());
  client.last().close();
  EXPECT_EQ(call.ends, 1);
  if (std::string(GetParam().name) != "BinaryMetadataNotBase64") {
    EXPECT_EQ(name_of(call.status.code()), name_of(GetParam().code)) << call.status.message();
  }
}

// And when the exchange's end comes later than its last event.
TEST_P(ResponseRules, LateClose) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  client.last().close_in_reset = false;
  GetParam().server(client.last());
  EXPECT_EQ(call.ends, 1);
  EXPECT_EQ(name_of(call.status.code()), name_of(GetParam().code)) << call.status.message();
  client.last().close();
  EXPECT_EQ(call.ends, 1);
}

const std::string kHuge(5'000'000, 'x');

const Rule kRules[] = {
    {"Ok", [](Exchange& e) { e.answer("reply"); }, StatusCode::kOk, ""},
    {"MessageInTwoPieces",
     [](Exchange& e) {
       e.ok_headers();
       const std::string all = framed("reply");
       e.data(all.substr(0, 3));
       e.data(all.substr(3, 4));
       e.data(all.substr(7));
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kOk, ""},
    {"ContentTypeWithCodec",
     [](Exchange& e) {
       e.headers({{":status", "200"}, {"content-type", "application/grpc+proto; charset=x"}});
       e.message("reply");
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kOk, ""},
    {"EncodingIdentity",
     [](Exchange& e) {
       e.headers({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "identity"}});
       e.message("reply");
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kOk, ""},
    {"ErrorInTrailers",
     [](Exchange& e) {
       e.ok_headers();
       e.trailers({{"grpc-status", "5"}, {"grpc-message", "no article %37 %e4%b8%ad"}});
     },
     StatusCode::kNotFound, "no article 7 中"},
    {"ErrorAfterMessage",
     [](Exchange& e) {
       e.ok_headers();
       e.message("reply");
       e.trailers({{"grpc-status", "10"}, {"grpc-message", "late"}});
     },
     StatusCode::kAborted, "late"},
    {"TrailersOnly", [](Exchange& e) { e.trailers_only({{"grpc-status", "7"}, {"grpc-message", "no"}}); },
     StatusCode::kPermissionDenied, "no"},
    {"TrailersOnlyWithHttpError",
     [](Exchange& e) {
       e.headers(
           {{":status", "503"}, {"content-type", "application/grpc"}, {"grpc-status", "8"}, {"grpc-message", "busy"}},
           true);
     },
     StatusCode::kResourceExhausted, "busy"},
    {"TrailersOnlyOkWithoutMessage", [](Exchange& e) { e.trailers_only({{"grpc-status", "0"}}); },
     StatusCode::kUnimplemented, "no message"},
    {"UnknownCode", [](Exchange& e) { e.trailers_only({{"grpc-status", "42"}, {"grpc-message", "new"}}); },
     StatusCode::kUnknown, "42"},
    {"StatusIsNoNumber", [](Exchange& e) { e.trailers_only({{"grpc-status", "abc"}}); }, StatusCode::kUnknown, "'abc'"},
    {"DetailsNotBase64",
     [](Exchange& e) {
       e.trailers_only({{"grpc-status", "3"}, {"grpc-message", "bad"}, {"grpc-status-details-bin", "!!"}});
     },
     StatusCode::kInvalidArgument, "bad (its grpc-status-details-bin"},
    {"NoStatusInTrailers",
     [](Exchange& e) {
       e.ok_headers();
       e.message("reply");
       e.trailers({{"x", "y"}});
     },
     StatusCode::kUnknown, "no grpc-status"},
    {"NoStatusInTrailersOnly", [](Exchange& e) { e.trailers_only({}); }, StatusCode::kUnknown, "no grpc-status"},
    {"NoTrailers",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed("reply"), true);
       e.close();
     },
     StatusCode::kUnknown, "without trailers"},
    {"Http503",
     [](Exchange& e) {
       e.headers({{":status", "503"}, {"content-type", "text/html"}});
       e.data("<html>over", false);
       e.data("loaded</html>", true);
     },
     StatusCode::kUnavailable, "HTTP status 503, content-type 'text/html', the body begins: <html>overloaded</html>"},
    {"Http404WithoutBody", [](Exchange& e) { e.headers({{":status", "404"}}, true); }, StatusCode::kUnimplemented,
     "HTTP status 404, no content-type"},
    {"Http401", [](Exchange& e) { e.headers({{":status", "401"}}, true); }, StatusCode::kUnauthenticated, "401"},
    {"Http403", [](Exchange& e) { e.headers({{":status", "403"}}, true); }, StatusCode::kPermissionDenied, "403"},
    {"Http400", [](Exchange& e) { e.headers({{":status", "400"}}, true); }, StatusCode::kInternal, "400"},
    {"Http429", [](Exchange& e) { e.headers({{":status", "429"}}, true); }, StatusCode::kUnavailable, "429"},
    {"Http504", [](Exchange& e) { e.headers({{":status", "504"}}, true); }, StatusCode::kUnavailable, "504"},
    {"Http418", [](Exchange& e) { e.headers({{":status", "418"}}, true); }, StatusCode::kUnknown, "418"},
    {"WrongContentType",
     [](Exchange& e) {
       e.headers({{":status", "200"}, {"content-type", "application/grpc-web"}});
       e.data(framed("reply"), true);
     },
     StatusCode::kUnknown, "content-type 'application/grpc-web'"},
    {"HttpErrorWithGrpcTrailers",
     [](Exchange& e) {
       e.headers({{":status", "500"}, {"content-type", "application/grpc"}});
       e.trailers({{"grpc-status", "15"}, {"grpc-message", "gone"}});
     },
     StatusCode::kDataLoss, "gone"},
    {"HttpErrorWithTrailersOfOtherKind",
     [](Exchange& e) {
       e.headers({{":status", "502"}, {"content-type", "text/plain"}});
       e.data("bad gateway");
       e.trailers({{"x", "y"}});
     },
     StatusCode::kUnavailable, "bad gateway"},
    {"EncodingNotOffered",
     [](Exchange& e) {
       e.headers({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}});
     },
     StatusCode::kInternal, "'gzip'"},
    {"CompressedFlagWithIdentity",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed("reply", 1));
     },
     StatusCode::kInternal, "marked as compressed"},
    {"BadFlags",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed("reply", 2));
     },
     StatusCode::kInternal, "flags byte"},
    {"MessageTooLarge",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed(kHuge).substr(0, 100));
     },
     StatusCode::kResourceExhausted,
     "5000000 bytes; this client receives messages of up to 4194304 bytes: raise "
     "ChannelOptions::max_receive_message_bytes"},
    {"TruncatedMessage",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed("reply").substr(0, 7));
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kInternal, "inside a message"},
    {"TruncatedPrefix",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed("reply") + std::string(2, '\0'));
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kInternal, "inside a message"},
    {"NoMessage",
     [](Exchange& e) {
       e.ok_headers();
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kUnimplemented, "no message"},
    {"TwoMessages",
     [](Exchange& e) {
       e.ok_headers();
       e.data(framed("reply") + framed("again"));
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kUnimplemented, "more than one message"},
    {"BinaryMetadataNotBase64",
     [](Exchange& e) {
       e.headers({{":status", "200"}, {"content-type", "application/grpc"}, {"x-bin", "%%%"}});
       e.message("reply");
       e.trailers({{"grpc-status", "0"}});
     },
     StatusCode::kInternal, "'x-bin'"},
    {"ResetAfterTrailersIsIgnored",
     [](Exchange& e) {
       e.ok_headers();
       e.message("reply");
       e.trailers_open({{"grpc-status", "0"}});
       e.server_resets(ResetReason::kNoError);
     },
     StatusCode::kOk, ""},
    {"ResetCancelled", [](Exchange& e) { e.server_resets(ResetReason::kCancelled); }, StatusCode::kCancelled,
     "cancelled"},
    {"ResetInternal", [](Exchange& e) { e.server_resets(ResetReason::kInternalError); }, StatusCode::kInternal,
     "ipv4:10.0.0.1:80 reset the call: internal error"},
    {"ResetProtocolError", [](Exchange& e) { e.server_resets(ResetReason::kProtocolError); }, StatusCode::kInternal,
     ""},
    {"ResetNoError", [](Exchange& e) { e.server_resets(ResetReason::kNoError); }, StatusCode::kInternal, ""},
    {"ResetCalm", [](Exchange& e) { e.server_resets(ResetReason::kEnhanceYourCalm); }, StatusCode::kResourceExhausted,
     ""},
    {"ResetInadequateSecurity", [](Exchange& e) { e.server_resets(ResetReason::kInadequateSecurity); },
     StatusCode::kPermissionDenied, ""},
    {"ResetRefusedAfterHeaders",
     [](Exchange& e) {
       e.ok_headers();
       e.server_resets(ResetReason::kRefused);
     },
     StatusCode::kUnavailable, "the call to ipv4:10.0.0.1:80 was refused before processing"},
    {"ConnectionLost", [](Exchange& e) { e.server_resets(ResetReason::kConnectionLost, "reset by peer"); },
     StatusCode::kUnavailable, "the connection to ipv4:10.0.0.1:80 was lost: reset by peer"},
    {"ConnectionLostInTheMiddle",
     [](Exchange& e) {
       e.ok_headers();
       e.message("reply");
       e.server_resets(ResetReason::kConnectionLost);
     },
     StatusCode::kUnavailable, "was lost"},
    {"ClosedWithoutAWord", [](Exchange& e) { e.close(); }, StatusCode::kUnavailable, "closed before"},
};

INSTANTIATE_TEST_SUITE_P(Table, ResponseRules, ::testing::ValuesIn(kRules),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Responses, DetailsAndMetadataReachTheCaller) {
  fake::World world;
  fake::Client& client = world.ready();
  ClientContext context;
  fake::Unary call;
  call.call(*world.channel, fake::kUnaryMethod, &context);
  EXPECT_EQ(context.peer(), "ipv4:10.0.0.1:80");
  client.last().headers({{":status", "200"}, {"content-type", "application/grpc"}, {"x-one", "1"}, {"x-bin", "AAE"}});
  client.last().trailers(
      {{"grpc-status", "9"}, {"grpc-message", "m"}, {"grpc-status-details-bin", "CAk="}, {"t", "2"}});
  EXPECT_EQ(call.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(call.status.details(), "\x08\x09");
  EXPECT_EQ(context.initial_metadata().find("x-one"), "1");
  EXPECT_EQ(context.initial_metadata().find("x-bin"), std::string_view("\0\1", 2));
  EXPECT_EQ(context.initial_metadata().size(), 2u);
  EXPECT_EQ(context.trailing_metadata().find("t"), "2");
  EXPECT_EQ(context.trailing_metadata().size(), 1u);
}

TEST(Responses, EarlyAnswerResetsAnOpenRequest) {
  fake::World world;
  fake::Client& client = world.ready();
  StreamingCall call;
  call.start(*world.channel, fake::kBidi, nullptr);
  client.last().ok_headers();
  client.last().trailers({{"grpc-status", "3"}});
  EXPECT_TRUE(call.done());
  EXPECT_TRUE(client.last().was_reset);
}

}  // namespace
}  // namespace godwit::rpc
