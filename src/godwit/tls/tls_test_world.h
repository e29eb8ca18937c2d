#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "godwit/base/log.h"
#include "godwit/testing/certificates.h"
#include "godwit/testing/sim_network.h"
#include "godwit/testing/stream_recorder.h"
#include "godwit/tls/tls_handshake.h"

// What the tests of this folder share. Included by *_test.cc only.
namespace godwit::tls {

using godwit::testing::Certificate;
using godwit::testing::CertificateAuthority;
using godwit::testing::CertificateOptions;
using godwit::testing::SimNetwork;
using godwit::testing::SimNetworkOptions;
using godwit::testing::Simulation;
using godwit::testing::StreamRecorder;

// Two authorities and the usual certificates, made once.
struct Certificates {
  CertificateAuthority authority{"Right CA"};
  CertificateAuthority stranger{"Wrong CA"};
  Certificate server = authority.issue({.common_name = "the server", .dns_names = {"localhost", "*.example.test"}});
  Certificate client = authority.issue({.common_name = "the client",
                                        .dns_names = {},
                                        .ip_addresses = {},
                                        .uris = {"spiffe://test/client"},
                                        .for_client = true});
  static Certificates& get() {
    static Certificates certificates;
    return certificates;
  }
};

inline TlsServerOptions server_options(const Certificate& identity = Certificates::get().server) {
  TlsServerOptions options;
  options.certificate_chain = Pem::text(identity.certificate_pem);
  options.private_key = Pem::text(identity.key_pem);
  options.client_roots = Pem::text(Certificates::get().authority.certificate_pem());
  return options;
}

inline TlsClientOptions client_options() {
  TlsClientOptions options;
  options.roots = Pem::text(Certificates::get().authority.certificate_pem());
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
struct World final : ListenerEvents {
  explicit World(SimNetworkOptions options = {}, std::uint64_t seed = 1)
      : simulation(seed), network(simulation, without_contents(std::move(options))) {
    logged().clear();
    set_log_sink([](LogLevel, std::string_view, std::string_view text) { logged().emplace_back(text); });
  }
  ~World() { set_log_sink(nullptr); }

  static SimNetworkOptions without_contents(SimNetworkOptions options) {
    options.trace_contents = false;
    return options;
  }

  void listen(const TlsServerOptions& options, Duration timeout = std::chrono::seconds(10),
              std::size_t handshakes_max = 1024) {
    auto context = TlsContext::server(options);
    ASSERT_TRUE(context.ok()) << context.error().message;
    auto plain = network.listen(server_executor, SocketAddress::ipv4_loopback(443));
    ASSERT_TRUE(plain.ok());
    listener = make_tls_listener(server_executor, std::move(plain).value(),
                                 {.context = *context, .handshake_timeout = timeout, .handshakes_max = handshakes_max});
    listener->start(*this);
  }
  void on_accept(std::unique_ptr<ByteStream> stream) override {
    if (accept_hook) return accept_hook(std::move(stream));
    accepted.push_back(std::make_unique<StreamRecorder>(std::move(stream)));
  }
  void on_accept_error(const Error&) override {}

  void dial(const TlsClientOptions& options, std::string name = "localhost", TimePoint deadline = kNever) {
    auto context = TlsContext::client(options);
    ASSERT_TRUE(context.ok()) << context.error().message;
    dialer = make_tls_dialer(client_executor, network.dialer(client_executor), {.context = *context, .server_name = std::move(name)});
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
  testing::SimExecutor& server_executor = simulation.executor("server");
  testing::SimExecutor& client_executor = simulation.executor("client");
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

}  // namespace godwit::tls
