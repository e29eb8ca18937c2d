// What goes out: opening streams, DATA and the peer's windows, fairness, bounds.

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
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::vector<http::Field> kRequest = {{":method", "POST"}, {":scheme", "http"}, {":path", "/"}};
const std::vector<http::Field> kResponse = {{":status", "200"}};
const std::vector<http::Field> kTrailers = {{"grpc-status", "0"}, {"grpc-message", "fine"}};
const std::string kBlock = h2::field_block({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}});

void start(Engine& client, const std::vector<h2::Setting>& settings = {}) {
  client.receive(h2::settings(settings) + h2::settings_ack());
  client.frames();
  client.take_events();
}
Stream& open(Engine& client) {
  Stream* stream = client.connection.open({kRequest}, false, nullptr);
  client.streams.push_back(stream);
  return *stream;
}
Slice block_of(std::size_t size) { return Slice::copy_of(as_bytes(std::string(size, 'z'))); }

TEST(ConnectionSend, Section5_1_1_OpensOddIdsInOrder) {
  Engine client(Role::kClient);
  start(client);
  int tag = 0;
  EXPECT_EQ(client.connection.open({kRequest}, true, &tag)->user, &tag);
  EXPECT_EQ(open(client).id(), 3u);
  EXPECT_THAT(client.frames(), ElementsAre("HEADERS 1 end :method=POST :scheme=http :path=/",
                                           "HEADERS 3 :method=POST :scheme=http :path=/"));
}

TEST(ConnectionSend, Section5_1_2_HoldsThePeersLimit) {
  Engine client(Role::kClient);
  EXPECT_EQ(client.connection.may_open(), limits::kStreamsBeforeSettings);
  start(client, {{3, 2}});
  EXPECT_EQ(client.connection.may_open(), 2u);
  Stream& first = open(client);
  open(client);
  EXPECT_EQ(client.connection.may_open(), 0u);
  EXPECT_EQ(client.connection.open({kRequest}, true, nullptr), nullptr);
  client.connection.reset(first, ErrorCode::kCancel);
  client.connection.flush(client.now);
  EXPECT_THAT(client.take_events(), ElementsAre("closed 1", "may_open"));
  open(client);
  client.receive(h2::settings({{3, 5}}));
  EXPECT_THAT(client.take_events(), ElementsAre("may_open"));
  EXPECT_EQ(client.connection.may_open(), 3u);
  client.receive(h2::settings({{3, 0}}));
  EXPECT_EQ(client.connection.may_open(), 0u);
}

TEST(ConnectionSend, Section6_9_StaysInsideTheStreamsWindow) {
  Engine client(Role::kClient);
  start(client, {{4, 10}});
  Stream& stream = open(client);
  client.connection.send_data(stream, as_bytes("0123456789abcdef"), true);
  EXPECT_THAT(client.frames(), ElementsAre(StartsWith("HEADERS 1"), "DATA 1 10 bytes"));
  EXPECT_EQ(client.connection.queued(stream), 6u);
  client.receive(h2::window_update(1, 4));
  EXPECT_THAT(client.frames(), ElementsAre("DATA 1 4 bytes"));
  client.receive(h2::window_update(1, 4));
  EXPECT_THAT(client.frames(), ElementsAre("DATA 1 2 bytes end"));
  EXPECT_EQ(stream.state(), StreamState::kHalfClosedLocal);
}

