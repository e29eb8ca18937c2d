// articles_client [--target T] list [--page N] [--page-size N] | get PK
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "article.grpc.pb.h"
#include "godwit/client.h"

namespace {

int failed(const godwit::Status& status) {
  std::cerr << "error: " << status.text() << "\n";
  return 1;
}

int list(ArticleService::BlockingStub& service, int page, int page_size) {
  ArticleListRequest request;
  request.set_page(page);
  request.set_page_size(page_size);
  auto reply = service.ArticleList(request);
  if (!reply.ok()) return failed(reply.error());
  for (const Article& article : (*reply)->articles()) {
    std::cout << article.id() << "\t" << article.create_time() << "\t" << article.title() << "\n";
  }
  return 0;
}

int get(ArticleService::BlockingStub& service, int pk) {
  ArticelDetailRequest request;
  request.set_pk(pk);
  auto reply = service.ArticelDetial(request);
  if (!reply.ok()) return failed(reply.error());
  const Article& article = (*reply)->article();
  std::cout << article.title() << " (" << article.create_time() << ")\n\n" << article.content();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Reads articles from an article server.");
  app.require_subcommand(1);
  std::string target = "127.0.0.1:50053";
  int page = 1;
  int page_size = 10;
  int pk = 0;
  app.add_option("--target", target, "the server");
  CLI::App* listing = app.add_subcommand("list", "a page of articles, the newest first");
  listing->add_option("--page", page, "from 1");
  listing->add_option("--page-size", page_size, "up to 100");
  CLI::App* getting = app.add_subcommand("get", "one article");
  getting->add_option("pk", pk, "its number")->required();
  CLI11_PARSE(app, argc, argv);

  auto client = godwit::Client::create(target);
  if (!client.ok()) return std::cerr << "error: " << client.error().message << "\n", 1;
  ArticleService::BlockingStub service(client->channel());
  return listing->parsed() ? list(service, page, page_size) : get(service, pk);
}
