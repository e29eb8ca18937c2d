#include "store.h"

#include <sqlite3.h>

#include <utility>

namespace articles {

using godwit::Error;
using godwit::Failure;
using godwit::Result;

namespace {

// Brings a prepared statement back to its start, whatever happened.
class Run {
 public:
  explicit Run(sqlite3_stmt* statement) : statement_(statement) {}
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  void bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_, index, value); }
  void bind(int index, const std::string& text) {
    sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int step() { return sqlite3_step(statement_); }
  std::string text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  Record record() const { return {sqlite3_column_int64(statement_, 0), text(1), text(2), text(3)}; }

 private:
  sqlite3_stmt* statement_;
};

constexpr int kBusyMillis = 5000;

}  // namespace

Result<std::unique_ptr<Connection>, Error> Connection::open(const std::string& path) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Connection> connection(new Connection(database, path));
  if (code != SQLITE_OK) return Failure(connection->failure("open the database"));
  sqlite3_busy_timeout(database, kBusyMillis);
  for (const char* sql : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
                          "CREATE TABLE IF NOT EXISTS article (id INTEGER PRIMARY KEY, title TEXT NOT NULL, "
                          "content TEXT NOT NULL, create_time TEXT NOT NULL)"}) {
    if (auto done = connection->execute(sql); !done.ok()) return Failure(std::move(done.error()));
  }
  if (auto done = connection->prepare(); !done.ok()) return Failure(std::move(done.error()));
  return connection;
}

Connection::~Connection() {
  for (sqlite3_stmt* statement : {list_, find_, insert_}) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Error Connection::failure(std::string_view doing) const {
  return Error(path_ + ": can't " + std::string(doing) + ": " + (database_ ? sqlite3_errmsg(database_) : "out of memory"));
}

Result<void, Error> Connection::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return Failure(failure(sql));
}

Result<void, Error> Connection::prepare() {
  const std::pair<sqlite3_stmt**, const char*> statements[] = {
      {&list_, "SELECT id, title, content, create_time FROM article ORDER BY id DESC LIMIT ?2 OFFSET ?1"},
      {&find_, "SELECT id, title, content, create_time FROM article WHERE id = ?1"},
      {&insert_, "INSERT INTO article (title, content, create_time) VALUES (?1, ?2, ?3)"}};
  for (const auto& [statement, sql] : statements) {
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, nullptr) != SQLITE_OK) {
      return Failure(failure(sql));
    }
  }
  return {};
}

Result<std::vector<Record>, Error> Connection::list(std::int64_t offset, std::int64_t count) {
  Run run(list_);
  run.bind(1, offset);
  run.bind(2, count);
  std::vector<Record> records;
  int code;
  while ((code = run.step()) == SQLITE_ROW) records.push_back(run.record());
  if (code != SQLITE_DONE) return Failure(failure("list the articles"));
  return records;
}

Result<std::optional<Record>, Error> Connection::find(std::int64_t id) {
  Run run(find_);
  run.bind(1, id);
  const int code = run.step();
  if (code == SQLITE_ROW) return std::optional<Record>(run.record());
  if (code != SQLITE_DONE) return Failure(failure("look an article up"));
  return std::optional<Record>();
}

Result<std::int64_t, Error> Connection::insert(const Record& record) {
  Run run(insert_);
  run.bind(1, record.title);
  run.bind(2, record.content);
  run.bind(3, record.create_time);
  if (run.step() != SQLITE_DONE) return Failure(failure("insert an article"));
  return sqlite3_last_insert_rowid(database_);
}

Result<void, Error> Connection::transaction(const std::function<Result<void, Error>()>& work) {
  if (auto begun = execute("BEGIN IMMEDIATE"); !begun.ok()) return begun;
  auto done = work();
  if (done.ok()) done = execute("COMMIT");
  if (!done.ok()) (void)execute("ROLLBACK");
  return done;
}

Result<std::unique_ptr<Store>, Error> Store::open(const std::string& path) {
  std::unique_ptr<Store> store(new Store(path));
  auto first = store->borrow();
  if (!first.ok()) return Failure(std::move(first.error()));
  return store;
}

Result<Store::Borrowed, Error> Store::borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Borrowed borrowed(*this, std::move(free_.back()));
      free_.pop_back();
      return borrowed;
    }
  }
  auto opened = Connection::open(path_);
  if (!opened.ok()) return Failure(std::move(opened.error()));
  return Borrowed(*this, std::move(opened.value()));
}

void Store::give_back(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  free_.push_back(std::move(connection));
}

}  // namespace articles
