// What the client half of RPC costs by itself: calls over a connection that does nothing.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "godwit/async/task.h"
#include "godwit/rpc/client/loopback_for_test.h"

namespace {

using namespace godwit;
using namespace godwit::rpc;

// Unary calls, `in flight` at once, answered together. One iteration is one call.
void unary(benchmark::State& state) {
  const auto in_flight = static_cast<std::size_t>(state.range(0));
  const bool with_context = state.range(1) != 0;
  fake::Loopback loopback(in_flight);
  const std::string request = fake::framed(std::string(20, 'r'));
  std::vector<fake::LoopbackCall> calls(in_flight);
  std::vector<std::unique_ptr<ClientContext>> contexts;
  for (std::size_t i = 0; i < in_flight; ++i) contexts.push_back(std::make_unique<ClientContext>());
  for (auto _ : state) {
    for (std::size_t i = 0; i < in_flight; ++i) {
      ClientContext* context = nullptr;
      if (with_context) {
        context = contexts[i].get();
        context->reset();
        context->set_timeout(std::chrono::seconds(1));
        context->metadata().add("key", "value");
      }
      calls[i].call(*loopback.channel, context, as_bytes(request));
    }
    loopback.client->answer_all();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(unary)->ArgNames({"in_flight", "context"})->Args({1, 0})->Args({100, 0})->Args({100, 1});

// A coroutine that reads messages of 64 bytes, 450 to a body slice.
void read_stream(benchmark::State& state) {
  fake::Loopback loopback(1, 450);
  StreamingCall call;
  call.start(*loopback.channel, fake::kServerStreaming, nullptr);
  std::size_t bytes = 0;
  auto read = [](StreamingCall& c, std::size_t& n) -> Task<void> {
    while (const ReceivedMessage message = co_await c.read()) n += message.bytes().size();
  };
  Task<void> reader = read(call, bytes);
  reader.start([](void*) {}, nullptr);
  loopback.client->answer_headers();
  for (auto _ : state) loopback.client->answer_body();
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(state.iterations() * 450);
}
BENCHMARK(read_stream);

// A coroutine that writes messages of 64 bytes.
void write_stream(benchmark::State& state) {
  fake::Loopback loopback(1);
  StreamingCall call;
  call.start(*loopback.channel, fake::kBidi, nullptr);
  loopback.client->answer_headers();
  const std::string message = fake::framed(std::string(64, 'm'));
  auto write = [](StreamingCall& c, benchmark::State& s, const std::string& text) -> Task<void> {
    for (auto _ : s) {
      c.send_message(as_bytes(text));
      if (!co_await c.writable()) co_return;
    }
  };
  Task<void> writer = write(call, state, message);
  writer.start([](void*) {}, nullptr);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(write_stream);

}  // namespace

BENCHMARK_MAIN();
