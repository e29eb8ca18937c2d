// The client engine against the server engine, and the same bytes cut in different ways.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "godwit/base/random.h"
#include "godwit/http2/connection/scripted_peer_test.h"
#include "godwit/testing/frame_builder.h"

namespace godwit::http2 {
namespace {

namespace h2 = testing::h2;

// What an echo of this request must look like.
struct Echo {
  std::string sent;      // by the client
  std::string received;  // by the client
  std::string taken;     // by the server
  std::size_t answered = 0;
  bool client_ended = false;
  bool server_ended = false;
  bool reset = false;
  int closed = 0;
};

class Pair {
 public:
  Pair(std::uint64_t seed, const Options& client_options, const Options& server_options)
      : random_(seed), client(Role::kClient, client_options), server(Role::kServer, server_options) {
    client.consume_at_once = server.consume_at_once = false;
    server.data_hook = [this](Stream& stream, const DataView& data, bool end) {
      Echo& echo = echoes[stream.id()];
      echo.taken += as_text(data.bytes);
      echo.client_ended |= end;
      unconsumed_[{&server, stream.id()}] += data.bytes.size();
    };
    client.data_hook = [this](Stream& stream, const DataView& data, bool) {
      echoes[stream.id()].received += as_text(data.bytes);
      unconsumed_[{&client, stream.id()}] += data.bytes.size();
    };
    client.closed_hook = [this](Stream& stream) { ++echoes[stream.id()].closed; };
  }

  void step() {
    switch (random_.below(9)) {
      case 0:
        return open();
      case 1:
      case 2:
        return send_request_data();
      case 3:
      case 4:
        return answer();
      case 5:
        return consume(random_.chance(0.5) ? client : server);
      case 6:
        if (random_.chance(0.02) && !client.streams.empty()) {
          Stream& stream = *client.streams[random_.below(client.streams.size())];
          echoes[stream.id()].reset = true;
          client.connection.reset(stream, ErrorCode::kCancel);
        }
        return;
      case 7:
        return move(client, server);
      default:
        return move(server, client);
    }
  }

  // Lets everything come to its end.
  void finish() {
    for (int round = 0; round < 100'000 && (!client.streams.empty() || !server.streams.empty()); ++round) {
      for (Stream* stream : std::vector<Stream*>(client.streams)) {
        if (stream->can_send()) client.connection.send_data(*stream, Bytes{}, true);
      }
      answer();
      consume(client);
      consume(server);
      move(client, server);
      move(server, client);
    }
  }

  std::map<StreamId, Echo> echoes;

