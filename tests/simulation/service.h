#pragma once

#include <map>
#include <string>
#include <vector>

#include "godwit/rpc/server/method.h"
#include "godwit/stub/codec.h"
#include "godwit/stub/server_method.h"
#include "godwit/testing/simulation.h"
#include "plan.h"

namespace godwit::simulation {

// What the handlers saw, by the number of the call.
struct Ledger {
  std::map<int, int> started;
  std::map<int, int> ended;
  int running = 0;
  std::vector<std::string> problems;  // messages that were lost, doubled or changed
};

// The server's half of a plan: one method of each kind. Everything that it receives is checked.
class Service {
 public:
  explicit Service(testing::Simulation& simulation) : simulation_(simulation) {}

  void register_in(rpc::MethodRegistry& registry);
  static std::string_view path_of(MethodKind kind);
  const Ledger& ledger() const { return ledger_; }

 private:
  class Visit;
  Task<Status> single(ServerContext& context, const RawMessage& request, RawMessage& reply);
  Task<Status> send_many(ServerContext& context, const RawMessage& request, ServerWriter<RawMessage>& writer);
  Task<Status> receive_many(ServerContext& context, ServerReader<RawMessage>& reader, RawMessage& reply);
  Task<Status> both(ServerContext& context, ServerReaderWriter<RawMessage, RawMessage>& stream);

  template <typename Reader>
  Task<bool> read_all(Visit& visit, ServerContext& context, Reader& reader);
  template <typename Writer>
  Task<bool> write_all(Visit& visit, Writer& writer);

  testing::Simulation& simulation_;
  Ledger ledger_;
};

}  // namespace godwit::simulation
