#include "godwit/net/socket_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "godwit/base/random.h"
#include "godwit/net/descriptor.h"
#include "godwit/net/net_test_recorder.h"
#include "godwit/net/socket_address.h"

namespace godwit::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SocketAddress abstract_address(const char* name) {
  return parse_address("unix-abstract:godwit-test-" + std::to_string(getpid()) + name).value();
}

std::string random_text(Random& random, std::size_t size) {
  std::string text(size, 0);
  for (char& c : text) c = static_cast<char>(random.next());
  return text;
}

class SocketStreamTest : public ::testing::TestWithParam<SocketAddress::Kind> {
 protected:
  SocketAddress address() const {
    switch (GetParam()) {
      case SocketAddress::Kind::kIpv4:
        return SocketAddress::ipv4_loopback(0);
      case SocketAddress::Kind::kIpv6:
        return parse_address("[::1]:0").value();
      case SocketAddress::Kind::kUnix:
        return abstract_address("stream");
    }
    return {};
  }
  TestLoop loop;
};

INSTANTIATE_TEST_SUITE_P(Kinds, SocketStreamTest,
                         ::testing::Values(SocketAddress::Kind::kIpv4, SocketAddress::Kind::kIpv6,
                                           SocketAddress::Kind::kUnix),
                         [](const auto& info) {
                           switch (info.param) {
                             case SocketAddress::Kind::kIpv4:
                               return "Ipv4";
                             case SocketAddress::Kind::kIpv6:
                               return "Ipv6";
                             case SocketAddress::Kind::kUnix:
                               return "Unix";
                           }
                           return "";
                         });

TEST_P(SocketStreamTest, EchoesWhateverTheFragmentsAre) {
  Pair pair(loop, address());
  Recorder& server = *pair.server;
  server.bytes_action = [&](const Slice& bytes) { server.send(as_text(bytes.bytes())); };
  SeededRandom random(7);
  std::string all;
  for (int i = 0; i < 60; ++i) {
    const std::string text = random_text(random, 1 + random.below(std::uint64_t{1} << random.below(20)));
    all += text;
    pair.client->send(text);
    if (random.chance(0.3)) {
      pair.client->stream->pause_reading();
      loop.run_turns(3);
      const std::size_t before = pair.client->received.size();
      loop.run_turns(2);
      EXPECT_EQ(pair.client->received.size(), before);
      pair.client->stream->resume_reading();
    }
    if (random.chance(0.5)) loop.run_until([&] { return pair.client->received.size() == all.size(); });
  }
  loop.run_until([&] { return pair.client->received.size() == all.size(); });
  EXPECT_TRUE(pair.client->received == all);
  EXPECT_TRUE(pair.client->errors.empty());
}

TEST_P(SocketStreamTest, ManyPiecesGoOutInOrder) {
  Pair pair(loop, address());
  std::vector<std::string> texts;
  std::vector<iovec> pieces;
  std::string all;
  for (int i = 0; i < 200; ++i) texts.push_back(std::to_string(i) + ",");
  for (std::string& text : texts) {
    pieces.push_back({text.data(), text.size()});
    all += text;
  }
  EXPECT_EQ(pair.client->stream->write(pieces), all.size());
  EXPECT_EQ(pair.client->stream->write({}), 0u);
  loop.run_until([&] { return pair.server->received.size() == all.size(); });
  EXPECT_EQ(pair.server->received, all);
}

TEST_P(SocketStreamTest, HalfCloseLeavesTheOtherDirection) {
  Pair pair(loop, address());
  pair.client->send("question");
  pair.client->stream->shutdown_write();  // data and end arrive together
  loop.run_until([&] { return pair.server->ends == 1; });
  EXPECT_EQ(pair.server->received, "question");
  const std::string answer(3'000'000, 'a');
  pair.server->send(answer);
  loop.run_until([&] { return pair.client->received.size() == answer.size(); });
  EXPECT_EQ(pair.client->ends, 0);
  pair.server->stream->shutdown_write();
  loop.run_until([&] { return pair.client->ends == 1; });
  EXPECT_TRUE(pair.client->errors.empty());
  EXPECT_TRUE(pair.server->errors.empty());
}

