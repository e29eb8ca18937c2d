#include "godwit/http2/connection/message_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace godwit::http2 {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

http::FieldViews views_of(const Pairs& pairs) {
  http::FieldViews views;
  for (const auto& [name, value] : pairs) views.push_back({name, value, http::token_of(name), nullptr});
  return views;
}

struct Case {
  const char* name;
  Pairs fields;
  const char* fault;  // a part of the text; nullptr: well-formed
};

void check(const Case& c, const char* found) {
  SCOPED_TRACE(c.name);
  if (!c.fault) {
    EXPECT_EQ(found, nullptr) << found;
  } else {
    ASSERT_NE(found, nullptr);
    EXPECT_NE(std::string(found).find(c.fault), std::string::npos) << found;
    EXPECT_NE(std::string(found).find("RFC"), std::string::npos) << found;
  }
}

const Pairs kGet = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};

Pairs get_with(const Pairs& more) {
  Pairs fields = kGet;
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(MessageRules, Section8_3_1_Requests) {
  const Case cases[] = {
      {"get", kGet, nullptr},
      {"without authority", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, nullptr},
      {"options with a star", {{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}}, nullptr},
      {"nothing", {}, "missing"},
      {"no method", {{":scheme", "http"}, {":path", "/"}}, "missing"},
      {"no scheme", {{":method", "GET"}, {":path", "/"}}, "missing"},
      {"no path", {{":method", "GET"}, {":scheme", "http"}}, "missing"},
      {"empty path", {{":method", "GET"}, {":scheme", "http"}, {":path", ""}}, ":path is empty"},
      {"empty scheme", {{":method", "GET"}, {":scheme", ""}, {":path", "/"}}, ":scheme is empty"},
      {"empty method", {{":method", ""}, {":scheme", "http"}, {":path", "/"}}, ":method is empty"},
      {"method twice", {{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, "twice"},
      {"path twice", {{":path", "/"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, "twice"},
      {"status", get_with({{":status", "200"}}), ":status in a request"},
      {"unknown", get_with({{":unknown", "1"}}), "not known"},
      {"protocol", get_with({{":protocol", "websocket"}}), ":protocol"},
      {"late", get_with({{"a", "b"}, {":path", "/"}}), "after a regular field"},
      {"connect", {{":method", "CONNECT"}, {":authority", "a:1"}}, nullptr},
      {"connect with path", {{":method", "CONNECT"}, {":authority", "a:1"}, {":path", "/"}}, "CONNECT"},
      {"connect with all", {{":method", "CONNECT"}, {":authority", "a"}, {":path", "/"}, {":scheme", "x"}}, "CONNECT"},
      {"connect to nobody", {{":method", "CONNECT"}}, "CONNECT"},
      {"host agrees", get_with({{"host", "A"}}), nullptr},
      {"host differs", get_with({{"host", "b"}}), "host differs"},
  };
  for (const Case& c : cases) {
    MessageFacts facts;
    check(c, check_request(views_of(c.fields), facts));
  }
}

TEST(MessageRules, Section8_2_2_ConnectionSpecificFields) {
  const Case cases[] = {
      {"connection", get_with({{"connection", "close"}}), "connection-specific"},
      {"keep-alive", get_with({{"keep-alive", "1"}}), "connection-specific"},
      {"proxy-connection", get_with({{"proxy-connection", "1"}}), "connection-specific"},
      {"transfer-encoding", get_with({{"transfer-encoding", "chunked"}}), "connection-specific"},
      {"upgrade", get_with({{"upgrade", "h2c"}}), "connection-specific"},
      {"te trailers", get_with({{"te", "trailers"}}), nullptr},
      {"te gzip", get_with({{"te", "trailers, gzip"}}), "te is not"},
  };
  for (const Case& c : cases) {
    MessageFacts facts;
    check(c, check_request(views_of(c.fields), facts));
  }
}

TEST(MessageRules, Section8_1_1_ContentLength) {
  const Case cases[] = {
      {"number", get_with({{"content-length", "12"}}), nullptr},
      {"the same twice", get_with({{"content-length", "12"}, {"content-length", "12"}}), nullptr},
      {"two numbers", get_with({{"content-length", "12"}, {"content-length", "13"}}), "content-length"},
      {"empty", get_with({{"content-length", ""}}), "content-length"},
      {"sign", get_with({{"content-length", "+1"}}), "content-length"},
      {"list", get_with({{"content-length", "1, 1"}}), "content-length"},
      {"huge", get_with({{"content-length", "9999999999999999999999"}}), "content-length"},
  };
  for (const Case& c : cases) {
    MessageFacts facts;
    check(c, check_request(views_of(c.fields), facts));
  }
  MessageFacts facts;
  EXPECT_EQ(check_request(views_of(get_with({{"content-length", "4096"}})), facts), nullptr);
  EXPECT_EQ(facts.content_length, 4096);
}

TEST(MessageRules, Section8_3_2_Responses) {
  const Case cases[] = {
      {"ok", {{":status", "200"}, {"a", "b"}}, nullptr},
      {"no status", {{"a", "b"}}, ":status is not first"},
      {"nothing", {}, ":status is not first"},
      {"twice", {{":status", "200"}, {":status", "200"}}, "after a regular field"},
      {"request field", {{":status", "200"}, {":path", "/"}}, "pseudo-field"},
      {"short", {{":status", "20"}}, "three digits"},
      {"text", {{":status", "2x0"}}, "three digits"},
      {"low", {{":status", "099"}}, "below 100"},
      {"switching protocols", {{":status", "101"}}, "101"},
      {"connection", {{":status", "200"}, {"connection", "close"}}, "connection-specific"},
  };
  for (const Case& c : cases) {
    MessageFacts facts;
    check(c, check_response(views_of(c.fields), facts));
  }
  MessageFacts facts;
  EXPECT_EQ(check_response(views_of({{":status", "431"}, {"content-length", "7"}}), facts), nullptr);
  EXPECT_EQ(facts.status, 431);
  EXPECT_EQ(facts.content_length, 7);
}

TEST(MessageRules, Section8_1_Trailers) {
  const Case cases[] = {
      {"status", {{"grpc-status", "0"}}, nullptr},
      {"nothing", {}, nullptr},
      {"pseudo", {{":status", "200"}}, "trailers"},
      {"connection", {{"upgrade", "x"}}, "connection-specific"},
  };
  for (const Case& c : cases) check(c, check_trailers(views_of(c.fields)));
}

}  // namespace
}  // namespace godwit::http2
