// Whole calls through everything but sockets: stub, channel, client's engine, bytes in memory, server's engine,
// handler, and back.
#include <memory>
#include <string>
#include <utility>

#include "counts.h"
#include "godwit/async/scope.h"
#include "godwit/http2_connector.h"
#include "godwit/rpc/client/channel.h"
#include "godwit/rpc/server/grpc_handler.h"
#include "godwit/testing/deferred_call.h"
#include "godwit/testing/memory_pipe.h"
#include "godwit/transport/server_transport.h"
#include "loop.h"
#include "request_fields.h"
#include "services.h"

namespace bench {
namespace {

using namespace godwit;

// Every dial leads to the one server of this process.
class PipeDialer final : public Dialer {
 public:
  PipeDialer(Executor& executor, ListenerEvents& server) : executor_(executor), server_(server) {}

  std::unique_ptr<PendingOperation> dial(const SocketAddress&, TimePoint, Done done) override {
    return std::make_unique<Dial>(*this, std::move(done));
  }

 private:
  class Dial final : public PendingOperation {
   public:
    Dial(PipeDialer& dialer, Done done)
        : dialer_(dialer),
          done_(std::move(done)),
          later_(dialer.executor_, [](void* self) { static_cast<Dial*>(self)->connect(); }, this) {
      later_.schedule();
    }

   private:
    void connect() {
      testing::MemoryPipe pipe = testing::make_memory_pipe(dialer_.executor_);
      dialer_.server_.on_accept(std::move(pipe.second));
      const Done done = std::move(done_);
      done(std::move(pipe.first));  // destroys this operation
    }

    PipeDialer& dialer_;
    Done done_;
    testing::DeferredCall later_;
  };

  Executor& executor_;
  ListenerEvents& server_;
};

// A server and a channel to it on one loop.
class World {
 public:
  World()
      : environment_{loop, registry_, {}, {}, nullptr},
        handler_(environment_),
        transport_(loop, handler_, {}),
        dialer_(loop, transport_) {
    for (Service* service : {static_cast<Service*>(&greeter_), static_cast<Service*>(&streams_)}) {
      for (rpc::Method& method : service->methods()) {
        check(registry_.add(std::move(method)).ok(), "a method can't be registered");
      }
    }
    ChannelOptions options;
    options.connector = make_http2_connector(loop, dialer_, {});
    auto made = Channel::create(loop, "ipv4:127.0.0.1:50051", std::move(options));
    check(made.ok(), "no channel");
    channel = std::move(*made);
  }
  ~World() {
    channel.reset();
    transport_.close_all("the end");
    for (int i = 0; i < 100; ++i) loop.turn();
  }

  void run(Task<void> task) {
    bool ended = task.start([](void* flag) { *static_cast<bool*>(flag) = true; }, &done_);
    while (!ended && !done_) loop.turn();
    done_ = false;
    check(!task.exception(), "an exception");
  }

  Loop loop;
  std::unique_ptr<Channel> channel;

 private:
  Greeter greeter_;
  StreamsService streams_;
  rpc::MethodRegistry registry_;
  rpc::ServerEnvironment environment_;
  rpc::GrpcHandler handler_;
  transport::ServerTransport transport_;
  PipeDialer dialer_;
  bool done_ = false;
};

Task<void> short_caller(helloworld::Greeter::Stub& greeter, long& left) {
  helloworld::HelloRequest request;
  request.set_name("world");
  while (left > 0) {
    --left;
    auto reply = co_await greeter.SayHello(request);
    check(reply.ok() && (*reply)->message() == "Hello, world", "a call failed");
  }
}

Task<void> metadata_caller(helloworld::Greeter::Stub& greeter, CallTexts& texts, long& left) {
  helloworld::HelloRequest request;
  ClientContext context;
  while (left > 0) {
    --left;
    const CallTexts::Texts& text = texts.next();
    request.set_name(text.name);
    context.reset();
    context.metadata().add("x-request-id", text.request_id);
    context.metadata().add("x-session-token", text.token);
    context.metadata().add("x-client-region", "europe-north");
    auto reply = co_await greeter.SayHello(context, request);
    check(reply.ok() && (*reply)->message().size() == 107, "a call failed");
  }
}

template <typename MakeCaller>
Task<void> callers(MakeCaller make_caller) {
  Scope scope;
  for (long i = 0; i < kBatch; ++i) scope.spawn(make_caller());
  co_await scope.join();
}

void unary(long repetitions) {
  World world;
  helloworld::Greeter::Stub greeter(*world.channel);
  for (long left : {16 * kBatch, repetitions}) {
    world.run(callers([&] { return short_caller(greeter, left); }));
  }
}

void unary_metadata(long repetitions) {
  World world;
  helloworld::Greeter::Stub greeter(*world.channel);
  CallTexts texts;
  for (long left : {16 * kBatch, repetitions}) {
    world.run(callers([&] { return metadata_caller(greeter, texts, left); }));
  }
}

constexpr int kChunk = 64;  // bytes

Task<void> read_stream(Channel& channel, long count) {
  Streams::Stub streams(channel);
  StreamRequest request;
  request.set_count(static_cast<int>(count));
  request.set_size(kChunk);
  auto chunks = streams.ServerStream(request);
  long received = 0;
  while (const Chunk* chunk = co_await chunks.read()) received += chunk->data().size() == kChunk;
  check((co_await chunks.finish()).ok() && received == count, "a stream failed");
}

void stream_message(long repetitions) {
  World world;
  for (const long count : {16 * kBatch, repetitions}) world.run(read_stream(*world.channel, count));
}

Task<void> ping_pong(Channel& channel, long count) {
  Streams::Stub streams(channel);
  auto call = streams.PingPong();
  Chunk chunk;
  chunk.set_data(std::string(kChunk, 'x'));
  for (long i = 0; i < count; ++i) {
    co_await call.write(chunk);
    const Chunk* back = co_await call.read();
    check(back && back->data() == chunk.data(), "a chunk did not come back");
  }
  call.close_writing();
  check((co_await call.finish()).ok(), "a stream failed");
}

void ping_pong_turn(long repetitions) {
  World world;
  for (const long count : {16 * kBatch, repetitions}) world.run(ping_pong(*world.channel, count));
}

}  // namespace

std::span<const Count> call_counts() {
  static constexpr Count kCounts[] = {{"unary", unary},
                                      {"unary_metadata", unary_metadata},
                                      {"stream_message", stream_message},
                                      {"ping_pong", ping_pong_turn}};
  return kCounts;
}

}  // namespace bench