TEST_P(SocketStreamTest, EndIsSeenBehindDataOfEverySize) {
  // Edge-triggered: data and end may come with one edge, and a read may fill the buffer exactly.
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, Block::kLarge - 1, Block::kLarge, Block::kLarge + 1, 5 * Block::kLarge}) {
    Pair pair(loop, address());
    pair.server->stream->pause_reading();
    const std::string text(size, 'x');
    pair.client->send(text);
    if (pair.client->to_send.empty()) pair.client.reset();  // the end is there before the first read
    loop.run_turns(2);
    pair.server->stream->resume_reading();
    if (pair.client) {
      loop.run_until([&] { return pair.client->to_send.empty(); });
      pair.client.reset();
    }
    loop.run_until([&] { return pair.server->ends == 1; });
    EXPECT_EQ(pair.server->received.size(), size);
  }
}

TEST_P(SocketStreamTest, ASlowReaderHoldsTheWriterBack) {
  Pair pair(loop, address());
  pair.server->stream->pause_reading();
  std::string text;
  text.resize(16'000'000, 'b');
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  const std::size_t first = pair.client->stream->write({&piece, 1});
  ASSERT_LT(first, text.size());
  EXPECT_EQ(pair.client->stream->write({&piece, 1}), 0u);
  loop.run_turns(5);
  EXPECT_EQ(pair.client->writables, 0);
  EXPECT_TRUE(pair.server->received.empty());
  pair.client->to_send = text.substr(first);
  pair.server->stream->resume_reading();
  loop.run_until([&] { return pair.server->received.size() == text.size(); });
  EXPECT_GT(pair.client->writables, 0);
  EXPECT_TRUE(pair.server->received == text);
}

TEST_P(SocketStreamTest, KeptSlicesAreNotWrittenOver) {
  Pair pair(loop, address());
  std::vector<Slice> kept;
  std::string expected;
  bool keep = false;
  pair.server->bytes_action = [&](const Slice& bytes) {
    if (!keep) return;
    kept.push_back(bytes);
    expected += as_text(bytes.bytes());
  };
  std::size_t total = 0;
  SeededRandom random(3);
  for (int i = 0; i < 300; ++i) {
    keep = random.chance(0.6);
    if (i == 200) {
      kept.clear();
      expected.clear();
    }
    const std::string text = random_text(random, 1 + random.below(3000));
    total += text.size();
    pair.client->send(text);
    loop.run_until([&] { return pair.server->received.size() == total; });
  }
  std::string joined;
  for (const Slice& slice : kept) joined += as_text(slice.bytes());
  EXPECT_GT(kept.size(), 20u);
  EXPECT_TRUE(joined == expected);
}

TEST_P(SocketStreamTest, AnUnkeptBufferIsUsedAgain) {
  Pair pair(loop, address());
  const std::uint8_t* place = nullptr;
  pair.server->bytes_action = [&](const Slice& bytes) {
    if (place) {
      EXPECT_EQ(bytes.data(), place);
    }
    place = bytes.data();
  };
  for (int i = 1; i <= 10; ++i) {
    pair.client->send("x");
    loop.run_until([&] { return pair.server->reads == i; });
  }
}

