// Messages and DATA that come in: sections 5.2, 6.1, 6.9 and 8 of RFC 9113.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/http2/connection/scripted_peer_test.h"
#include "godwit/testing/frame_builder.h"

namespace godwit::http2 {
namespace {

namespace h2 = testing::h2;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string request_block(const std::vector<h2::HeaderField>& more = {}) {
  std::vector<h2::HeaderField> fields = {{":method", "POST"}, {":scheme", "http"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return h2::field_block(fields);
}

void start(Engine& server) {
  server.receive(std::string(h2::preface()) + h2::settings() + h2::settings_ack());
  server.frames();
}

TEST(ConnectionData, Section8_1_1_MalformedRequests) {
  struct Case {
    const char* name;
    std::string input;
    const char* reset_text;  // nullptr: the user never saw the stream
  };
  const std::string length5 = h2::headers(1, request_block({{"content-length", "5"}}));
  const Case cases[] = {
      {"8.2.1 upper case", h2::headers(1, request_block({{"X-A", "b"}})), nullptr},
      {"8.2.1 NUL", h2::headers(1, request_block({{"a", std::string("b\0c", 3)}})), nullptr},
      {"8.2.1 line feed", h2::headers(1, request_block({{"a", "b\nc"}})), nullptr},
      {"8.2.1 white space at the end", h2::headers(1, request_block({{"a", "b "}})), nullptr},
      {"8.2.1 colon in a name", h2::headers(1, request_block({{"a:b", "c"}})), nullptr},
      {"8.2.2 connection", h2::headers(1, request_block({{"connection", "close"}})), nullptr},
      {"8.3.1 no path", h2::headers(1, h2::field_block({{":method", "GET"}, {":scheme", "http"}})), nullptr},
      {"8.1.1 length without a body", h2::headers(1, request_block({{"content-length", "5"}}), true), nullptr},
      {"8.1.1 too short", length5 + h2::data(1, "1234", true), "shorter"},
      {"8.1.1 too long", length5 + h2::data(1, "123456"), "longer"},
      {"8.1.1 too long in two frames", length5 + h2::data(1, "123") + h2::data(1, "456", true), "longer"},
      {"8.1.1 too short, trailers", length5 + h2::data(1, "1234") + h2::headers(1, h2::field_block({{"a", "b"}}), true),
       "shorter"},
      {"8.1 trailers without END_STREAM",
       h2::headers(1, request_block()) + h2::headers(1, h2::field_block({{"a", "b"}})), "END_STREAM"},
      {"8.1 pseudo-field in trailers",
       h2::headers(1, request_block()) + h2::headers(1, h2::field_block({{":path", "/"}}), true), "trailers"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Engine server(Role::kServer);
    start(server);
    server.receive(c.input);
    EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
    EXPECT_FALSE(server.connection.is_closed());
    if (c.reset_text) {
      EXPECT_THAT(server.last_reset_text, HasSubstr(c.reset_text));
      EXPECT_THAT(server.events, ::testing::Contains("reset 1 PROTOCOL_ERROR engine"));
      EXPECT_EQ(server.events.back(), "closed 1");
    } else {
      EXPECT_THAT(server.events, IsEmpty());
    }
    // The next request is served as if nothing had been.
    server.receive(h2::headers(3, request_block(), true));
    EXPECT_THAT(server.events.back(), StartsWith("request 3"));
  }
}

TEST(ConnectionData, Section8_1_WellFormedRequests) {
  Engine server(Role::kServer);
  start(server);
  server.receive(h2::headers(1, request_block({{"content-length", "5"}})) + h2::data(1, "12") +
                 h2::padded_data(1, "345", 20) + h2::headers(1, h2::field_block({{"checksum", "9"}}), true));
  EXPECT_THAT(server.events, ElementsAre("request 1 :method=POST :scheme=http :path=/ content-length=5", "data 1 12345",
                                         "trailers 1 checksum=9 end"));
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST(ConnectionData, Section4_3_BlocksInPieces) {
  const std::string block = request_block({{"a", std::string(3000, 'x')}});
  Engine server(Role::kServer);
  start(server);
  server.receive(h2::headers(1, block.substr(0, 10), true, false) + h2::continuation(1, block.substr(10, 0), false) +
                 h2::continuation(1, block.substr(10, 100), false) + h2::continuation(1, block.substr(110)));
  EXPECT_THAT(server.events, ElementsAre(HasSubstr(std::string(3000, 'x') + " end")));
}

TEST(ConnectionData, Section8_1_ResponsesOfAClient) {
  struct Case {
    const char* name;
    const char* method;
    std::string input;
    std::vector<std::string> events;
  };
  const auto block = [](std::vector<h2::HeaderField> fields) { return h2::field_block(fields); };
  const Case cases[] = {
      {"plain",
       "GET",
       h2::headers(1, block({{":status", "200"}})) + h2::data(1, "hi", true),
       {"response 1 :status=200", "data 1 hi end", "closed 1"}},
      {"1xx first",
       "GET",
       h2::headers(1, block({{":status", "103"}})) + h2::headers(1, block({{":status", "204"}}), true),
       {"informational 1 :status=103", "response 1 :status=204 end", "closed 1"}},
      {"HEAD has a length and no body",
       "HEAD",
       h2::headers(1, block({{":status", "200"}, {"content-length", "9"}}), true),
       {"response 1 :status=200 content-length=9 end", "closed 1"}},
      {"304 has a length and no body",
       "GET",
       h2::headers(1, block({{":status", "304"}, {"content-length", "9"}}), true),
       {"response 1 :status=304 content-length=9 end", "closed 1"}},
      {"HEAD with a body",
       "HEAD",
       h2::headers(1, block({{":status", "200"}})) + h2::data(1, "x"),
       {"response 1 :status=200", "reset 1 PROTOCOL_ERROR engine", "closed 1"}},
      {"empty DATA ends",
       "GET",
       h2::headers(1, block({{":status", "200"}})) + h2::data(1, "", true),
       {"response 1 :status=200", "data 1  end", "closed 1"}},
      {"trailers",
       "GET",
       h2::headers(1, block({{":status", "200"}})) + h2::data(1, "") +
           h2::headers(1, block({{"grpc-status", "0"}}), true),
       {"response 1 :status=200", "trailers 1 grpc-status=0 end", "closed 1"}},
      {"reset after the response",
       "GET",
       h2::headers(1, block({{":status", "200"}})) + h2::rst_stream(1, 0),
       {"response 1 :status=200", "reset 1 NO_ERROR peer", "closed 1"}},
  };
  for (const Case& c : cases) {
    for (std::size_t piece : {1u, 1000u}) {
      SCOPED_TRACE(c.name);
      Engine client(Role::kClient);
      const std::vector<http::Field> request = {{":method", c.method}, {":scheme", "http"}, {":path", "/"}};
      client.streams.push_back(client.connection.open({request}, true, nullptr));
      client.receive(h2::settings() + h2::settings_ack());
      client.receive(c.input, piece);
      EXPECT_EQ(client.events, c.events);
    }
  }
}

TEST(ConnectionData, Section8_2_1_BlanksAroundValuesPassWhereTheOptionSaysSo) {
  for (const bool allowed : {false, true}) {
    Options options;
    options.blanks_around_values = allowed;
    Engine server(Role::kServer, options);
    start(server);
    server.receive(h2::headers(1, request_block({{"a", " b "}}), true));
    EXPECT_EQ(server.events.size(), allowed ? 1u : 0u);
  }
}

TEST(ConnectionData, Section10_5_1_LargeHeaderLists) {
  Options options;
  options.max_header_list_size = 200;
  Engine server(Role::kServer, options);
  start(server);
  server.receive(h2::headers(1, request_block({{"a", std::string(300, 'x')}}), true) +
                 h2::headers(3, request_block({{"a", std::string(300, 'x')}})) + h2::data(3, "late", true) +
                 h2::headers(5, request_block(), true));
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 end :status=431 content-length=0",
                                           "HEADERS 3 end :status=431 content-length=0", "RST_STREAM 3 NO_ERROR"));
  EXPECT_THAT(server.events, ElementsAre(StartsWith("request 5")));

  options.max_header_list_size = 300;
  Engine grpc_server(Role::kServer, options);
  start(grpc_server);
  grpc_server.receive(
      h2::headers(1, request_block({{"content-type", "application/grpc"}, {"a", std::string(300, 'x')}}), true));
  EXPECT_THAT(grpc_server.frames(),
              ElementsAre("HEADERS 1 end :status=431 content-length=0 content-type=application/grpc grpc-status=8 "
                          "grpc-message=received metadata size exceeds hard limit: this server takes 300 bytes"));

  Engine client(Role::kClient, options);
  const std::vector<http::Field> request = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}};
  client.streams.push_back(client.connection.open({request}, true, nullptr));
  client.receive(h2::settings() + h2::settings_ack());
  client.receive(h2::headers(1, h2::field_block({{":status", "200"}, {"a", std::string(300, 'x')}}), true));
  EXPECT_THAT(client.events, ElementsAre("reset 1 ENHANCE_YOUR_CALM engine", "closed 1"));
  EXPECT_THAT(client.last_reset_text, HasSubstr("max_header_list_size"));
}

TEST(ConnectionData, Section6_9_WindowsOfTheReceiver) {
  Options options;
  options.initial_stream_window = 1000;
  options.max_stream_window = 1000;
  Engine server(Role::kServer, options);
  server.consume_at_once = false;
  start(server);
  server.receive(h2::headers(1, request_block()) + h2::data(1, std::string(1000, 'x')));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.connection.consume(*server.find(1), 499);
  EXPECT_THAT(server.frames(), IsEmpty());
  server.connection.consume(*server.find(1), 1);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 +500"));
  server.receive(h2::data(1, std::string(501, 'y')));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 FLOW_CONTROL_ERROR"));
  EXPECT_THAT(server.last_reset_text, HasSubstr("window"));
}

TEST(ConnectionData, Section6_9_2_ASmallWindowHoldsFromTheAcknowledgementOn) {
  Options options;
  options.initial_stream_window = 1000;
  options.max_stream_window = 1000;
  Engine server(Role::kServer, options);
  server.consume_at_once = false;
  server.receive(std::string(h2::preface()) + h2::settings() + h2::headers(1, request_block()));
  server.receive(h2::data(1, std::string(16'000, 'x')) + h2::settings_ack());  // the window is -15,000 now
  server.frames();
  server.connection.consume(*server.find(1), 16'000);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 +16000"));
  server.receive(h2::data(1, std::string(1000, 'x')));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.receive(h2::data(1, "x"));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 FLOW_CONTROL_ERROR"));
}

TEST(ConnectionData, Section6_9_PaddingCountsAndIsGivenBack) {
  Options options;
  options.initial_stream_window = 100;
  options.max_stream_window = 100;
  Engine server(Role::kServer, options);
  server.consume_at_once = false;
  start(server);
  server.receive(h2::headers(1, request_block()) + h2::padded_data(1, "ab", 60));
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 +61"));
}

TEST(ConnectionData, Section6_9_TheConnectionIsGivenBackWhateverTheStreamsDo) {
  Options options;
  options.initial_connection_window = 65535;
  Engine server(Role::kServer, options);
  server.consume_at_once = false;
  start(server);
  server.receive(h2::headers(1, request_block()));
  for (int i = 0; i < 3; ++i) server.receive(h2::data(1, std::string(16000, 'x')));
  const std::vector<std::string> frames = server.frames();
  ASSERT_GE(frames.size(), 1u);
  EXPECT_EQ(frames[0], "WINDOW_UPDATE 0 +48000");
  EXPECT_EQ(server.connection.receive_window(), 65535);
}

TEST(ConnectionData, WhatSlowReadersHoldTogetherIsBounded) {
  Options options;
  options.initial_connection_window = 65535;
  options.max_unconsumed = 100'000;
  Engine server(Role::kServer, options);
  server.consume_at_once = false;
  start(server);
  std::size_t sent = 0;
  for (StreamId id = 1; !server.connection.is_closed(); id += 2) {
    server.receive(h2::headers(id, request_block()));
    for (int i = 0; i < 4 && !server.connection.is_closed(); ++i) {
      if (server.connection.receive_window() < 16000) break;
      server.receive(h2::data(id, std::string(16000, 'x')));
      sent += 16000;
    }
    if (server.connection.receive_window() < 16000) break;
  }
  EXPECT_LE(sent, 100'000u + 65'535u);
  EXPECT_GE(sent, 100'000u);
  server.frames();
  // Reading opens the window again.
  for (Stream* stream : std::vector<Stream*>(server.streams)) server.connection.reset(*stream, ErrorCode::kCancel);
  server.receive(h2::ping());
  server.receive(h2::headers(99, request_block()) + h2::data(99, "x"));
  EXPECT_THAT(server.frames(), ::testing::Contains(StartsWith("WINDOW_UPDATE 0 +")));
}

TEST(ConnectionData, Section6_9_BeyondTheConnectionsWindow) {
  Options options;
  options.initial_connection_window = 65535;
  options.initial_stream_window = 1 << 20;
  options.max_unconsumed = 10;
  Engine server(Role::kServer, options);
  server.consume_at_once = false;
  start(server);
  server.receive(h2::headers(1, request_block()));
  for (int i = 0; i < 5; ++i) server.receive(h2::data(1, std::string(16000, 'x')));
  EXPECT_THAT(server.frames().back(), StartsWith("GOAWAY 1 FLOW_CONTROL_ERROR"));
}

TEST(ConnectionData, WindowsGrowWhenAProbeShowsThatTheyLimit) {
  Engine server(Role::kServer);
  start(server);
  server.receive(h2::headers(1, request_block()));
  server.receive(h2::data(1, std::string(16000, 'x')) + h2::data(1, std::string(16000, 'x')) +
                 h2::data(1, std::string(16000, 'x')));
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 +48000", "PING"));
  for (int i = 0; i < 3; ++i) server.receive(h2::data(1, std::string(16000, 'x')));
  server.frames();
  server.receive(h2::ping(std::string("\xff\xff\0\0\0\0\0\1", 8), true));
  EXPECT_THAT(server.frames(), ElementsAre("SETTINGS 4=131070"));
  EXPECT_EQ(server.connection.stream_window(), 131070u);
  EXPECT_THAT(server.events, ElementsAre(StartsWith("request"), StartsWith("data")));
  EXPECT_NE(server.connection.next_timeout(), kNever);
  server.receive(h2::settings_ack());
  EXPECT_EQ(server.connection.next_timeout(), kNever);
  // The stream may send that much now.
  for (int i = 0; i < 8; ++i) {
    server.consume_at_once = false;
    server.receive(h2::data(1, std::string(12000, 'x')));
  }
  EXPECT_FALSE(server.connection.is_closed());
  EXPECT_EQ(server.streams.size(), 1u);
}

TEST(ConnectionData, DataIsNotCopied) {
  Engine server(Role::kServer);
  start(server);
  server.receive(h2::headers(1, request_block()));
  const std::string bytes = h2::data(1, std::string(10'000, 'x'));
  Slice slice = Slice::copy_of(as_bytes(bytes));
  Slice kept;
  server.data_hook = [&](Stream&, const DataView& data, bool) { kept = data.slice(); };
  server.connection.receive(slice, server.now);
  EXPECT_EQ(kept.data(), slice.data() + kFrameHeaderSize);
  EXPECT_EQ(kept.owner().get(), slice.owner().get());
}

}  // namespace
}  // namespace godwit::http2
