#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "godwit/client.h"
#include "godwit/server.h"
#include "helloworld.grpc.pb.h"

// A greeter on a port of its own, served by one loop.
namespace robustness {

class Greeter final : public helloworld::Greeter::Service {
 public:
  godwit::Task<godwit::Status> SayHello(godwit::ServerContext&, const helloworld::HelloRequest& request,
                                        helloworld::HelloReply& reply) override {
    if (on_call) on_call();
    char text[256] = "Hello, ";
    const std::string_view name = request.name().substr(0, sizeof text - 7);
    name.copy(text + 7, name.size());
    reply.set_message({text, 7 + name.size()});
    co_return godwit::Status();
  }
  void (*on_call)() = nullptr;
};

class GreeterServer {
 public:
  explicit GreeterServer(godwit::ServerOptions options = one_loop()) : server_(std::move(options)) {
    server_.add(greeter);
    auto listening = server_.listen("127.0.0.1:0");
    EXPECT_TRUE(listening.ok()) << (listening.ok() ? "" : listening.error().message);
    port_ = listening.ok() ? *listening : 0;
    auto started = server_.start();
    EXPECT_TRUE(started.ok());
  }
  std::uint16_t port() const { return port_; }
  std::string target() const { return "ipv4:127.0.0.1:" + std::to_string(port_); }
  godwit::Server& server() { return server_; }

  static godwit::ServerOptions one_loop() {
    godwit::ServerOptions options;
    options.loops = 1;
    return options;
  }

  Greeter greeter;

 private:
  godwit::Server server_;
  std::uint16_t port_ = 0;
};

}  // namespace robustness