 private:
  std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>('a' + random_.below(26));
    return bytes;
  }
  std::size_t random_size() { return random_.below(random_.chance(0.1) ? 200'000 : 500); }

  void open() {
    if (client.connection.may_open() == 0) return;
    const std::string value = random_bytes(random_.below(40));
    const std::vector<http::Field> request = {
        {":method", "POST"}, {":scheme", "http"}, {":path", "/echo"}, {"a", value}};
    Stream* stream = client.connection.open({request}, false, nullptr);
    ASSERT_NE(stream, nullptr);
    client.streams.push_back(stream);
    echoes[stream->id()];
  }
  void send(Engine& engine, Stream& stream, const std::string& bytes, bool end) {
    if (random_.chance(0.5)) {
      engine.connection.send_data(stream, as_bytes(bytes), end);
    } else {
      engine.connection.send_data(stream, Slice::copy_of(as_bytes(bytes)), end);
    }
  }
  void send_request_data() {
    if (client.streams.empty()) return;
    Stream& stream = *client.streams[random_.below(client.streams.size())];
    if (!stream.can_send() || client.connection.queued(stream) > 300'000) return;
    const std::string bytes = random_bytes(random_size());
    echoes[stream.id()].sent += bytes;
    send(client, stream, bytes, random_.chance(0.2));
  }
  void answer() {
    for (Stream* stream : std::vector<Stream*>(server.streams)) {
      Echo& echo = echoes[stream->id()];
      if (!stream->can_send()) continue;
      if (!stream->user) {
        stream->user = this;
        server.connection.send_headers(*stream, {kResponse}, false);
      }
      const std::string bytes = echo.taken.substr(echo.answered);
      echo.answered += bytes.size();
      if (!bytes.empty()) send(server, *stream, bytes, false);
      if (echo.client_ended) server.connection.send_headers(*stream, {kTrailers}, true);
    }
  }
  void consume(Engine& engine) {
    for (Stream* stream : std::vector<Stream*>(engine.streams)) {
      std::size_t& held = unconsumed_[{&engine, stream->id()}];
      const std::size_t part = random_.below(held + 1);
      engine.connection.consume(*stream, part);
      held -= part;
      if (held < 10) engine.connection.consume(*stream, std::exchange(held, 0));
    }
  }
  void move(Engine& from, Engine& to) {
    if (random_.chance(0.7)) from.connection.flush(from.now);
    const std::string bytes = from.output(random_.below(random_.chance(0.5) ? 50 : 100'000) + 1);
    to.receive(bytes, random_.below(random_.chance(0.5) ? 30 : 70'000) + 1);
    from.now += std::chrono::milliseconds(1);
    to.now += std::chrono::milliseconds(1);
    for (const std::string& event : client.take_events()) {
      if (!event.starts_with("reset ")) continue;
      // The server's limit was not known yet.
      EXPECT_TRUE(event.ends_with("REFUSED_STREAM peer")) << event;
      echoes[static_cast<StreamId>(std::stoul(event.substr(6)))].reset = true;
    }
    server.take_events();
  }

  const std::vector<http::Field> kResponse = {{":status", "200"}};
  const std::vector<http::Field> kTrailers = {{"grpc-status", "0"}};
  SeededRandom random_;
  std::map<std::pair<Engine*, StreamId>, std::size_t> unconsumed_;

 public:
  Engine client;
  Engine server;
};

TEST(ConnectionPair, EchoesUnderRandomSchedules) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed * 77);
    Options client_options;
    Options server_options;
    for (Options* options : {&client_options, &server_options}) {
      if (random.chance(0.5)) options->initial_stream_window = static_cast<std::uint32_t>(1 + random.below(70'000));
      if (random.chance(0.5)) options->initial_connection_window = kDefaultWindow;
      if (random.chance(0.3)) options->max_frame_size = static_cast<std::uint32_t>(16384 + random.below(100'000));
      if (random.chance(0.3)) options->header_table_size = static_cast<std::uint32_t>(random.below(8192));
      if (random.chance(0.3)) options->output_high = 1000 + random.below(50'000);
      options->max_concurrent_streams = static_cast<std::uint32_t>(1 + random.below(50));
    }
    Pair pair(seed, client_options, server_options);
    for (int i = 0; i < 1500; ++i) pair.step();
    pair.finish();
    ASSERT_FALSE(pair.client.connection.is_closed()) << pair.client.last_error;
    ASSERT_FALSE(pair.server.connection.is_closed()) << pair.server.last_error;
    ASSERT_TRUE(pair.client.streams.empty());
    ASSERT_TRUE(pair.server.streams.empty());
    int complete = 0;
    for (const auto& [id, echo] : pair.echoes) {
      EXPECT_EQ(echo.closed, 1) << id;
      if (echo.reset) continue;
      EXPECT_TRUE(echo.received == echo.sent) << id << ": " << echo.received.size() << " of " << echo.sent.size();
      ++complete;
    }
    EXPECT_GT(complete, 0);
    EXPECT_EQ(pair.client.connection.open_streams(), 0u);
  }
}

// A session with a little of everything.
std::string recorded_session() {
  const auto request = [](std::vector<h2::HeaderField> more, h2::Indexing indexing) {
    std::vector<h2::HeaderField> fields = {{":method", "POST"}, {":scheme", "http"}, {":path", "/a"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return h2::field_block(fields, indexing);
  };
  const std::string block = request({{"name", std::string(200, 'v')}}, h2::Indexing::kIncremental);
  return std::string(h2::preface()) + h2::settings({{3, 10}, {4, 100'000}}) + h2::settings_ack() +
         h2::headers(1, block) + h2::data(1, "first part, ") + h2::headers(3, block.substr(0, 50), false, false) +
         h2::continuation(3, block.substr(50, 1), false) + h2::continuation(3, block.substr(51)) +
         h2::padded_data(1, "second part", 200) + h2::ping() + h2::data(3, std::string(16'000, 'd')) +
         h2::priority(9, 3, 1) + h2::data(1, "", true) + h2::frame(0x99, 1, 3, std::string(500, 'u')) +
         h2::window_update(3, 1000) + h2::headers(3, h2::field_block({{"checksum", "1"}}), true) +
         h2::headers(5, request({{"Bad", "x"}}, h2::Indexing::kWithout)) + h2::data(5, "late") + h2::headers(7, block) +
         h2::rst_stream(7, 8) + h2::settings({{4, 50'000}}) + h2::headers(9, block, true) + h2::goaway(0, 0, "bye") +
         h2::data(9, "after the end") + h2::window_update(0, 0);
}

TEST(ConnectionPair, TheSameEventsHoweverTheBytesAreCut) {
  const std::string session = recorded_session();
  const auto play = [&](auto next_piece) {
    Engine server(Role::kServer);
    server.request_hook = [&](Stream& stream, bool end) {
      const std::vector<http::Field> response = {{":status", "200"}};
      if (end) server.connection.send_headers(stream, {response}, false);
    };
    std::string_view left = session;
    while (!left.empty()) {
      const std::size_t n = std::min<std::size_t>(next_piece(), left.size());
      server.receive(left.substr(0, n));
      left.remove_prefix(n);
    }
    // Sent frames too, but for the sizes of WINDOW_UPDATEs, which depend on when they fall due.
    std::vector<std::string> all = server.take_events();
    for (std::string& frame : server.frames()) {
      if (!frame.starts_with("WINDOW_UPDATE")) all.push_back(std::move(frame));
    }
    return all;
  };
  const std::vector<std::string> whole = play([] { return SIZE_MAX; });
  ASSERT_GT(whole.size(), 15u);
  EXPECT_THAT(whole, ::testing::Contains(
                         ::testing::HasSubstr("GOAWAY 9 PROTOCOL_ERROR 'WINDOW_UPDATE of 0 for the connection")));
  for (std::size_t piece = 1; piece < 64; ++piece) {
    EXPECT_EQ(play([&] { return piece; }), whole) << piece;
  }
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    EXPECT_EQ(play([&] { return 1 + random.below(random.chance(0.2) ? 5'000 : 40); }), whole) << seed;
  }
}

}  // namespace
}  // namespace godwit::http2
