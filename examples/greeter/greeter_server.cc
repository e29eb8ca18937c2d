// greeter_server [ADDRESS]: serves helloworld.Greeter.
#include <string>

#include "godwit/server.h"
#include "helloworld.grpc.pb.h"

class Greeter final : public helloworld::Greeter::Service {
  godwit::Task<godwit::Status> SayHello(godwit::ServerContext&, const helloworld::HelloRequest& request,
                                        helloworld::HelloReply& reply) override {
    reply.set_message("Hello, " + std::string(request.name()));
    co_return godwit::Status();
  }
};

int main(int argc, char** argv) {
  Greeter greeter;
  godwit::Server server;
  server.add(greeter);
  return server.run(argc > 1 ? argv[1] : "127.0.0.1:50051");
}
