// articles_server serve [--db FILE] [--listen ADDRESS] | import FOLDER [--db FILE]
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "article.grpc.pb.h"
#include "godwit/server.h"
#include "import.h"
#include "store.h"

namespace {

using godwit::ServerContext;
using godwit::Status;
using godwit::StatusCode;

constexpr int kDefaultPageSize = 10;
constexpr int kLargestPageSize = 100;

// SQLite waits for the disk: a blocking service, which the server runs on its worker threads.
class Articles final : public ArticleService::BlockingService {
 public:
  explicit Articles(articles::Store& store) : store_(store) {}

 private:
  Status ArticleList(ServerContext&, const ArticleListRequest& request, ArticleListResponse& reply) override {
    const int page = request.page() == 0 ? 1 : request.page();
    const int size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
    if (page < 1) return {StatusCode::kInvalidArgument, "page is " + std::to_string(page) + ": pages count from 1"};
    if (size < 1 || size > kLargestPageSize) {
      return {StatusCode::kInvalidArgument, "page_size is " + std::to_string(size) + ": it must be 1 to " + std::to_string(kLargestPageSize)};
    }
    auto connection = store_.borrow();
    if (!connection.ok()) return unavailable(connection.error());
    auto records = (*connection)->list((std::int64_t{page} - 1) * size, size);
    if (!records.ok()) return unavailable(records.error());
    for (const articles::Record& record : *records) fill(*reply.add_articles(), record);
    return {};
  }

  Status ArticelDetial(ServerContext&, const ArticelDetailRequest& request, ArticleDetailResponse& reply) override {
    if (request.pk() < 1) return {StatusCode::kInvalidArgument, "pk is " + std::to_string(request.pk()) + ": it must be positive"};
    auto connection = store_.borrow();
    if (!connection.ok()) return unavailable(connection.error());
    auto record = (*connection)->find(request.pk());
    if (!record.ok()) return unavailable(record.error());
    if (!*record) return {StatusCode::kNotFound, "there is no article " + std::to_string(request.pk())};
    fill(*reply.mutable_article(), **record);
    return {};
  }

  // The client learns that it may try again; the reason is for the log.
  static Status unavailable(const godwit::Error& error) {
    std::cerr << "articles_server: " << error.message << "\n";
    return {StatusCode::kUnavailable, "the article store can't be reached now"};
  }

  static void fill(Article& article, const articles::Record& record) {
    article.set_id(static_cast<int>(record.id));
    article.set_title(record.title);
    article.set_content(record.content);
    article.set_create_time(record.create_time);
  }

  articles::Store& store_;
};

int serve(articles::Store& store, const std::string& address) {
  Articles service(store);
  godwit::Server server;
  server.add(service);
  std::cout << "serving articles on " << address << std::endl;
  return server.run(address);
}

int import(articles::Store& store, const std::string& folder) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  auto connection = store.borrow();
  if (!connection.ok()) return std::cerr << "error: " << connection.error().message << "\n", 1;
  auto report = articles::import_folder(
      **connection, folder,
      [&](std::size_t done, std::size_t total) {
        constexpr std::size_t kWidth = 40;
        if (!terminal && done != total) return;
        const std::size_t filled = done * kWidth / total;
        std::printf("%s[%s%s] %zu/%zu files%s", terminal ? "\r" : "", std::string(filled, '#').c_str(),
                    std::string(kWidth - filled, '.').c_str(), done, total, done == total ? "\n" : "");
        std::fflush(stdout);
      },
      [](const std::string& path, const std::string& why) { std::cerr << "skipped " << path << ": " << why << "\n"; });
  if (!report.ok()) return std::cerr << "error: " << report.error().message << "\n", 1;
  std::cout << report->imported << " articles imported, " << report->skipped << " files skipped\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Articles in an SQLite file, served over gRPC.");
  app.require_subcommand(1);
  std::string database = "articles.db";
  std::string address = "127.0.0.1:50053";
  std::string folder;
  CLI::App* serving = app.add_subcommand("serve", "serves the articles");
  CLI::App* importing = app.add_subcommand("import", "loads a folder of .txt and .md files as articles");
  for (CLI::App* command : {serving, importing}) command->add_option("--db", database, "the SQLite file; made if it is not there");
  serving->add_option("--listen", address, "where to listen");
  importing->add_option("folder", folder, "the folder, with all below it")->required()->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);

  auto store = articles::Store::open(database);
  if (!store.ok()) return std::cerr << "error: " << store.error().message << "\n", 1;
  return serving->parsed() ? serve(**store, address) : import(**store, folder);
}
