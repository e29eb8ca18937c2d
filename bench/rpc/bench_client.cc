// bench_client PORT unary INFLIGHT CALLS | metadata INFLIGHT CALLS | stream COUNT SIZE | pingpong COUNT SIZE
// Warms up, runs, checks every reply, and prints one line of JSON: calls, seconds, cpu (of the process), bytes.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bench.grpc.pb.h"
#include "godwit/async/scope.h"
#include "godwit/client.h"
#include "helloworld.grpc.pb.h"
#include "random_text.h"

using bench::RandomText;
using godwit::Channel;
using godwit::Status;
using godwit::Task;

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_client: %s\n", what.c_str());
  std::exit(1);
}
void check(bool fine, std::string_view what) {
  if (!fine) fail(std::string(what));
}
void check(const Status& status) {
  if (!status.ok()) fail(status.text());
}

double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <typename Run>
void measure(long calls, long bytes, Run run) {
  const auto start = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  run();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"calls\": %ld, \"seconds\": %.6f, \"cpu\": %.6f, \"bytes\": %ld}\n", calls, seconds.count(),
              cpu_seconds() - cpu, bytes);
}

Task<void> caller(helloworld::Greeter::Stub& greeter, long& left) {
  helloworld::HelloRequest request;
  request.set_name("world");
  while (left > 0) {
    --left;
    auto reply = co_await greeter.SayHello(request);
    if (!reply.ok()) check(reply.error());
    check((*reply)->message() == "Hello, world", "a wrong reply");
  }
}

// A name of 100 bytes and metadata as services send them: two values that never come again, and one that stays.
Task<void> caller_with_metadata(helloworld::Greeter::Stub& greeter, RandomText& random, long& left) {
  helloworld::HelloRequest request;
  godwit::ClientContext context;
  std::string name(100, ' ');
  std::string id(32, ' ');
  std::string token(60, ' ');
  while (left > 0) {
    --left;
    random.fill(name);
    request.set_name(name);
    context.reset();
    context.metadata().add("x-request-id", random.fill_hex(id));
    context.metadata().add("x-session-token", random.fill(token));
    context.metadata().add("x-client-region", "europe-north");
    auto reply = co_await greeter.SayHello(context, request);
    if (!reply.ok()) check(reply.error());
    const std::string_view message = (*reply)->message();
    check(message.starts_with("Hello, ") && message.substr(7) == name, "a wrong reply");
  }
}

// As many coroutines at once as calls are to be in flight; they share the number of calls that are left.
template <typename Caller>
Task<void> callers(long inflight, Caller make_caller) {
  godwit::Scope scope;
  for (long i = 0; i < inflight; ++i) scope.spawn(make_caller());
  co_await scope.join();
}

Task<void> callers_of_one_name(Channel& channel, long inflight, long calls) {
  helloworld::Greeter::Stub greeter(channel);
  co_await callers(inflight, [&] { return caller(greeter, calls); });
}

Task<void> callers_with_metadata(Channel& channel, long inflight, long calls, RandomText& random) {
  helloworld::Greeter::Stub greeter(channel);
  co_await callers(inflight, [&] { return caller_with_metadata(greeter, random, calls); });
}

void one_after_the_other(Channel& channel, long calls) {
  helloworld::Greeter::BlockingStub greeter(channel);
  helloworld::HelloRequest request;
  request.set_name("world");
  for (long i = 0; i < calls; ++i) {
    auto reply = greeter.SayHello(request);
    if (!reply.ok()) check(reply.error());
    check((*reply)->message() == "Hello, world", "a wrong reply");
  }
}

Task<void> stream(Channel& channel, long count, long size) {
  bench::Streams::Stub streams(channel);
  bench::StreamRequest request;
  request.set_count(static_cast<int>(count));
  request.set_size(static_cast<int>(size));
  auto chunks = streams.ServerStream(request);
  const std::string expected(static_cast<std::size_t>(size), 'x');
  long received = 0;
  while (const bench::Chunk* chunk = co_await chunks.read()) {
    check(chunk->data() == expected, "a wrong chunk");
    ++received;
  }
  check(co_await chunks.finish());
  check(received == count, "chunks are missing");
}

Task<void> ping_pong(Channel& channel, long count, long size) {
  bench::Streams::Stub streams(channel);
  auto call = streams.PingPong();
  const std::string expected(static_cast<std::size_t>(size), 'x');
  bench::Chunk chunk;
  for (long i = 0; i < count; ++i) {
    chunk.set_data(expected);
    co_await call.write(chunk);
    const bench::Chunk* back = co_await call.read();
    if (!back) check(co_await call.finish());
    check(back && back->data() == expected, "a wrong chunk");
  }
  call.close_writing();
  check(co_await call.finish());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fail("usage: bench_client PORT unary|metadata INFLIGHT CALLS | stream COUNT SIZE | pingpong COUNT SIZE");
  }
  const std::string mode = argv[2];
  const long a = std::atol(argv[3]);
  const long b = std::atol(argv[4]);
  auto client = godwit::Client::create("ipv4:127.0.0.1:" + std::string(argv[1]));
  if (!client.ok()) fail(client.error().message);
  Channel& channel = client->channel();
  if (mode == "unary" && a == 1) {
    one_after_the_other(channel, 1 + b / 10);
    measure(b, b * 19, [&] { one_after_the_other(channel, b); });
  } else if (mode == "unary") {
    client->run(callers_of_one_name(channel, a, a + b / 10));
    measure(b, b * 19, [&] { client->run(callers_of_one_name(channel, a, b)); });
  } else if (mode == "metadata") {
    RandomText random;
    client->run(callers_with_metadata(channel, a, a + b / 10, random));
    measure(b, b * 114, [&] { client->run(callers_with_metadata(channel, a, b, random)); });
  } else if (mode == "stream") {
    client->run(stream(channel, 1 + a / 10, b));
    measure(a, a * b, [&] { client->run(stream(channel, a, b)); });
  } else if (mode == "pingpong") {
    client->run(ping_pong(channel, 1 + a / 10, b));
    measure(a, a * b, [&] { client->run(ping_pong(channel, a, b)); });
  } else {
    fail("no such mode: " + mode);
  }
}
