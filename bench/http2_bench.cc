// What the engine and HPACK cost a server for batched unary calls: requests come in as bytes (HEADERS of eight fields,
// all in the table, DATA of 19 bytes with END_STREAM), replies go out as HEADERS, DATA of 19 bytes and trailers.

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/http2/connection/connection.h"
#include "godwit/http2/frame/frame.h"
#include "godwit/http2/hpack/encoder.h"

namespace {

using namespace godwit;
using http::Field;
using http::FieldToken;

constexpr TimePoint kStart{};
constexpr std::uint8_t kMessage[19] = {0, 0, 0, 0, 14, 10, 12};

class Server final : public http2::ConnectionEvents {
 public:
  Server() : connection_(http2::Role::kServer, {}, *this, kStart) {}
  http2::Connection& connection() { return connection_; }
  std::uint64_t calls() const { return calls_; }

 private:
  void on_headers(http2::Stream&, http2::HeadersKind, const http::FieldViews& fields, bool) override {
    benchmark::DoNotOptimize(fields.data());
  }
  void on_data(http2::Stream& stream, const http2::DataView& data, bool end_stream) override {
    benchmark::DoNotOptimize(data.bytes.data());
    connection_.consume(stream, data.bytes.size());
    if (!end_stream) return;
    static const http::PreparedFields headers({Field(FieldToken::kStatus, "200"),
                                               Field(FieldToken::kContentType, "application/grpc"),
                                               Field(FieldToken::kGrpcAcceptEncoding, "identity,gzip,deflate")});
    static const http::PreparedFields trailers({Field(FieldToken::kGrpcStatus, "0")});
    connection_.send_headers(stream, headers, false);
    connection_.send_data(stream, Bytes(kMessage), false);
    connection_.send_headers(stream, trailers, true);
    ++calls_;
  }
  void on_reset(http2::Stream&, const http2::StreamReset&) override {}
  void on_stream_closed(http2::Stream&) override {}

  http2::Connection connection_;
  std::uint64_t calls_ = 0;
};

// The bytes of a client that sends batch after batch.
class Requests {
 public:
  explicit Requests(int calls) : calls_(calls) {
    add_frame(http2::FrameType::kSettings, 0, 0, {});
    preface_.assign(http2::kClientPreface.begin(), http2::kClientPreface.end());
    preface_.insert(preface_.end(), bytes_.begin(), bytes_.end());
    // The encoder learns the fields in the first blocks; those go in front of the first batch.
    const std::vector<Field> fields = {{FieldToken::kMethod, "POST"},
                                       {FieldToken::kScheme, "http"},
                                       {FieldToken::kPath, "/helloworld.Greeter/SayHello"},
                                       {FieldToken::kAuthority, "127.0.0.1:50051"},
                                       {FieldToken::kContentType, "application/grpc"},
                                       {FieldToken::kUserAgent, "godwit-bench/1.0"},
                                       {FieldToken::kTe, "trailers"},
                                       {FieldToken::kGrpcAcceptEncoding, "identity,gzip,deflate"}};
    bytes_.clear();
    for (int i = 0; i < 4; ++i) add_call(fields);
    lead_ = bytes_;
    bytes_.clear();
    ids_.clear();
    next_id_ = 9;
    std::uint8_t increment[4];
    store_be32(increment, static_cast<std::uint32_t>(calls) * 64);
    add_frame(http2::FrameType::kWindowUpdate, 0, 0, increment);
    for (int i = 0; i < calls; ++i) add_call(fields);
  }

  Slice preface() const { return Slice::copy_of(preface_); }
  Slice lead() const { return Slice::copy_of(lead_); }
  // The next batch, in `block`.
  Slice next(const BlockRef& block) {
    std::memcpy(block->data(), bytes_.data(), bytes_.size());
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      store_be32(block->data() + ids_[i], next_id_ + 2 * static_cast<std::uint32_t>(i / 2));
    }
    next_id_ += 2 * static_cast<std::uint32_t>(calls_);
    return Slice({block->data(), bytes_.size()}, block);
  }

 private:
  void add_frame(http2::FrameType type, std::uint8_t flags, std::uint32_t id, Bytes payload) {
    std::uint8_t header[http2::kFrameHeaderSize];
    http2::store_frame_header(header, static_cast<std::uint32_t>(payload.size()), type, flags, id);
    if (id != 0) ids_.push_back(bytes_.size() + 5);
    bytes_.insert(bytes_.end(), header, header + sizeof header);
    bytes_.insert(bytes_.end(), payload.begin(), payload.end());
  }
  void add_call(const std::vector<Field>& fields) {
    add_frame(http2::FrameType::kHeaders, http2::frame_flags::kEndHeaders, next_id_, encoder_.encode(fields));
    add_frame(http2::FrameType::kData, http2::frame_flags::kEndStream, next_id_, Bytes(kMessage));
    next_id_ += 2;
  }

  int calls_;
  std::uint32_t next_id_ = 1;
  http2::hpack::Encoder encoder_;
  std::vector<std::uint8_t> preface_;
  std::vector<std::uint8_t> lead_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> ids_;
};

void unary_calls(benchmark::State& state) {
  const int batch = static_cast<int>(state.range(0));
  Server server;
  Requests requests(batch);
  http2::Connection& connection = server.connection();
  connection.receive(requests.preface(), kStart);
  connection.receive(requests.lead(), kStart);
  const BlockRef block = BlockRef::allocate(Block::kLarge);
  std::size_t sent = 0;
  for (auto _ : state) {
    connection.receive(requests.next(block), kStart);
    sent += connection.output().size();
    connection.output().consume(connection.output().size());
  }
  if (connection.is_closed()) state.SkipWithError(connection.error().text.c_str());
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["per_call"] = benchmark::Counter(static_cast<double>(state.iterations() * batch),
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_out"] = static_cast<double>(sent) / static_cast<double>(server.calls());
}
BENCHMARK(unary_calls)->Arg(1)->Arg(8)->Arg(64)->Arg(100);

}  // namespace

BENCHMARK_MAIN();
