#pragma once

#include <string>

#include "bench.grpc.pb.h"
#include "godwit/async/task.h"
#include "helloworld.grpc.pb.h"

// What the measured servers serve, as any user would write it.
namespace bench {

class Greeter final : public helloworld::Greeter::Service {
  godwit::Task<godwit::Status> SayHello(godwit::ServerContext&, const helloworld::HelloRequest& request,
                                        helloworld::HelloReply& reply) override {
    std::string message = "Hello, ";
    message += request.name();
    reply.set_message(message);
    co_return godwit::Status();
  }
};

class StreamsService final : public Streams::Service {
  godwit::Task<godwit::Status> ServerStream(godwit::ServerContext&, const StreamRequest& request,
                                            godwit::ServerWriter<Chunk>& writer) override {
    if (request.size() < 0) co_return godwit::Status(godwit::StatusCode::kInvalidArgument, "size must not be negative");
    const std::string data(static_cast<std::size_t>(request.size()), 'x');
    Chunk chunk;
    for (int i = 0; i < request.count(); ++i) {
      chunk.set_data(data);
      if (!co_await writer.write(chunk)) break;
    }
    co_return godwit::Status();
  }

  godwit::Task<godwit::Status> PingPong(godwit::ServerContext&,
                                        godwit::ServerReaderWriter<Chunk, Chunk>& stream) override {
    while (const Chunk* chunk = co_await stream.read()) {
      if (!co_await stream.write(*chunk)) break;
    }
    co_return godwit::Status();
  }
};

}  // namespace bench
