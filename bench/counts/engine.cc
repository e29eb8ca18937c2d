// Two HTTP/2 engines, client and server, that exchange bytes in memory: unary calls, kBatch at a time.
#include <cstring>

#include "counts.h"
#include "godwit/base/block.h"
#include "godwit/http2/connection/connection.h"
#include "request_fields.h"

namespace bench {
namespace {

using namespace godwit;
using http::Field;
using http::FieldToken;

constexpr TimePoint kStart{};
constexpr std::uint8_t kMessage[19] = {0, 0, 0, 0, 14, 10, 12};

class Server final : public http2::ConnectionEvents {
 public:
  http2::Connection connection{http2::Role::kServer, {}, *this, kStart};

 private:
  void on_headers(http2::Stream&, http2::HeadersKind, const http::FieldViews& fields, bool) override { keep(fields); }
  void on_data(http2::Stream& stream, const http2::DataView& data, bool end_stream) override {
    connection.consume(stream, data.bytes.size());
    if (!end_stream) return;
    static const http::PreparedFields headers({Field(FieldToken::kStatus, "200"),
                                               Field(FieldToken::kContentType, "application/grpc"),
                                               Field(FieldToken::kGrpcAcceptEncoding, "identity,gzip,deflate")});
    static const http::PreparedFields trailers({Field(FieldToken::kGrpcStatus, "0")});
    connection.send_headers(stream, headers, false);
    connection.send_data(stream, Bytes(kMessage), false);
    connection.send_headers(stream, trailers, true);
  }
  void on_reset(http2::Stream&, const http2::StreamReset&) override { check(false, "a stream was reset"); }
  void on_stream_closed(http2::Stream&) override {}
};

class Client final : public http2::ConnectionEvents {
 public:
  http2::Connection connection{http2::Role::kClient, {}, *this, kStart};
  long answered = 0;

 private:
  void on_headers(http2::Stream&, http2::HeadersKind, const http::FieldViews& fields, bool) override { keep(fields); }
  void on_data(http2::Stream& stream, const http2::DataView& data, bool) override {
    connection.consume(stream, data.bytes.size());
  }
  void on_reset(http2::Stream&, const http2::StreamReset&) override { check(false, "a stream was reset"); }
  void on_stream_closed(http2::Stream&) override { ++answered; }
};

// All that waits, in blocks as a socket would give it.
void move(http2::Connection& from, http2::Connection& to) {
  if (from.wants_flush()) from.flush(kStart);
  while (from.wants_write()) {
    iovec pieces[16];
    const std::size_t count = from.output().gather(pieces);
    const BlockRef block = BlockRef::allocate(Block::kLarge);
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t part = std::min(pieces[i].iov_len, Block::kLarge - size);
      std::memcpy(block->data() + size, pieces[i].iov_base, part);
      size += part;
    }
    from.output().consume(size);
    to.receive(Slice({block->data(), size}, block), kStart);
    if (from.wants_flush()) from.flush(kStart);
  }
}

void unary(long repetitions) {
  Client client;
  Server server;
  const auto fields = request_fields();
  move(client.connection, server.connection);
  move(server.connection, client.connection);
  const long warm_up = 4 * kBatch;
  for (long begun = 0; begun < warm_up + repetitions; begun += kBatch) {
    for (long i = 0; i < kBatch; ++i) {
      http2::Stream* stream = client.connection.open(http2::HeaderFields(fields), false, nullptr);
      check(stream, "a stream can't be opened");
      client.connection.send_data(*stream, Bytes(kMessage), true);
    }
    move(client.connection, server.connection);
    move(server.connection, client.connection);
    check(client.answered == begun + kBatch, "a call was not answered");
  }
}

}  // namespace

std::span<const Count> engine_counts() {
  static constexpr Count kCounts[] = {{"engine_unary", unary}};
  return kCounts;
}

}  // namespace bench
