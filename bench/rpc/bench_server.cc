// bench_server PORT: helloworld.Greeter and bench.Streams on 127.0.0.1, as any user would write them.
#include <string>

#include "bench.grpc.pb.h"
#include "godwit/server.h"
#include "helloworld.grpc.pb.h"

using godwit::ServerContext;
using godwit::Status;
using godwit::Task;

class Greeter final : public helloworld::Greeter::Service {
  Task<Status> SayHello(ServerContext&, const helloworld::HelloRequest& request, helloworld::HelloReply& reply) override {
    std::string message = "Hello, ";
    message += request.name();
    reply.set_message(message);
    co_return Status();
  }
};

class Streams final : public bench::Streams::Service {
  Task<Status> ServerStream(ServerContext&, const bench::StreamRequest& request,
                            godwit::ServerWriter<bench::Chunk>& writer) override {
    if (request.size() < 0) co_return Status(godwit::StatusCode::kInvalidArgument, "size must not be negative");
    const std::string data(static_cast<std::size_t>(request.size()), 'x');
    bench::Chunk chunk;
    for (int i = 0; i < request.count(); ++i) {
      chunk.set_data(data);
      if (!co_await writer.write(chunk)) break;
    }
    co_return Status();
  }

  Task<Status> PingPong(ServerContext&, godwit::ServerReaderWriter<bench::Chunk, bench::Chunk>& stream) override {
    while (const bench::Chunk* chunk = co_await stream.read()) {
      if (!co_await stream.write(*chunk)) break;
    }
    co_return Status();
  }
};

int main(int argc, char** argv) {
  Greeter greeter;
  Streams streams;
  godwit::ServerOptions options;
  options.max_concurrent_streams = 10'000;
  godwit::Server server(options);
  server.add(greeter);
  server.add(streams);
  return server.run("127.0.0.1:" + std::string(argc > 1 ? argv[1] : "50051"));
}