TEST(ConnectionSend, Section6_9_StaysInsideTheConnectionsWindow) {
  Engine client(Role::kClient);
  start(client, {{4, 1 << 20}});
  Stream& stream = open(client);
  client.connection.send_data(stream, block_of(70'000), false);
  std::size_t frames = client.frames().size();
  EXPECT_EQ(frames, 5u);  // HEADERS, 3 full ones, the rest of 65535
  EXPECT_EQ(client.connection.queued(stream), 70'000u - 65'535u);
  EXPECT_EQ(client.connection.send_window(), 0);
  client.receive(h2::window_update(0, 100));
  EXPECT_THAT(client.frames(), ElementsAre("DATA 1 100 bytes"));
}

TEST(ConnectionSend, Section6_9_2_SettingsMoveWindowsBelowZero) {
  Engine client(Role::kClient);
  start(client, {{4, 100}});
  Stream& stream = open(client);
  client.connection.send_data(stream, as_bytes(std::string(150, 'x')), false);
  client.frames();
  client.receive(h2::settings({{4, 40}}));  // the window is -60 now
  EXPECT_THAT(client.frames(), ElementsAre("SETTINGS ack"));
  client.receive(h2::window_update(1, 60));
  EXPECT_THAT(client.frames(), IsEmpty());
  client.receive(h2::window_update(1, 1));
  EXPECT_THAT(client.frames(), ElementsAre("DATA 1 1 bytes"));
  client.receive(h2::settings({{4, 60}}));
  EXPECT_THAT(client.frames(), ElementsAre("SETTINGS ack", "DATA 1 20 bytes"));
}

TEST(ConnectionSend, Section4_2_FramesFitThePeer) {
  Engine client(Role::kClient);
  start(client, {{4, 1 << 20}, {5, 20'000}});
  client.receive(h2::window_update(0, 1 << 20));
  Stream& stream = open(client);
  client.connection.send_data(stream, block_of(50'000), true);
  EXPECT_THAT(client.frames(),
              ElementsAre(StartsWith("HEADERS"), "DATA 1 20000 bytes", "DATA 1 20000 bytes", "DATA 1 10000 bytes end"));
}

TEST(ConnectionSend, LargeSlicesAreLinked) {
  Engine client(Role::kClient);
  start(client, {{4, 1 << 20}});
  const Slice slice = block_of(16'000);
  client.connection.send_data(open(client), slice, true);
  client.connection.flush(client.now);
  iovec pieces[8];
  const std::size_t count = client.connection.output().gather(pieces);
  ASSERT_GE(count, 2u);
  EXPECT_EQ(pieces[1].iov_base, slice.data());
}

TEST(ConnectionSend, StreamsTakeTurns) {
  Engine client(Role::kClient);
  start(client);
  Stream& a = open(client);
  Stream& b = open(client);
  client.connection.send_data(a, block_of(32'000), true);
  client.connection.send_data(b, block_of(32'000), true);
  EXPECT_THAT(client.frames(), ElementsAre(StartsWith("HEADERS 1"), StartsWith("HEADERS 3"), "DATA 1 16384 bytes",
                                           "DATA 3 16384 bytes", "DATA 1 15616 bytes end", "DATA 3 15616 bytes end"));
}

TEST(ConnectionSend, SmallMessagesOfOneStreamShareAFrame) {
  Engine client(Role::kClient);
  start(client);
  Stream& a = open(client);
  Stream& b = open(client);
  for (int i = 0; i < 10; ++i) client.connection.send_data(a, as_bytes("message"), false);
  client.connection.send_data(b, as_bytes("other"), false);
  client.connection.send_data(a, as_bytes("message"), false);
  client.connection.send_data(a, Bytes{}, true);
  EXPECT_THAT(client.frames(), ElementsAre(StartsWith("HEADERS 1"), StartsWith("HEADERS 3"), "DATA 1 70 bytes",
                                           "DATA 3 5 bytes", "DATA 1 7 bytes end"));
  // What was seen does not grow any more.
  client.connection.send_data(b, as_bytes("one"), false);
  const std::string seen = client.output();
  EXPECT_EQ(seen, h2::data(3, "one"));
  client.connection.send_data(b, as_bytes("two"), false);
  EXPECT_EQ(client.output(), h2::data(3, "two"));
}

TEST(ConnectionSend, OneFrameIsNotFilledForEver) {
  Engine client(Role::kClient);
  start(client);
  Stream& stream = open(client);
  for (int i = 0; i < 400; ++i) client.connection.send_data(stream, as_bytes(std::string(100, 'x')), false);
  const std::vector<std::string> frames = client.frames();
  std::size_t bytes = 0;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const std::size_t size = std::stoul(frames[i].substr(7));
    EXPECT_LE(size, 16384u);
    bytes += size;
  }
  EXPECT_EQ(bytes, 40'000u);
  EXPECT_LE(frames.size(), 16u);  // a frame ends with the block of output that it is in, at the latest
}

TEST(ConnectionSend, TrailersWaitBehindData) {
  Engine server(Role::kServer);
  server.receive(std::string(h2::preface()) + h2::settings({{4, 10}}) + h2::settings_ack() +
                 h2::headers(1, kBlock, true));
  server.frames();
  Stream& stream = *server.find(1);
  server.connection.send_headers(stream, {kResponse}, false);
  server.connection.send_data(stream, as_bytes("0123456789ab"), false);
  {
    std::vector<http::Field> trailers;  // gone before they are sent
    const std::string message(50, 'm');
    trailers.emplace_back("grpc-status", "13");
    trailers.emplace_back("grpc-message", message);
    server.connection.send_headers(stream, {trailers}, true);
  }
  EXPECT_FALSE(stream.can_send());
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 :status=200", "DATA 1 10 bytes"));
  server.receive(h2::window_update(1, 10));
  EXPECT_THAT(server.frames(),
              ElementsAre("DATA 1 2 bytes", "HEADERS 1 end grpc-status=13 grpc-message=" + std::string(50, 'm')));
  EXPECT_EQ(server.events.back(), "closed 1");
}

TEST(ConnectionSend, PreparedTrailersWaitToo) {
  static const http::PreparedFields prepared({http::Field("grpc-status", "0")});
  Engine server(Role::kServer);
  server.receive(std::string(h2::preface()) + h2::settings({{4, 1}}) + h2::settings_ack() +
                 h2::headers(1, kBlock, true));
  server.frames();
  Stream& stream = *server.find(1);
  server.connection.send_headers(stream, {kResponse}, false);
  server.connection.send_data(stream, as_bytes("01"), false);
  const std::vector<http::Field> rest = {{"a", "b"}};
  server.connection.send_headers(stream, {prepared, rest}, true);
  server.receive(h2::window_update(1, 10));
  EXPECT_EQ(server.frames().back(), "HEADERS 1 end grpc-status=0 a=b");
}

TEST(ConnectionSend, Section8_1_AServerStopsARequestThatItNeedNotRead) {
  Engine server(Role::kServer);
  server.receive(std::string(h2::preface()) + h2::settings() + h2::settings_ack() + h2::headers(1, kBlock));
  server.frames();
  server.connection.send_headers(*server.find(1), {kResponse}, true);
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 end :status=200", "RST_STREAM 1 NO_ERROR"));
  EXPECT_EQ(server.events.back(), "closed 1");
  server.receive(h2::data(1, "still coming"));
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST(ConnectionSend, ResetDropsWhatWaits) {
  Engine client(Role::kClient);
  start(client, {{4, 10}});
  Stream& stream = open(client);
  client.connection.send_data(stream, block_of(100'000), true);
  client.frames();
  client.connection.reset(stream, ErrorCode::kCancel);
  client.connection.reset(stream, ErrorCode::kCancel);
  EXPECT_EQ(client.connection.queued(stream), 0u);
  EXPECT_THAT(client.frames(), ElementsAre("RST_STREAM 1 CANCEL"));
  EXPECT_THAT(client.events, ElementsAre("closed 1"));
}

TEST(ConnectionSend, OnWritableComesWhenTheQueueFell) {
  Engine client(Role::kClient);
  start(client, {{4, 0}});
  client.receive(h2::window_update(0, 1 << 20));
  Stream& stream = open(client);
  client.connection.send_data(stream, block_of(64 << 10), false);
  client.connection.send_data(stream, as_bytes("x"), false);
  client.frames();
  client.receive(h2::window_update(1, (32 << 10)));
  EXPECT_THAT(client.take_events(), IsEmpty());
  client.writable_hook = [&](Stream& s) { client.connection.send_data(s, as_bytes("more"), true); };
  client.receive(h2::window_update(1, 1));
  EXPECT_THAT(client.take_events(), ElementsAre("writable 1"));
  client.receive(h2::window_update(1, 1 << 20));
  EXPECT_EQ(client.frames().back(), "DATA 1 4 bytes end");
}

TEST(ConnectionSend, OutputIsBoundedWhateverWaits) {
  Engine client(Role::kClient);
  start(client, {{4, 0x7fffffff}});
  client.receive(h2::window_update(0, 0x7fff0000 - 65535));
  for (int i = 0; i < 10; ++i) client.connection.send_data(open(client), block_of(1 << 20), true);
  client.connection.flush(client.now);
  EXPECT_LE(client.connection.output().size(), Options().output_high + 16'500u + 2'000u);
  EXPECT_FALSE(client.connection.wants_flush());
  EXPECT_TRUE(client.connection.wants_read());
  std::size_t total = 0;
  while (client.connection.wants_write() || client.connection.wants_flush()) {
    total += client.output(100'000).size();
    client.connection.flush(client.now);
  }
  EXPECT_GE(total, 10u << 20);
}

TEST(ConnectionSend, LongHeaderBlocksAreContinued) {
  Engine client(Role::kClient);
  start(client);
  std::vector<http::Field> request = kRequest;
  std::string value;  // Huffman code makes it no shorter
  for (int i = 0; i < 40'000; ++i) value += static_cast<char>(0x7b + i % 3);
  request.emplace_back("a", value, http::Indexing::kOnce);
  client.connection.open({request}, true, nullptr);
  const std::vector<std::string> frames = client.frames();
  EXPECT_THAT(frames, ElementsAre("HEADERS 1 end", "CONTINUATION 1", "CONTINUATION 1"));
}

}  // namespace
}  // namespace godwit::http2
