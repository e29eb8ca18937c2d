// Peers that mean harm: every limit of limits/limits.h, and honest peers that come near them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "godwit/http2/connection/scripted_peer_test.h"
#include "godwit/testing/frame_builder.h"

namespace godwit::http2 {
namespace {

namespace h2 = testing::h2;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kBlock = h2::field_block({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}});
const std::vector<http::Field> kResponse = {{":status", "200"}};

void start(Engine& server) {
  server.receive(std::string(h2::preface()) + h2::settings() + h2::settings_ack());
  server.frames();
}

// Sends `frame` until the connection dies; returns how many times it was taken. Output is read all the time.
int count_until_closed(Engine& server, const std::string& frame, int most = 100'000) {
  int count = 0;
  while (count < most && !server.connection.is_closed()) {
    server.receive(frame);
    server.output();
    ++count;
  }
  return count;
}

TEST(ConnectionLimits, FloodsOfFramesThatCarryNothing) {
  struct Case {
    const char* name;
    std::string before;
    std::string frame;
    int taken;
  };
  const Case cases[] = {
      {"PING", "", h2::ping(), limits::kOverheadBurst / limits::kPingCost},
      {"PING ACK", "", h2::ping("12345678", true), limits::kOverheadBurst / limits::kPingCost},
      {"SETTINGS", "", h2::settings({{4, 1000}}), limits::kOverheadBurst / limits::kSettingsCost},
      {"SETTINGS ACK", "", h2::settings_ack(), limits::kOverheadBurst},
      {"WINDOW_UPDATE", h2::headers(1, kBlock), h2::window_update(1, 1), limits::kOverheadBurst},
      {"WINDOW_UPDATE of the connection", "", h2::window_update(0, 1), limits::kOverheadBurst},
      {"PRIORITY", "", h2::priority(1, 3, 5), limits::kOverheadBurst},
      {"empty DATA", h2::headers(1, kBlock), h2::data(1, ""), limits::kOverheadBurst},
      {"DATA of padding", h2::headers(1, kBlock), h2::padded_data(1, "", 0), limits::kOverheadBurst},
      {"unknown", "", h2::frame(0xf0, 0, 0, "x"), limits::kOverheadBurst},
      {"GOAWAY", "", h2::goaway(0, 0), limits::kOverheadBurst / limits::kGoawayCost},
      {"RST_STREAM of a closed stream", h2::headers(1, kBlock) + h2::rst_stream(1, 8), h2::rst_stream(1, 8),
       limits::kOverheadBurst},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Engine server(Role::kServer);
    start(server);
    server.receive(c.before);
    const int taken = count_until_closed(server, c.frame);
    EXPECT_GT(taken, c.taken * 9 / 10);
    EXPECT_LT(taken, c.taken * 11 / 10 + 5);
    EXPECT_EQ(server.last_error_kind, ConnectionErrorKind::kAbuse);
    EXPECT_THAT(server.last_error, HasSubstr("carry nothing"));
  }
}

TEST(ConnectionLimits, AnHonestPeerMayPingAndUpdateWithItsData) {
  Engine server(Role::kServer);
  start(server);
  server.receive(h2::headers(1, kBlock));
  for (int i = 0; i < 50'000; ++i) {
    server.receive(h2::data(1, "x") + h2::ping() + h2::window_update(1, 1) + h2::window_update(0, 1));
    server.output();
    if (i % 1000 == 0) server.take_events();
    ASSERT_FALSE(server.connection.is_closed()) << i << " " << server.last_error;
  }
}

TEST(ConnectionLimits, AnHonestPeerMayPingNowAndThen) {
  Engine server(Role::kServer);
  start(server);
  for (int i = 0; i < 50'000; ++i) {
    server.now += milliseconds(2);
    server.receive(h2::ping());
    server.output();
    ASSERT_FALSE(server.connection.is_closed()) << i;
  }
}

TEST(ConnectionLimits, RapidReset) {
  Engine server(Role::kServer);
  start(server);
  StreamId id = 1;
  for (; !server.connection.is_closed() && id < 20'000; id += 2) {
    server.receive(h2::headers(id, kBlock, true) + h2::rst_stream(id, 8));
  }
  EXPECT_EQ((id - 1) / 2, static_cast<StreamId>(limits::kResetBurst) + 1);
  EXPECT_EQ(server.last_error_kind, ConnectionErrorKind::kAbuse);
  EXPECT_THAT(server.frames().back(), StartsWith("GOAWAY 2001 ENHANCE_YOUR_CALM 'too many streams were reset"));
}

TEST(ConnectionLimits, ResetsThatThePeerMakesUsSend) {
  Engine server(Role::kServer);
  start(server);
  StreamId id = 1;
  for (; !server.connection.is_closed() && id < 20'000; id += 2) {
    server.receive(h2::headers(id, kBlock) + h2::window_update(id, 0));
    server.output();
  }
  EXPECT_LT(id, 3'000u);
  EXPECT_EQ(server.last_error_kind, ConnectionErrorKind::kAbuse);
}

TEST(ConnectionLimits, MalformedRequestsCountAsResets) {
  Engine server(Role::kServer);
  start(server);
  StreamId id = 1;
  for (; !server.connection.is_closed() && id < 20'000; id += 2) {
    server.receive(h2::headers(id, h2::field_block({{":method", "GET"}}), true));
    server.output();
  }
  EXPECT_LT(id, 3'000u);
}

TEST(ConnectionLimits, AnHonestClientMayCancelHalfOfItsCalls) {
  Engine server(Role::kServer);
  start(server);
  for (StreamId id = 1; id < 40'000; id += 4) {
    server.receive(h2::headers(id, kBlock, true) + h2::headers(id + 2, kBlock, true) + h2::rst_stream(id + 2, 8));
    server.connection.send_headers(*server.find(id), {kResponse}, true);
    server.connection.flush(server.now);
    server.output();
    server.take_events();
    ASSERT_FALSE(server.connection.is_closed()) << id;
  }
}

TEST(ConnectionLimits, ContinuationFlood) {
  {
    Engine server(Role::kServer);
    start(server);
    server.receive(h2::headers(1, "", true, false));
    const int taken = count_until_closed(server, h2::continuation(1, "", false));
    EXPECT_LT(taken, 20);
    EXPECT_EQ(server.last_error_kind, ConnectionErrorKind::kAbuse);
  }
  {
    Engine server(Role::kServer);
    start(server);
    server.receive(h2::headers(1, kBlock, true, false));
    const int taken = count_until_closed(server, h2::continuation(1, std::string(16'000, '\0'), false));
    EXPECT_LE(taken, 3);
    EXPECT_THAT(server.last_error, HasSubstr("CONTINUATION"));
  }
}

TEST(ConnectionLimits, HpackBomb) {
  // One entry of 4,000 bytes, referred to 16,000 times: 64 MB from 20 KB.
  Engine server(Role::kServer);
  start(server);
  std::string block = h2::field_block({{"bomb", std::string(4'000, 'b')}}, h2::Indexing::kIncremental);
  for (int i = 0; i < 12'000; ++i) block += h2::indexed_field(62);
  server.receive(h2::headers(1, kBlock + block, true));
  EXPECT_FALSE(server.connection.is_closed());
  EXPECT_THAT(server.frames().back(), StartsWith("HEADERS 1 end :status=431"));
}

TEST(ConnectionLimits, RefusedStreamsAreNotFree) {
  Options options;
  options.max_concurrent_streams = 1;
  Engine server(Role::kServer, options);
  start(server);
  server.receive(h2::headers(1, kBlock));
  StreamId id = 3;
  for (; !server.connection.is_closed() && id < 40'000; id += 2) {
    server.receive(h2::headers(id, kBlock, true));
    server.output();
  }
  EXPECT_LT(id, 3'000u);
}

TEST(ConnectionLimits, APeerThatDoesNotReadIsNotRead) {
  Engine server(Role::kServer);
  start(server);
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += h2::ping() + h2::ping() + h2::priority(1, 3, 1);
  std::size_t largest = 0;
  for (StreamId id = 1; server.connection.wants_read() && id < 2'000'000; id += 2) {
    server.receive(h2::headers(id, kBlock, true));
    server.connection.send_headers(*server.find(id), {kResponse}, true);
    largest = std::max(largest, server.connection.output().size());
    if (server.events.size() > 1000) server.take_events();
  }
  EXPECT_FALSE(server.connection.wants_read());
  EXPECT_LE(largest, limits::kOutputStopReading + 100);
  server.output();
  EXPECT_TRUE(server.connection.wants_read());
}

TEST(ConnectionLimits, AByteStreamThatReadsAllTheSameIsGivenUp) {
  Engine server(Role::kServer);
  start(server);
  const std::string reply(8000, 'v');
  const std::vector<http::Field> response = {{":status", "200"}, {"a", reply, http::Indexing::kOnce}};
  for (StreamId id = 1; !server.connection.is_closed() && id < 100'000; id += 2) {
    server.receive(h2::headers(id, kBlock, true));
    if (Stream* stream = server.find(id)) server.connection.send_headers(*stream, {response}, true);
    if (server.events.size() > 1000) server.take_events();
  }
  EXPECT_THAT(server.last_error, HasSubstr("does not read"));
}

TEST(ConnectionLimits, InformationalResponsesWithoutEnd) {
  Engine client(Role::kClient);
  const std::vector<http::Field> request = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}};
  client.connection.open({request}, true, nullptr);
  client.receive(h2::settings() + h2::settings_ack());
  const int taken = count_until_closed(client, h2::headers(1, h2::field_block({{":status", "103"}})));
  EXPECT_LT(taken, limits::kOverheadBurst + 10);
}

}  // namespace
}  // namespace godwit::http2
