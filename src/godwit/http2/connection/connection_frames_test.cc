// What the engine answers to single frames, right and wrong, in every state of a stream.

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

const std::string kBlock = h2::field_block({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}});
const std::string kOk = h2::field_block({{":status", "200"}});
const std::string kTrailers = h2::field_block({{"grpc-status", "0"}});

// A server that has the preface and SETTINGS behind it.
void start(Engine& server) {
  server.receive(std::string(h2::preface()) + h2::settings() + h2::settings_ack());
  server.frames();
  server.take_events();
}
// A client that has the server's SETTINGS behind it and `streams` requests open (with END_STREAM).
void start_client(Engine& client, int streams) {
  const std::vector<http::Field> request = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}};
  for (int i = 0; i < streams; ++i) client.streams.push_back(client.connection.open({request}, true, nullptr));
  client.receive(h2::settings() + h2::settings_ack());
  client.frames();
  client.take_events();
}

std::string priority_payload(std::uint32_t depends_on) {
  std::string payload(5, '\0');
  store_be32(reinterpret_cast<std::uint8_t*>(payload.data()), depends_on);
  return payload;
}

struct Case {
  const char* name;
  std::string input;
  const char* answer;  // the beginning of the last frame that is sent; "": none
  const char* text;    // a part of the reason
};

const std::string kOpenStream = h2::headers(1, kBlock);         // open
const std::string kEndedStream = h2::headers(1, kBlock, true);  // half-closed (remote)

