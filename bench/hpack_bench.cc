// HPACK: what one call costs to decode and to encode.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

#include "godwit/http2/hpack/decoder.h"
#include "godwit/http2/hpack/encoder.h"
#include "godwit/http2/hpack/huffman.h"

namespace {

using namespace godwit;
using namespace godwit::http2;
using http::Field;
using http::FieldToken;

// What grpc clients send.
const std::vector<Field>& request() {
  static const std::vector<Field> fields = {{":method", "POST"},
                                            {":scheme", "http"},
                                            {":path", "/helloworld.Greeter/SayHello"},
                                            {":authority", "localhost:50051"},
                                            {"te", "trailers"},
                                            {"content-type", "application/grpc"},
                                            {"user-agent", "grpc-go/1.64.0"},
                                            {"grpc-accept-encoding", "gzip"}};
  return fields;
}

std::vector<std::uint8_t> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

void decode_indexed_request(benchmark::State& state) {
  hpack::Encoder encoder;
  hpack::Decoder decoder(4096, 16384);
  http::FieldViews fields;
  std::vector<std::uint8_t> block;
  for (int i = 0; i < 4; ++i) {
    block = copy(encoder.encode(request()));
    if (!decoder.decode(block, fields).ok()) std::abort();
  }
  if (block.size() != request().size()) std::abort();
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.decode(block, fields).ok());
    benchmark::DoNotOptimize(fields.data());
  }
}
BENCHMARK(decode_indexed_request);

// With a deadline and an identifier that changes: literals, Huffman coded.
void decode_request_with_metadata(benchmark::State& state) {
  hpack::Encoder encoder;
  hpack::Decoder decoder(4096, 16384);
  http::FieldViews fields;
  std::vector<std::uint8_t> block;
  for (int i = 0; i < 4; ++i) {
    auto list = request();
    const std::string value = "4bf92f3577b34da6a3ce929d0e0e473" + std::to_string(i);
    list.emplace_back("grpc-timeout", "999832u");
    list.emplace_back("x-request-id", value);
    block = copy(encoder.encode(list));
    if (!decoder.decode(block, fields).ok()) std::abort();
  }
  state.counters["block"] = static_cast<double>(block.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.decode(block, fields).ok());
    benchmark::DoNotOptimize(fields.data());
  }
}
BENCHMARK(decode_request_with_metadata);

// Every field is a literal that enters the table, which is full: each evicts another.
void decode_inserts(benchmark::State& state) {
  hpack::Decoder decoder(4096, 16384);
  http::FieldViews fields;
  std::vector<std::uint8_t> block;
  for (int i = 0; i < 8; ++i) {
    const std::string name = "x-name-" + std::to_string(i);
    const std::string value = "some value that takes 32 bytes.";
    block.push_back(0x40);
    block.push_back(static_cast<std::uint8_t>(name.size()));
    block.insert(block.end(), name.begin(), name.end());
    block.push_back(static_cast<std::uint8_t>(value.size()));
    block.insert(block.end(), value.begin(), value.end());
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.decode(block, fields).ok());
    benchmark::DoNotOptimize(fields.data());
  }
}
BENCHMARK(decode_inserts);

void encode_reply_headers(benchmark::State& state) {
  const http::PreparedFields headers({{FieldToken::kStatus, "200"},
                                      {FieldToken::kContentType, "application/grpc"},
                                      {FieldToken::kGrpcAcceptEncoding, "identity,deflate,gzip"}});
  hpack::Encoder encoder;
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(headers).data());
}
BENCHMARK(encode_reply_headers);

void encode_reply_trailers(benchmark::State& state) {
  const http::PreparedFields trailers(std::vector<Field>{{FieldToken::kGrpcStatus, "0"}});
  hpack::Encoder encoder;
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(trailers).data());
}
BENCHMARK(encode_reply_trailers);

void encode_reply_headers_with_metadata(benchmark::State& state) {
  const http::PreparedFields headers({{FieldToken::kStatus, "200"}, {FieldToken::kContentType, "application/grpc"}});
  hpack::Encoder encoder;
  std::string value = "4bf92f3577b34da6a3ce929d0e0e4736";
  std::uint32_t count = 0;
  for (auto _ : state) {
    std::snprintf(value.data(), 9, "%08x", ++count);
    value[8] = '9';
    const Field rest[] = {{"x-request-id", value}};
    benchmark::DoNotOptimize(encoder.encode(headers, rest).data());
  }
}
BENCHMARK(encode_reply_headers_with_metadata);

void encode_indexed_request(benchmark::State& state) {
  hpack::Encoder encoder;
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(request()).data());
}
BENCHMARK(encode_indexed_request);

std::string sample(std::int64_t size) {
  std::string text;
  while (static_cast<std::int64_t>(text.size()) < size)
    text += "4bf92f3577b34da6a3ce929d0e0e4736/helloworld.Greeter/SayHello;";
  text.resize(static_cast<std::size_t>(size));
  return text;
}

void huffman_encode(benchmark::State& state) {
  const std::string text = sample(state.range(0));
  std::vector<std::uint8_t> to(text.size() * 4);
  for (auto _ : state) {
    benchmark::DoNotOptimize(hpack::huffman_size(text));
    benchmark::DoNotOptimize(hpack::huffman_encode(text, to.data()));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(huffman_encode)->Arg(8)->Arg(32)->Arg(1000);

void huffman_decode(benchmark::State& state) {
  const std::string text = sample(state.range(0));
  std::vector<std::uint8_t> coded(hpack::huffman_size(text));
  hpack::huffman_encode(text, coded.data());
  std::string to(hpack::huffman_room(coded.size()), ' ');
  for (auto _ : state) benchmark::DoNotOptimize(hpack::huffman_decode(coded, to.data(), to.size()));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(huffman_decode)->Arg(8)->Arg(32)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
