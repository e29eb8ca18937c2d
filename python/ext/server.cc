#include "server.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "godwit/server.h"
#include "server_loop.h"

namespace godwit::python {
namespace {

// Negative: no limit.
std::size_t message_limit(std::int64_t value) {
  constexpr std::size_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
  return value < 0 ? kNoLimit : static_cast<std::size_t>(value);
}

Result<std::uint32_t, Error> small_number(const std::string& name, std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) {
    return Failure(Error("option " + name + ": " + std::to_string(value) + " is no number from 0 to 2147483647"));
  }
  return static_cast<std::uint32_t>(value);
}

Result<void, Error> apply(const std::string& name, std::int64_t value, godwit::ServerOptions& to) {
  if (name == "grpc.max_receive_message_length") {
    to.max_receive_message_bytes = message_limit(value);
  } else if (name == "grpc.max_send_message_length") {
    to.max_send_message_bytes = message_limit(value);
  } else if (name == "grpc.so_reuseport") {
    to.share_ports = value != 0;
  } else if (name == "grpc.max_concurrent_streams" || name == "grpc.max_metadata_size" ||
             name == "grpc.http2.lookahead_bytes") {
    const auto number = small_number(name, value);
    if (!number.ok()) return Failure(Error(number.error()));
    if (name == "grpc.max_concurrent_streams") {
      to.max_concurrent_streams = *number;
    } else if (name == "grpc.max_metadata_size") {
      to.max_metadata_bytes = *number;
    } else {
      to.initial_stream_window = std::max<std::uint32_t>(*number, 1024);
      to.max_stream_window = std::max(to.max_stream_window, to.initial_stream_window);
    }
  }
  return {};
}

}  // namespace

Result<Ref<Server>, Error> Server::make(const ServerOptions& options, Ref<EventQueue> queue) {
  godwit::ServerOptions engine;
  engine.loops = options.loops;
  engine.share_ports = false;            // a second server by mistake would take half of the first one's calls
  engine.blanks_around_metadata = true;  // as the reference
  // Clients of servers without a limit of their own expect that calls do not wait for each other.
  engine.max_concurrent_streams = 65536;
  for (const auto& [name, value] : options.options) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (!number) continue;
    if (auto applied = apply(name, *number, engine); !applied.ok()) return Failure(std::move(applied.error()));
  }
  auto core = Ref<ServerCore>::adopt(
      new ServerCore(engine, options.maximum_concurrent_rpcs, options.explicit_flush, std::move(queue)));
  return Ref<Server>::adopt(new Server(std::move(core)));
}

Server::Server(Ref<ServerCore> core) : core_(std::move(core)) {}

Server::~Server() { core_->engine().shutdown(); }

void Server::unreferenced() {
  if (!core_->dead()) delete this;
}

Result<ServerMethod*, Error> Server::add_method(std::string path, int id, bool client_streams, bool server_streams) {
  if (started_) return Failure(Error("method " + path + ": methods are added before the server starts"));
  for (const ServerMethod& method : core_->server_methods()) {
    if (method.path == path) return Failure(Error("method " + path + " was added already"));
  }
  core_->server_methods().push_back({std::move(path), id, client_streams, server_streams, nullptr});
  return &core_->server_methods().back();
}

Result<int, Error> Server::listen(std::string_view address, const tls::TlsServerOptions* tls) {
  if (started_) return Failure(Error("listen on " + std::string(address) + ": the server has started already"));
  for (const std::string_view scheme : {"ipv4:", "ipv6:", "dns:///", "dns:"}) {
    if (address.starts_with(scheme)) {
      address.remove_prefix(scheme.size());
      break;
    }
  }
  auto port = tls ? core_->engine().listen(address, *tls) : core_->engine().listen(address);
  if (!port.ok()) return Failure(std::move(port.error()));
  return *port;
}

Result<void, Error> Server::start() {
  if (started_) return Failure(Error("the server has started already"));
  if (auto prepared = core_->prepare(); !prepared.ok()) return prepared;
  if (auto begun = core_->engine().start(); !begun.ok()) return begun;
  started_ = true;
  return {};
}

void Server::stop(Duration grace, Ref<EventSource> source) {
  if (core_->dead()) return;
  // The core outlives the callback: its last owner waits for the loops.
  core_->engine().begin_shutdown(grace, [core = core_.get(), source = std::move(source)] {
    core->stopped();
    if (source) source->signal(kEnded);
  });
}

bool Server::wait_stopped(TimePoint until) { return core_->dead() || core_->wait_stopped(until); }

void Server::flush() {
  if (core_->dead()) return;
  // With calls in hand the loop's thread sends, while this one goes on with them.
  const bool here = core_->handling() == 0;
  for (const auto& loop : core_->loops()) loop->flush(here);
}

std::size_t Server::active_calls() const { return core_->dead() ? 0 : core_->handling(); }

}  // namespace godwit::python