TEST(ConnectionFrames, ServerAnswersByRule) {
  const Case cases[] = {
      // Section 4.1, 4.2, 4.3
      {"4.1 unknown type", h2::frame(0x16, 0xff, 0, "payload"), "", ""},
      {"4.1 unknown type on a stream", kOpenStream + h2::frame(0x16, 0xff, 1, "payload"), "", ""},
      {"4.2 too large", h2::frame_header(16385, h2::kPing, 0, 0), "GOAWAY 0 FRAME_SIZE_ERROR", "section 4.2"},
      {"4.3 undecodable", h2::headers(1, "\x80"), "GOAWAY 0 COMPRESSION_ERROR", "header block of stream 1"},
      {"4.3 frame inside a block", h2::headers(1, kBlock, true, false) + h2::ping(), "GOAWAY 0 PROTOCOL_ERROR",
       "PING inside"},
      {"4.3 DATA inside a block", h2::headers(1, kBlock, false, false) + h2::data(1, "x"), "GOAWAY 0 PROTOCOL_ERROR",
       "DATA inside"},
      {"4.3 unknown inside a block", h2::headers(1, kBlock, true, false) + h2::frame(77, 0, 0, ""),
       "GOAWAY 0 PROTOCOL_ERROR", "inside"},
      {"4.3 other stream's CONTINUATION", h2::headers(1, kBlock, true, false) + h2::continuation(3, ""),
       "GOAWAY 0 PROTOCOL_ERROR", "continues nothing"},
      // Section 5.1: idle
      {"5.1 idle DATA", h2::data(1, "x"), "GOAWAY 0 PROTOCOL_ERROR", "idle"},
      {"5.1 idle RST_STREAM", h2::rst_stream(1, 8), "GOAWAY 0 PROTOCOL_ERROR", "idle"},
      {"5.1 idle WINDOW_UPDATE", h2::window_update(1, 8), "GOAWAY 0 PROTOCOL_ERROR", "idle"},
      {"5.1 idle CONTINUATION", h2::continuation(1, kBlock), "GOAWAY 0 PROTOCOL_ERROR", "continues nothing"},
      {"5.1 idle PRIORITY", h2::priority(1, 0, 10), "", ""},
      // Section 5.1: half-closed (remote)
      {"5.1 half-closed DATA", kEndedStream + h2::data(1, "x"), "RST_STREAM 1 STREAM_CLOSED", "after END_STREAM"},
      {"5.1 half-closed HEADERS", kEndedStream + h2::headers(1, kTrailers, true), "RST_STREAM 1 STREAM_CLOSED",
       "after END_STREAM"},
      {"5.1 half-closed WINDOW_UPDATE", kEndedStream + h2::window_update(1, 5), "", ""},
      {"5.1 half-closed PRIORITY", kEndedStream + h2::priority(1, 3, 5), "", ""},
      {"5.1 half-closed RST_STREAM", kEndedStream + h2::rst_stream(1, 8), "", ""},
      // Section 5.1: closed by the peer's RST_STREAM
      {"5.1 closed DATA", kOpenStream + h2::rst_stream(1, 8) + h2::data(1, "x"), "RST_STREAM 1 STREAM_CLOSED", ""},
      {"5.1 closed HEADERS", kOpenStream + h2::rst_stream(1, 8) + h2::headers(1, kTrailers, true),
       "GOAWAY 1 STREAM_CLOSED", "closed stream"},
      {"5.1 closed WINDOW_UPDATE", kOpenStream + h2::rst_stream(1, 8) + h2::window_update(1, 1), "", ""},
      {"5.1 closed RST_STREAM", kOpenStream + h2::rst_stream(1, 8) + h2::rst_stream(1, 8), "", ""},
      {"5.1 closed PRIORITY", kOpenStream + h2::rst_stream(1, 8) + h2::priority(1, 3, 5), "", ""},
      // Section 5.1.1
      {"5.1.1 even id", h2::headers(2, kBlock), "GOAWAY 0 PROTOCOL_ERROR", "stream 2"},
      {"5.1.1 stream 0", h2::headers(0, kBlock), "GOAWAY 0 PROTOCOL_ERROR", "stream 0"},
      {"5.1.1 going back", h2::headers(5, kBlock) + h2::headers(3, kBlock), "GOAWAY 5 PROTOCOL_ERROR", "lower id"},
      // Section 6.1
      {"6.1 stream 0", h2::data(0, "x"), "GOAWAY 0 PROTOCOL_ERROR", "6.1"},
      {"6.1 padding too long", kOpenStream + h2::frame(h2::kData, h2::kPadded, 1, std::string("\x05xxxx", 5)),
       "GOAWAY 1 PROTOCOL_ERROR", "padding"},
      {"6.1 padding without length", kOpenStream + h2::frame(h2::kData, h2::kPadded, 1, ""),
       "GOAWAY 1 FRAME_SIZE_ERROR", "padding"},
      {"6.1 all padding", kOpenStream + h2::padded_data(1, "", 4), "", ""},
      // Section 6.2
      {"6.2 padding too long", h2::frame(h2::kHeaders, h2::kPadded | h2::kEndHeaders, 1, "\x09" + kBlock.substr(0, 4)),
       "GOAWAY 0 PROTOCOL_ERROR", "padding"},
      {"6.2 padding without length", h2::frame(h2::kHeaders, h2::kPadded | h2::kEndHeaders, 1, ""),
       "GOAWAY 0 FRAME_SIZE_ERROR", "padding"},
      {"6.2 priority cut short", h2::frame(h2::kHeaders, h2::kPriorityFlag | h2::kEndHeaders, 1, "abc"),
       "GOAWAY 0 FRAME_SIZE_ERROR", "priority"},
      {"6.2 priority", h2::frame(h2::kHeaders, h2::kPriorityFlag | h2::kEndHeaders, 1, priority_payload(3) + kBlock),
       "", ""},
      {"6.2 depends on itself",
       h2::frame(h2::kHeaders, h2::kPriorityFlag | h2::kEndHeaders, 1, priority_payload(1) + kBlock),
       "RST_STREAM 1 PROTOCOL_ERROR", ""},
      // Section 6.3
      {"6.3 stream 0", h2::priority(0, 1, 1), "GOAWAY 0 PROTOCOL_ERROR", "6.3"},
      {"6.3 length", kOpenStream + h2::frame(h2::kPriority, 0, 1, "1234"), "RST_STREAM 1 FRAME_SIZE_ERROR", "5 bytes"},
      {"6.3 length, idle", h2::frame(h2::kPriority, 0, 1, "1234"), "GOAWAY 0 FRAME_SIZE_ERROR", "5 bytes"},
      {"6.3 depends on itself", kOpenStream + h2::priority(1, 1, 1), "RST_STREAM 1 PROTOCOL_ERROR", "itself"},
      {"6.3 depends on itself, idle", h2::priority(1, 1, 1), "GOAWAY 0 PROTOCOL_ERROR", "itself"},
      // Section 6.4
      {"6.4 stream 0", h2::rst_stream(0, 8), "GOAWAY 0 PROTOCOL_ERROR", "6.4"},
      {"6.4 length", kOpenStream + h2::frame(h2::kRstStream, 0, 1, "123"), "GOAWAY 1 FRAME_SIZE_ERROR", "4 bytes"},
      // Section 6.5
      {"6.5 on a stream", h2::frame(h2::kSettings, 0, 1, ""), "GOAWAY 0 PROTOCOL_ERROR", "6.5"},
      {"6.5 length", h2::frame(h2::kSettings, 0, 0, "12345"), "GOAWAY 0 FRAME_SIZE_ERROR", "multiple of 6"},
      {"6.5 ACK with payload", h2::frame(h2::kSettings, h2::kAck, 0, "123456"), "GOAWAY 0 FRAME_SIZE_ERROR", "payload"},
      {"6.5.2 bad value", h2::settings({{4, 0x80000000}}), "GOAWAY 0 FLOW_CONTROL_ERROR", "2^31-1"},
      {"6.5.3 acknowledged", h2::settings({{1, 100}, {99, 5}}), "SETTINGS ack", ""},
      // Section 6.6
      {"6.6 push from a client", kOpenStream + h2::push_promise(1, 2, kBlock), "GOAWAY 1 PROTOCOL_ERROR", "8.4"},
      // Section 6.7
      {"6.7 answered", h2::ping("12345678"), "PING ack", ""},
      {"6.7 on a stream", h2::frame(h2::kPing, 0, 1, "12345678"), "GOAWAY 0 PROTOCOL_ERROR", "6.7"},
      {"6.7 length", h2::frame(h2::kPing, 0, 0, "1234567"), "GOAWAY 0 FRAME_SIZE_ERROR", "8 bytes"},
      {"6.7 ACK is not answered", h2::ping("12345678", true), "", ""},
      // Section 6.8
      {"6.8 on a stream", h2::frame(h2::kGoAway, 0, 1, std::string(8, '\0')), "GOAWAY 0 PROTOCOL_ERROR", "6.8"},
      {"6.8 length", h2::frame(h2::kGoAway, 0, 0, "1234567"), "GOAWAY 0 FRAME_SIZE_ERROR", "8 bytes"},
      // Section 6.9
      {"6.9 length", h2::frame(h2::kWindowUpdate, 0, 0, "123"), "GOAWAY 0 FRAME_SIZE_ERROR", "4 bytes"},
      {"6.9 zero, connection", h2::window_update(0, 0), "GOAWAY 0 PROTOCOL_ERROR", "0 for the connection"},
      {"6.9 zero, stream", kOpenStream + h2::window_update(1, 0), "RST_STREAM 1 PROTOCOL_ERROR", "6.9"},
      {"6.9.1 overflow, connection", h2::window_update(0, 0x7fffffff), "GOAWAY 0 FLOW_CONTROL_ERROR", "6.9.1"},
      {"6.9.1 overflow, stream", kOpenStream + h2::window_update(1, 0x7fffffff), "RST_STREAM 1 FLOW_CONTROL_ERROR",
       "6.9.1"},
      {"6.9.2 overflow by SETTINGS", kOpenStream + h2::window_update(1, 0x7fff0000) + h2::settings({{4, 0x7fffffff}}),
       "GOAWAY 1 FLOW_CONTROL_ERROR", "6.9.2"},
  };
  for (const Case& c : cases) {
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}}) {
      SCOPED_TRACE(std::string(c.name) + (piece == 1 ? ", byte by byte" : ""));
      Engine server(Role::kServer);
      start(server);
      server.receive(c.input, piece);
      const std::vector<std::string> frames = server.frames();
      if (*c.answer == '\0') {
        EXPECT_THAT(frames, IsEmpty());
      } else {
        ASSERT_FALSE(frames.empty());
        EXPECT_THAT(frames.back(), StartsWith(c.answer));
        const bool is_connection_error = frames.back().starts_with("GOAWAY");
        EXPECT_EQ(server.connection.is_closed(), is_connection_error);
        EXPECT_THAT(is_connection_error ? server.last_error : server.last_reset_text, HasSubstr(c.text));
        if (is_connection_error) {
          EXPECT_THAT(frames.back(), HasSubstr(server.last_error));
          EXPECT_THAT(server.streams, IsEmpty());
        }
      }
    }
  }
}

