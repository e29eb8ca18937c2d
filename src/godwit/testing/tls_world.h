#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "godwit/base/assert.h"
#include "godwit/base/log.h"
#include "godwit/testing/certificates.h"
#include "godwit/testing/sim_network.h"
#include "godwit/testing/stream_recorder.h"
#include "godwit/tls/tls_handshake.h"

namespace godwit::testing {

// Two authorities and the usual certificates, made once.
struct TestCertificates {
  CertificateAuthority authority{"Right CA"};
  CertificateAuthority stranger{"Wrong CA"};
  Certificate server = authority.issue({.common_name = "the server", .dns_names = {"localhost", "*.example.test"}});
  Certificate client = authority.issue({.common_name = "the client",
                                        .dns_names = {},
                                        .ip_addresses = {},
                                        .uris = {"spiffe://test/client"},
                                        .for_client = true});
  static TestCertificates& get() {
    static TestCertificates certificates;
    return certificates;
  }
};

inline tls::TlsServerOptions tls_server_options(const Certificate& identity = TestCertificates::get().server) {
  tls::TlsServerOptions options;
  options.certificate_chain = tls::Pem::text(identity.certificate_pem);
  options.private_key = tls::Pem::text(identity.key_pem);
  options.client_roots = tls::Pem::text(TestCertificates::get().authority.certificate_pem());
  return options;
}

inline tls::TlsClientOptions tls_client_options() {
  tls::TlsClientOptions options;
  options.roots = tls::Pem::text(TestCertificates::get().authority.certificate_pem());
  return options;
}

inline std::vector<std::string>& logged() {
  static std::vector<std::string> lines;
  return lines;
}
inline std::string logged_text() {
  std::string text;
  for (const std::string& line : logged()) text.append(text.empty() ? "" : "\n").append(line);
  return text;
}

// A TLS server and clients of it over a simulated network. Log lines go to logged().
struct TlsWorld final : ListenerEvents {
  explicit TlsWorld(SimNetworkOptions options = {}, std::uint64_t seed = 1)
      : simulation(seed), network(simulation, without_contents(std::move(options))) {
    logged().clear();
    set_log_sink([](LogLevel, std::string_view, std::string_view text) { logged().emplace_back(text); });
  }
  ~TlsWorld() { set_log_sink(nullptr); }

  static SimNetworkOptions without_contents(SimNetworkOptions options) {
    options.trace_contents = false;
    return options;
  }

  void listen(const tls::TlsServerOptions& options, Duration timeout = std::chrono::seconds(10),
              std::size_t handshakes_max = 1024) {
    auto context = tls::TlsContext::server(options);
    GODWIT_ASSERT(context.ok());
    auto plain = network.listen(server_executor, SocketAddress::ipv4_loopback(443));
    GODWIT_ASSERT(plain.ok());
    listener =
        tls::make_tls_listener(server_executor, std::move(plain).value(),
                               {.context = *context, .handshake_timeout = timeout, .handshakes_max = handshakes_max});
    listener->start(*this);
  }
  void on_accept(std::unique_ptr<ByteStream> stream) override {
    if (accept_hook) return accept_hook(std::move(stream));
    accepted.push_back(std::make_unique<StreamRecorder>(std::move(stream)));
  }
  void on_accept_error(const Error&) override {}

  void dial(const tls::TlsClientOptions& options, std::string name = "localhost", TimePoint deadline = kNever) {
    auto context = tls::TlsContext::client(options);
    GODWIT_ASSERT(context.ok());
    dialer = tls::make_tls_dialer(client_executor, network.dialer(client_executor),
                                  {.context = *context, .server_name = std::move(name)});
    operation = dialer->dial(SocketAddress::ipv4_loopback(443), deadline, [this](auto result) {
      ++dials_done;
      if (result.ok()) {
        client.attach(std::move(result).value());
      } else {
        dial_error = result.error().message;
      }
    });
  }
  // A client without TLS.
  void dial_plain(StreamRecorder& recorder) {
    plain_dialer = network.dialer(client_executor);
    plain_operations.push_back(plain_dialer->dial(SocketAddress::ipv4_loopback(443), kNever, [&recorder](auto result) {
      if (result.ok()) recorder.attach(std::move(result).value());
    }));
  }
  void connect() {
    simulation.run_until([&] { return dials_done > 0; });
    simulation.run_until([&] { return !accepted.empty(); }, std::chrono::seconds(1));
  }
  StreamRecorder& server() { return *accepted.at(0); }

  Simulation simulation;
  SimNetwork network;
  SimExecutor& server_executor = simulation.executor("server");
  SimExecutor& client_executor = simulation.executor("client");
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Dialer> dialer, plain_dialer;
  std::unique_ptr<PendingOperation> operation;
  std::vector<std::unique_ptr<PendingOperation>> plain_operations;
  std::vector<std::unique_ptr<StreamRecorder>> accepted;
  StreamRecorder client;
  std::function<void(std::unique_ptr<ByteStream>)> accept_hook;  // instead of `accepted`
  int dials_done = 0;
  std::string dial_error;
};

}  // namespace godwit::testing
