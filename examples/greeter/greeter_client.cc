// greeter_client [NAME [TARGET]]: calls helloworld.Greeter/SayHello.
#include <iostream>

#include "godwit/client.h"
#include "helloworld.grpc.pb.h"

int main(int argc, char** argv) {
  auto client = godwit::Client::create(argc > 2 ? argv[2] : "127.0.0.1:50051");
  if (!client.ok()) return std::cerr << client.error().message << "\n", 1;
  helloworld::Greeter::BlockingStub greeter(client->channel());
  helloworld::HelloRequest request;
  request.set_name(argc > 1 ? argv[1] : "world");
  auto reply = greeter.SayHello(request);
  if (!reply.ok()) return std::cerr << reply.error().text() << "\n", 1;
  std::cout << (*reply)->message() << "\n";
}
