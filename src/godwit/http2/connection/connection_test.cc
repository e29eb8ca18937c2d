// The life of a connection: preface, time limits, GOAWAY both ways, the end.

#include "godwit/http2/connection/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/http2/connection/scripted_peer_test.h"
#include "godwit/testing/frame_builder.h"

namespace godwit::http2 {
namespace {

namespace h2 = testing::h2;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string kBlock = h2::field_block({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}});
const std::string kOk = h2::field_block({{":status", "200"}});
const std::string kHello = std::string(h2::preface()) + h2::settings();
const std::vector<http::Field> kRequest = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}};
const std::vector<http::Field> kResponse = {{":status", "200"}};

TEST(Connection, Section3_4_ClientSendsPrefaceAndSettings) {
  Engine client(Role::kClient);
  const std::string bytes = client.output();
  EXPECT_THAT(bytes, StartsWith(h2::preface()));
  FrameLog log;
  EXPECT_THAT(log.take(bytes), ElementsAre("SETTINGS 2=0 6=16384", "WINDOW_UPDATE 0 +983041"));
  EXPECT_EQ(client.connection.state(), ConnectionState::kPreface);
}

TEST(Connection, Section3_4_ServerAnswersThePreface) {
  Options options;
  options.header_table_size = 8192;
  options.initial_stream_window = 1 << 20;
  options.max_frame_size = 65536;
  for (std::size_t piece : {1u, 7u, 1000u}) {
    Engine server(Role::kServer, options);
    EXPECT_FALSE(server.connection.wants_write());
    server.receive(kHello, piece);
    EXPECT_THAT(server.frames(), ElementsAre("SETTINGS 1=8192 3=1024 4=1048576 5=65536 6=16384",
                                             "WINDOW_UPDATE 0 +983041", "SETTINGS ack"));
    EXPECT_EQ(server.connection.state(), ConnectionState::kOpen);
  }
}

TEST(Connection, Section3_4_TheFirstFrameMustBeSettings) {
  for (const std::string& first : {h2::ping(), h2::headers(1, kBlock, true), h2::settings_ack(), h2::data(1, "x")}) {
    Engine server(Role::kServer);
    server.receive(std::string(h2::preface()) + first);
    EXPECT_THAT(server.frames().back(), StartsWith("GOAWAY 0 PROTOCOL_ERROR 'the first frame is not SETTINGS"));
  }
}

