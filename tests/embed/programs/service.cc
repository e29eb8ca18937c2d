// A service and a client of it in one program.
#include <iostream>
#include <string>

#include "godwit/client.h"
#include "godwit/server.h"
#include "shop/shop.grpc.pb.h"

class Shop final : public shop::Shop::Service {
  godwit::Task<godwit::Status> Buy(godwit::ServerContext&, const shop::Order& order, shop::Receipt& receipt) override {
    int cents = 0;
    for (const shop::Item& item : order.items()) cents += item.cents();
    receipt.set_cents(cents);
    co_return godwit::Status();
  }
};

int main() {
  Shop service;
  godwit::Server server;
  server.add(service);
  auto port = server.listen("127.0.0.1:0");
  if (!port.ok()) return std::cerr << port.error().message << "\n", 1;
  if (auto started = server.start(); !started.ok()) return std::cerr << started.error().message << "\n", 1;

  auto client = godwit::Client::create("127.0.0.1:" + std::to_string(*port));
  if (!client.ok()) return std::cerr << client.error().message << "\n", 1;
  shop::Shop::BlockingStub stub(client->channel());
  shop::Order order;
  order.add_items()->set_cents(350);
  order.add_items()->set_cents(90);
  auto receipt = stub.Buy(order);
  if (!receipt.ok()) return std::cerr << receipt.error().text() << "\n", 1;
  server.shutdown();
  return (*receipt)->cents() == 440 ? 0 : 2;
}