TEST(ConnectionFrames, ClientAnswersByRule) {
  const Case cases[] = {
      {"5.1 idle HEADERS", h2::headers(3, kOk), "GOAWAY 0 PROTOCOL_ERROR", "idle"},
      {"5.1 idle DATA", h2::data(3, "x"), "GOAWAY 0 PROTOCOL_ERROR", "idle"},
      {"5.1 idle RST_STREAM", h2::rst_stream(3, 0), "GOAWAY 0 PROTOCOL_ERROR", "idle"},
      {"5.1.1 HEADERS on an even stream", h2::headers(2, kOk), "GOAWAY 0 PROTOCOL_ERROR", "stream 2"},
      {"6.6 push although it is off", h2::push_promise(1, 2, kBlock), "GOAWAY 0 PROTOCOL_ERROR", "6.6"},
      {"6.5.2 push enabled by a server", h2::settings({{2, 1}}), "GOAWAY 0 PROTOCOL_ERROR", "ENABLE_PUSH"},
      {"8.1 DATA before HEADERS", h2::data(1, "x"), "RST_STREAM 1 PROTOCOL_ERROR", "before"},
      {"8.1 1xx that ends", h2::headers(1, h2::field_block({{":status", "103"}}), true), "RST_STREAM 1 PROTOCOL_ERROR",
       "1xx"},
      {"8.1 trailers that do not end", h2::headers(1, kOk) + h2::headers(1, kTrailers), "RST_STREAM 1 PROTOCOL_ERROR",
       "END_STREAM"},
      {"8.3.2 no status", h2::headers(1, kTrailers), "RST_STREAM 1 PROTOCOL_ERROR", ":status"},
      {"8.3.2 request pseudo-field", h2::headers(1, kBlock), "RST_STREAM 1 PROTOCOL_ERROR", ":status"},
      {"5.1 closed HEADERS", h2::headers(1, kOk, true) + h2::headers(1, kOk), "GOAWAY 0 STREAM_CLOSED",
       "closed stream"},
      {"5.1 closed DATA", h2::headers(1, kOk, true) + h2::data(1, "x"), "RST_STREAM 1 STREAM_CLOSED", ""},
      {"6.8 going back on GOAWAY", h2::goaway(1, 0) + h2::goaway(3, 0), "GOAWAY 0 PROTOCOL_ERROR",
       "higher last stream id"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Engine client(Role::kClient);
    start_client(client, 1);
    client.receive(c.input);
    const std::vector<std::string> frames = client.frames();
    ASSERT_FALSE(frames.empty());
    EXPECT_THAT(frames.back(), StartsWith(c.answer));
    EXPECT_THAT(frames.back().starts_with("GOAWAY") ? client.last_error : client.last_reset_text, HasSubstr(c.text));
  }
}

TEST(ConnectionFrames, Section5_1_LateFramesOfStreamsThatWeResetAreIgnored) {
  Engine server(Role::kServer);
  start(server);
  server.receive(kOpenStream);
  server.connection.reset(*server.streams.at(0), ErrorCode::kCancel);
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 CANCEL"));
  server.receive(h2::data(1, "late") + h2::headers(1, kTrailers, true) + h2::window_update(1, 9) +
                 h2::rst_stream(1, 8));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_FALSE(server.connection.is_closed());
  EXPECT_THAT(server.events, ElementsAre(StartsWith("request 1"), "closed 1"));
}

TEST(ConnectionFrames, Section5_1_FramesOfResetsLongAgoAreAnsweredWithResets) {
  Engine server(Role::kServer);
  start(server);
  const int count = static_cast<int>(limits::kRememberedResets) + 1;
  for (int i = 0; i < count; ++i) {
    server.receive(h2::headers(static_cast<StreamId>(2 * i + 1), kBlock));
    server.connection.reset(*server.streams.at(0), ErrorCode::kCancel);
    server.frames();
  }
  server.receive(h2::headers(1, kTrailers, true));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 STREAM_CLOSED"));
  server.receive(h2::headers(3, kTrailers, true) + h2::headers(5, kTrailers, true));
  EXPECT_FALSE(server.connection.is_closed());
}

TEST(ConnectionFrames, Section5_1_2_StreamsAboveTheLimitAreRefused) {
  Options options;
  options.max_concurrent_streams = 2;
  Engine server(Role::kServer, options);
  start(server);
  for (StreamId id : {1, 3, 5}) server.receive(h2::headers(id, kBlock, true));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 5 REFUSED_STREAM"));
  EXPECT_EQ(server.connection.open_streams(), 2u);
  server.receive(h2::rst_stream(1, 8) + h2::headers(7, kBlock, true));
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST(ConnectionFrames, Section6_7_UsersPingsComeBack) {
  Engine client(Role::kClient);
  start_client(client, 0);
  client.connection.ping(0x6162636465666768);
  const std::string bytes = client.output();
  ASSERT_EQ(bytes.substr(9), "abcdefgh");
  client.receive(h2::ping("abcdefgh", true));
  EXPECT_THAT(client.events, ElementsAre("ping_ack " + std::to_string(0x6162636465666768)));
}

}  // namespace
}  // namespace godwit::http2