TEST_P(SocketStreamTest, MayBeDestroyedInsideItsEvents) {
  {
    Pair pair(loop, address());
    pair.server->bytes_action = [&](const Slice& bytes) {
      pair.server->stream.reset();
      EXPECT_EQ(as_text(bytes.bytes()).substr(0, 5), "hello");  // the slice lives on
    };
    pair.client->send("hello" + std::string(200'000, 'x'));
    loop.run_until([&] { return !pair.server->stream; });
    // Unread bytes make it a reset, or an end.
    loop.run_until([&] { return pair.client->ends + pair.client->errors.size() > 0; });
  }
  {
    Pair pair(loop, address());
    pair.server->end_action = [&] { pair.server->stream.reset(); };
    pair.client->stream->shutdown_write();
    loop.run_until([&] { return pair.client->ends == 1; });
  }
  {  // another stream whose event waits in the same turn
    Pair a(loop, abstract_address("a"));
    Pair b(loop, abstract_address("b"));
    auto drop_other = [&](Pair& self, Pair& other) {
      self.server->bytes_action = [&other](const Slice&) { other.server->stream.reset(); };
    };
    drop_other(a, b);
    drop_other(b, a);
    a.client->send("1");
    b.client->send("2");
    loop.run_until([&] { return !a.server->stream || !b.server->stream; });
    loop.run_turns(3);
    EXPECT_EQ(a.server->reads + b.server->reads, 1);
  }
}

TEST_P(SocketStreamTest, WritingToAPeerThatIsGoneFailsOnce) {
  Pair pair(loop, address());
  pair.server.reset();
  loop.run_until([&] { return pair.client->ends == 1; });
  pair.client->send("first");  // TCP answers with a reset
  loop.run_until([&] {
    pair.client->send("again");
    return !pair.client->errors.empty();
  });
  pair.client->send("after");
  loop.run_turns(5);
  EXPECT_EQ(pair.client->errors.size(), 1u);
  EXPECT_THAT(pair.client->errors[0], HasSubstr(": "));
  if (GetParam() == SocketAddress::Kind::kUnix) {
    EXPECT_THAT(pair.client->errors[0], HasSubstr("Broken pipe"));
  }
}

TEST_P(SocketStreamTest, InfoNamesBothEnds) {
  Pair pair(loop, address());
  const ByteStreamInfo& client = pair.client->stream->info();
  const ByteStreamInfo& server = pair.server->stream->info();
  EXPECT_EQ(client.peer, pair.acceptor.listener->address());
  EXPECT_EQ(client.peer, server.local);
  EXPECT_EQ(client.alpn_protocol, "");
  EXPECT_FALSE(client.tls.established);
  switch (GetParam()) {
    case SocketAddress::Kind::kIpv4:
      EXPECT_EQ(server.peer_text, "ipv4:127.0.0.1:" + std::to_string(client.local.port));
      break;
    case SocketAddress::Kind::kIpv6:
      EXPECT_EQ(server.peer_text, "ipv6:[::1]:" + std::to_string(client.local.port));
      break;
    case SocketAddress::Kind::kUnix:
      EXPECT_THAT(client.peer_text, StartsWith("unix-abstract:godwit-test-"));
      EXPECT_EQ(server.peer_text, "unix:");
      break;
  }
}

TEST(SocketStream, AResetIsAnErrorThatNamesThePeer) {
  TestLoop loop;
  Acceptor acceptor(loop, must_listen(loop.loop(), SocketAddress::ipv4_loopback(0)));
  OwnedDescriptor raw(socket(AF_INET, SOCK_STREAM, 0));
  const NativeAddress native(acceptor.listener->address());
  ASSERT_EQ(connect(raw.get(), native.get(), native.size), 0);
  loop.run_until([&] { return acceptor.accepted.size() == 1; });
  Recorder& server = *acceptor.accepted[0];
  const linger reset{1, 0};
  setsockopt(raw.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  server.error_action = [&] { server.stream.reset(); };
  raw = OwnedDescriptor();
  loop.run_until([&] { return !server.errors.empty(); });
  EXPECT_THAT(server.errors, ElementsAre(HasSubstr("Connection reset by peer")));
  EXPECT_THAT(server.errors[0], StartsWith("read from ipv4:127.0.0.1:"));
  EXPECT_EQ(server.ends, 0);
}

TEST(SocketStream, AFastSenderDoesNotStarveOthers) {
  TestLoop loop;
  Pair fast(loop, SocketAddress::ipv4_loopback(0));
  Pair slow(loop, SocketAddress::ipv4_loopback(0));
  fast.server->stream->pause_reading();
  fast.client->send(std::string(2'000'000, 'f'));
  loop.run_turns(3);
  const std::uint64_t before = loop->turns();
  fast.server->stream->resume_reading();
  fast.server->bytes_action = [&](const Slice&) {
    if (fast.server->reads == 1) slow.client->send("s");
  };
  std::uint64_t answered = 0;
  slow.server->bytes_action = [&](const Slice&) { answered = loop->turns(); };
  loop.run_until([&] { return answered != 0 && fast.server->received.size() == 2'000'000; });
  EXPECT_LE(answered - before, 4u);
}

TEST(SocketStream, AnIdleStreamIsSmall) { EXPECT_LT(sizeof(SocketStream), 900u); }

}  // namespace
}  // namespace godwit::net
