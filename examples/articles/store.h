#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// Articles in an SQLite file (WAL, so that readers do not wait for a writer).
namespace articles {

struct Record {
  std::int64_t id = 0;
  std::string title;
  std::string content;
  std::string create_time;
};

// One connection with its prepared statements. For one thread at a time; every call may wait for the disk.
class Connection {
 public:
  // Makes the file and its table if they are not there. Errors name the file and SQLite's reason.
  static godwit::Result<std::unique_ptr<Connection>, godwit::Error> open(const std::string& path);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `count` articles after the first `offset`, the newest first.
  godwit::Result<std::vector<Record>, godwit::Error> list(std::int64_t offset, std::int64_t count);
  godwit::Result<std::optional<Record>, godwit::Error> find(std::int64_t id);
  // Ignores the id; gives the new one.
  godwit::Result<std::int64_t, godwit::Error> insert(const Record& record);
  // What `work` does happens wholly or not at all: a failure is rolled back.
  godwit::Result<void, godwit::Error> transaction(const std::function<godwit::Result<void, godwit::Error>()>& work);

 private:
  Connection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  godwit::Error failure(std::string_view doing) const;
  godwit::Result<void, godwit::Error> execute(const char* sql);
  godwit::Result<void, godwit::Error> prepare();

  sqlite3* database_;
  std::string path_;
  sqlite3_stmt* list_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

// Connections for many threads: each borrows one and gives it back. Thread-safe.
class Store {
 public:
  static godwit::Result<std::unique_ptr<Store>, godwit::Error> open(const std::string& path);

  class Borrowed {
   public:
    Borrowed(Store& store, std::unique_ptr<Connection> connection) : store_(&store), connection_(std::move(connection)) {}
    Borrowed(Borrowed&&) = default;
    ~Borrowed() {
      if (connection_) store_->give_back(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Store* store_;
    std::unique_ptr<Connection> connection_;
  };
  godwit::Result<Borrowed, godwit::Error> borrow();

 private:
  explicit Store(std::string path) : path_(std::move(path)) {}
  void give_back(std::unique_ptr<Connection> connection);

  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> free_;
};

}  // namespace articles