TEST(Connection, OtherProtocolsAreNamed) {
  struct Case {
    Role role;
    std::string input;
    ConnectionErrorKind kind;
    const char* text;
  };
  const Case cases[] = {
      {Role::kServer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", ConnectionErrorKind::kPeerSpeaksHttp1, "'GET / HTTP/1.1'"},
      {Role::kServer, "PRI * HTTP/1.1\r\n", ConnectionErrorKind::kPeerSpeaksHttp1, "'PRI * HTTP/1.1'"},
      {Role::kServer, "P /" + std::string(500, 'x'), ConnectionErrorKind::kProtocol,
       "not the HTTP/2 connection preface"},
      {Role::kServer, std::string("\x16\x03\x01\x02\x00\x01", 6), ConnectionErrorKind::kPeerSpeaksTls, "TLS"},
      {Role::kServer, "SSH-2.0-OpenSSH_9\r\n", ConnectionErrorKind::kProtocol, "'SSH-2.0-OpenSSH_9'"},
      {Role::kServer, std::string("\0\0\0\4", 4), ConnectionErrorKind::kProtocol, "not the HTTP/2 connection preface"},
      {Role::kClient, "HTTP/1.1 400 Bad Request\r\n\r\n", ConnectionErrorKind::kPeerSpeaksHttp1,
       "'HTTP/1.1 400 Bad Request'"},
      {Role::kClient, std::string("\x15\x03\x01\x00\x02", 5), ConnectionErrorKind::kPeerSpeaksTls, "TLS"},
  };
  for (const Case& c : cases) {
    for (std::size_t piece : {1u, 1000u}) {
      SCOPED_TRACE(c.input + " in pieces of " + std::to_string(piece));
      Engine engine(c.role);
      engine.receive(c.input, piece);
      EXPECT_TRUE(engine.connection.is_closed());
      EXPECT_EQ(engine.last_error_kind, c.kind);
      EXPECT_THAT(engine.last_error, HasSubstr(c.text));
      if (c.role == Role::kServer) {
        EXPECT_EQ(engine.connection.wants_write(), c.kind == ConnectionErrorKind::kProtocol);
      }
    }
  }
}

TEST(Connection, AnUnfinishedForeignLineIsNamedAtTheEnd) {
  Engine server(Role::kServer);
  server.receive("GET / HTTP/1.0");
  EXPECT_FALSE(server.connection.is_closed());
  server.connection.receive_end("", server.now);
  EXPECT_EQ(server.last_error_kind, ConnectionErrorKind::kPeerSpeaksHttp1);
}

TEST(Connection, TimeLimits) {
  {
    Engine server(Role::kServer);
    EXPECT_EQ(server.connection.next_timeout(), server.now + seconds(20));
    server.connection.on_timeout(server.now + seconds(19));
    EXPECT_FALSE(server.connection.is_closed());
    server.connection.on_timeout(server.now + seconds(20));
    EXPECT_EQ(server.last_error_kind, ConnectionErrorKind::kTimeout);
    EXPECT_EQ(server.connection.next_timeout(), kNever);
  }
  {
    Engine server(Role::kServer);
    server.receive(kHello);
    EXPECT_EQ(server.connection.next_timeout(), server.now + seconds(30));
    server.connection.on_timeout(server.now + seconds(30));
    EXPECT_THAT(server.frames().back(), StartsWith("GOAWAY 0 SETTINGS_TIMEOUT"));
  }
  {
    Engine server(Role::kServer);
    server.receive(kHello + h2::settings_ack());
    EXPECT_EQ(server.connection.next_timeout(), kNever);
  }
}

TEST(Connection, Section6_8_GracefulShutdownOfAServer) {
  Engine server(Role::kServer);
  server.receive(kHello + h2::settings_ack() + h2::headers(1, kBlock, true));
  server.frames();
  server.take_events();
  server.connection.shutdown();
  server.connection.shutdown();
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 2147483647 NO_ERROR ''", "PING"));
  EXPECT_TRUE(server.connection.is_draining());
  // Requests that were under way are still taken.
  server.receive(h2::headers(3, kBlock, true));
  server.receive(h2::ping(std::string("\xff\xff\0\0\0\0\0\2", 8), true));
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 3 NO_ERROR ''"));
  // Later ones are not looked at.
  server.receive(h2::headers(5, kBlock) + h2::data(5, "x", true));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_EQ(server.connection.open_streams(), 2u);
  server.connection.send_headers(*server.find(1), {kResponse}, true);
  server.frames();
  EXPECT_THAT(server.take_events(), ElementsAre(StartsWith("request 3"), "closed 1"));
  server.connection.send_headers(*server.find(3), {kResponse}, true);
  server.frames();
  EXPECT_THAT(server.events, ElementsAre("closed 3", "drained"));
  EXPECT_FALSE(server.connection.is_closed());
}

TEST(Connection, Section6_8_TheSecondGoawayDoesNotWaitForEver) {
  Engine server(Role::kServer);
  server.receive(kHello + h2::settings_ack());
  server.frames();
  server.connection.shutdown();
  EXPECT_EQ(server.connection.next_timeout(), server.now + limits::kGoawayGrace);
  server.connection.on_timeout(server.now + limits::kGoawayGrace);
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 2147483647 NO_ERROR ''", "PING", "GOAWAY 0 NO_ERROR ''"));
  EXPECT_THAT(server.events, ElementsAre("drained"));
}

TEST(Connection, ShutdownBeforeThePreface) {
  Engine server(Role::kServer);
  server.connection.shutdown();
  server.connection.flush(server.now);
  EXPECT_THAT(server.events, ElementsAre("drained"));
  EXPECT_FALSE(server.connection.wants_write());
}

TEST(Connection, Section6_8_GracefulShutdownOfAClient) {
  Engine client(Role::kClient);
  Stream* stream = client.connection.open({kRequest}, true, nullptr);
  client.receive(h2::settings() + h2::settings_ack());
  client.frames();
  client.take_events();
  client.connection.shutdown();
  EXPECT_THAT(client.frames(), ElementsAre("GOAWAY 0 NO_ERROR ''"));
  EXPECT_EQ(client.connection.may_open(), 0u);
  EXPECT_EQ(client.connection.open({kRequest}, true, nullptr), nullptr);
  client.receive(h2::headers(stream->id(), kOk, true));
  EXPECT_THAT(client.events, ElementsAre("response 1 :status=200 end", "closed 1", "drained"));
}

TEST(Connection, Section6_8_GoawaySaysWhatWasNotProcessed) {
  Engine client(Role::kClient);
  for (int i = 0; i < 3; ++i) client.streams.push_back(client.connection.open({kRequest}, true, nullptr));
  client.receive(h2::settings() + h2::settings_ack());
  client.take_events();
  client.receive(h2::goaway(0x7fffffff, 0));
  EXPECT_THAT(client.take_events(), ElementsAre("goaway 2147483647 NO_ERROR ''"));
  EXPECT_EQ(client.connection.may_open(), 0u);
  client.receive(h2::goaway(3, 11, "too_many_pings\x01"));
  EXPECT_THAT(client.take_events(), ElementsAre("goaway 3 ENHANCE_YOUR_CALM 'too_many_pings.'",
                                                "reset 5 REFUSED_STREAM unprocessed", "closed 5"));
  client.receive(h2::headers(1, kOk, true) + h2::headers(3, kOk, true));
  EXPECT_THAT(client.events, ElementsAre("response 1 :status=200 end", "closed 1", "response 3 :status=200 end",
                                         "closed 3", "drained"));
}

TEST(Connection, InputEndsWithStreamsOpen) {
  Engine client(Role::kClient);
  client.streams.push_back(client.connection.open({kRequest}, true, nullptr));
  client.frames();
  client.receive(h2::settings() + h2::settings_ack() + h2::goaway(1, 11, "calm down"));
  client.take_events();
  client.connection.receive_end("", client.now);
  EXPECT_THAT(client.events,
              ElementsAre("error ENHANCE_YOUR_CALM", "reset 1 ENHANCE_YOUR_CALM connection", "closed 1"));
  EXPECT_THAT(client.last_error, HasSubstr("while 1 streams were open"));
  EXPECT_THAT(client.last_error, HasSubstr("GOAWAY ENHANCE_YOUR_CALM 'calm down'"));
  EXPECT_THAT(client.last_reset_text, HasSubstr("calm down"));
  EXPECT_EQ(client.connection.error().initiator, Initiator::kPeer);
}

TEST(Connection, RequestsThatWereNotWrittenAreUnprocessed) {
  Engine client(Role::kClient);
  client.receive(h2::settings() + h2::settings_ack());
  const auto open = [&] { client.streams.push_back(client.connection.open({kRequest}, true, nullptr)); };
  open();
  client.frames();
  client.take_events();
  open();
  client.output(1);
  open();
  EXPECT_GT(client.connection.output().size(), kFrameHeaderSize);
  client.connection.receive_end("reset by peer", client.now);
  EXPECT_THAT(client.events,
              ElementsAre("error NO_ERROR", "reset 1 NO_ERROR connection", "closed 1", "reset 3 NO_ERROR connection",
                          "closed 3", "reset 5 REFUSED_STREAM unprocessed", "closed 5"));
  EXPECT_THAT(client.last_reset_text, HasSubstr("reset by peer while 3 streams were open"));
}

// What is told to be unprocessed must not be written after it.
TEST(Connection, RequestsThatWereNotWrittenLeaveTheOutput) {
  for (const bool by_user : {false, true}) {
    Engine client(Role::kClient);
    const auto open = [&] { client.streams.push_back(client.connection.open({kRequest}, false, nullptr)); };
    open();
    client.receive(h2::settings() + h2::settings_ack());
    client.frames();
    client.take_events();
    client.connection.ping(7);
    open();
    client.connection.send_data(*client.streams[0], as_bytes("of a written request"), true);
    client.connection.send_data(*client.streams[1], as_bytes("of another"), true);
    if (by_user) {
      client.connection.close(ErrorCode::kNoError, "bye");
    } else {
      client.receive(h2::ping("short"));
    }
    EXPECT_THAT(client.frames(), ElementsAre("PING", ::testing::StartsWith("GOAWAY 0 ")));
    EXPECT_THAT(client.events, ::testing::Contains("reset 3 REFUSED_STREAM unprocessed"));
    EXPECT_THAT(client.events, ::testing::Contains(::testing::MatchesRegex("reset 1 [A-Z_]+ connection")));
  }
}

TEST(Connection, InputEndsInPeace) {
  Engine server(Role::kServer);
  server.receive(kHello + h2::settings_ack());
  server.connection.receive_end("", server.now);
  EXPECT_TRUE(server.connection.is_closed());
  EXPECT_THAT(server.events, IsEmpty());
  Engine silent(Role::kServer);
  silent.connection.receive_end("reset by peer", silent.now);
  EXPECT_THAT(silent.last_error, HasSubstr("reset by peer before its HTTP/2 preface"));
}

TEST(Connection, CloseTellsPeerAndStreams) {
  Engine server(Role::kServer);
  server.receive(kHello + h2::settings_ack() + h2::headers(1, kBlock) + h2::headers(3, kBlock));
  server.frames();
  server.take_events();
  server.connection.close(ErrorCode::kNoError, "going home");
  EXPECT_TRUE(server.connection.is_closed());
  EXPECT_THAT(server.events, IsEmpty());  // not from inside a command
  EXPECT_TRUE(server.connection.wants_flush());
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 3 NO_ERROR 'going home'"));
  EXPECT_THAT(server.events,
              ElementsAre("reset 1 NO_ERROR connection", "closed 1", "reset 3 NO_ERROR connection", "closed 3"));
  EXPECT_EQ(server.last_reset_text, "going home");
  server.receive(h2::ping());
  server.connection.close(ErrorCode::kNoError, "again");
  EXPECT_FALSE(server.connection.wants_write());
}

TEST(Connection, EventsMayCallCommands) {
  Engine server(Role::kServer);
  server.request_hook = [&](Stream& stream, bool) {
    if (stream.id() == 1) {
      server.connection.send_headers(stream, {kResponse}, true);  // answers and so closes the stream
      server.connection.send_data(stream, as_bytes("ignored"), true);
      server.connection.reset(stream, ErrorCode::kCancel);
      server.connection.flush(server.now);
    } else if (stream.id() == 3) {
      server.connection.reset(stream, ErrorCode::kInternalError);
    } else {
      server.connection.close(ErrorCode::kEnhanceYourCalm, "enough");
    }
  };
  server.receive(kHello + h2::settings_ack() + h2::headers(1, kBlock, true) + h2::headers(3, kBlock) +
                 h2::data(3, "more", true) + h2::headers(5, kBlock) + h2::data(5, "x") + h2::headers(7, kBlock));
  EXPECT_THAT(server.events, ElementsAre(StartsWith("request 1"), "closed 1", StartsWith("request 3"), "closed 3",
                                         StartsWith("request 5"), "reset 5 ENHANCE_YOUR_CALM connection", "closed 5"));
  const std::vector<std::string> frames = server.frames();
  EXPECT_THAT(
      std::vector<std::string>(frames.begin() + 3, frames.end()),
      ElementsAre("HEADERS 1 end :status=200", "RST_STREAM 3 INTERNAL_ERROR", "GOAWAY 5 ENHANCE_YOUR_CALM 'enough'"));
}

TEST(Connection, ClosingInsideADataEventStopsIt) {
  Engine server(Role::kServer);
  server.data_hook = [&](Stream& stream, const DataView&, bool) {
    server.connection.reset(stream, ErrorCode::kCancel);
  };
  server.receive(kHello + h2::settings_ack() + h2::headers(1, kBlock));
  server.receive(h2::data(1, "a long payload that comes in pieces", true), 5);
  EXPECT_THAT(server.events, ElementsAre(StartsWith("request 1"), "data 1 a", "closed 1"));
}

TEST(Connection, CountsStreams) {
  Engine server(Role::kServer);
  server.receive(kHello + h2::settings_ack() + h2::headers(1, kBlock, true) + h2::headers(3, kBlock, true) +
                 h2::rst_stream(3, 8));
  server.connection.send_headers(*server.find(1), {kResponse}, false);
  server.connection.send_data(*server.find(1), as_bytes("12345"), true);
  server.frames();
  const ConnectionCounters& counters = server.connection.counters();
  EXPECT_EQ(counters.streams_started, 2u);
  EXPECT_EQ(counters.streams_succeeded, 1u);
  EXPECT_EQ(counters.streams_failed, 1u);
  EXPECT_EQ(counters.data_bytes_sent, 5u);
}

}  // namespace
}  // namespace godwit::http2
