#include "godwit/net/name_lookup.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "godwit/net/fork.h"
#include "godwit/net/socket_address.h"

namespace godwit::net {
namespace {

using Addresses = Result<std::vector<SocketAddress>, Error>;

Addresses resolve(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.empty() ? nullptr : port.c_str(), &hints, &found);
  if (error != 0) {
    const int os_error = error == EAI_SYSTEM ? errno : 0;
    const std::string what = "look up " + host + (port.empty() ? "" : ":" + port);
    if (error == EAI_SYSTEM) return Failure(error_from_errno(what, os_error));
    if (error == EAI_SERVICE) return Failure(Error(what + ": the port is neither a number nor the name of a service"));
    return Failure(Error(what + ": " + gai_strerror(error)));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* a = found; a; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    NativeAddress native;
    std::memcpy(&native.storage, a->ai_addr, a->ai_addrlen);
    native.size = a->ai_addrlen;
    SocketAddress address = native.address();
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(std::move(address));
  }
  freeaddrinfo(found);
  if (addresses.empty()) return Failure(Error("look up " + host + ": no IPv4 or IPv6 address"));
  return addresses;
}

bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

// True when getaddrinfo will answer without asking anybody: both parts are in digits. Then it is called at once.
bool is_numeric(std::string_view host, std::string_view port) {
  if (!is_digits(port)) return false;
  if (host.find(':') != host.npos) return true;
  return !host.empty() && host.find_first_not_of("0123456789.") == host.npos;
}

class LookupOperation;

// Shared with the pool: run() is called there first, then on the loop, where it frees itself.
class Query final : public Work {
 public:
  Query(Executor& executor, std::string host, std::string port, LookupOperation& operation)
      : operation(&operation), executor_(executor), host_(std::move(host)), port_(std::move(port)) {}
  void run() override;

  LookupOperation* operation;  // the loop's thread only; nullptr when it was given up

 private:
  Executor& executor_;
  const std::string host_, port_;
  std::optional<Addresses> result_;
};

class LookupOperation final : public PendingOperation, private Work {
 public:
  LookupOperation(Executor& executor, NameLookup::Done done) : executor_(executor), done_(std::move(done)) {}
  ~LookupOperation() override {
    if (query_) query_->operation = nullptr;
    if (result_) executor_.withdraw(*this);
  }

  void begin(WorkerPool& pool, std::string_view host, std::string_view port) {
    if (host.empty()) return finish_later(Failure(Error("look up a host: the name is empty")));
    if (host.find('\0') != host.npos || port.find('\0') != port.npos) {
      return finish_later(Failure(Error("look up a host: the name holds a NUL byte")));
    }
    if (is_digits(port) && (port.size() > 5 || std::atoi(std::string(port).c_str()) > 65535)) {
      return finish_later(Failure(
          Error("look up " + std::string(host) + ": the port " + std::string(port.substr(0, 20)) + " is above 65535")));
    }
    if (is_numeric(host, port)) {
      return finish_later(resolve(std::string(host), std::string(port), AI_NUMERICHOST | AI_NUMERICSERV));
    }
    query_ = new Query(executor_, std::string(host), std::string(port), *this);
    if (auto taken = pool.submit(*query_); !taken.ok()) {
      delete std::exchange(query_, nullptr);
      finish_later(Failure(std::move(taken).error()));
    }
  }
  void finish(Addresses result) {
    query_ = nullptr;
    result_.reset();
    const NameLookup::Done done = std::move(done_);  // it may destroy this operation
    done(std::move(result));
  }

 private:
  void finish_later(Addresses result) {
    result_ = std::move(result);
    executor_.at_turn_end(*this);
  }
  void run() override { finish(std::move(*result_)); }

  Executor& executor_;
  NameLookup::Done done_;
  Query* query_ = nullptr;
  std::optional<Addresses> result_;
};

void Query::run() {
  if (!result_) {
    {
      const ForkWaits section;
      result_ = resolve(host_, port_, 0);
    }
    return executor_.post(*this);
  }
  if (operation) operation->finish(std::move(*result_));
  delete this;
}

class LoopLookup final : public NameLookup {
 public:
  LoopLookup(WorkerPool& pool, Executor& executor) : pool_(pool), executor_(executor) {}
  std::unique_ptr<PendingOperation> lookup(std::string_view host, std::string_view port, Done done) override {
    auto operation = std::make_unique<LookupOperation>(executor_, std::move(done));
    operation->begin(pool_, host, port);
    return operation;
  }

 private:
  WorkerPool& pool_;
  Executor& executor_;
};

}  // namespace

SystemNameLookup::SystemNameLookup(std::size_t threads) : pool_({.threads = threads, .name = "godwit-names"}) {}

std::unique_ptr<NameLookup> SystemNameLookup::on(Executor& executor) {
  return std::make_unique<LoopLookup>(pool_, executor);
}

}  // namespace godwit::net
