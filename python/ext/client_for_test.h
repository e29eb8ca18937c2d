#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "channel.h"
#include "client_call.h"
#include "godwit/async/sleep.h"
#include "godwit/server.h"
#include "godwit/stub/server_method.h"

namespace godwit::python {

// A server of ours for tests of the client's half, which does what the path says:
//   Echo   sends back each message
//   Count  sends as many messages of 1000 bytes as the first message says, in digits
//   Fail   NOT_FOUND "no such thing" with details and trailing metadata
//   Show   sends the metadata "k" and "k-bin" back: as initial, and as trailing metadata
//   Never  reads what comes, and does not answer
class TestPeer {
 public:
  explicit TestPeer(const tls::TlsServerOptions* tls = nullptr, const std::string& address = "127.0.0.1:0") {
    auto method = bidi_streaming_method("", service_, &Handler::handle);
    server_.set_fallback(method.handler);
    auto port = tls ? server_.listen(address, *tls) : server_.listen(address);
    EXPECT_TRUE(port.ok()) << port.error().message;
    if (port.ok()) port_ = *port;
    EXPECT_TRUE(server_.start().ok());
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  std::size_t active_calls() const { return server_.active_calls(); }
  void stop() { server_.shutdown(); }

 private:
  struct Handler {
    Task<Status> handle(ServerContext& context, ServerReaderWriter<RawMessage, RawMessage>& stream) {
      const std::string path(context.method());
      if (path == "/t.T/Fail") {
        context.trailing_metadata().add("why", "because");
        co_return Status(StatusCode::kNotFound, "no such thing").with_details("\x08\x05");
      }
      if (path == "/t.T/Show") {
        for (const Metadata::Entry& entry : context.client_metadata()) {
          if (!entry.key.starts_with("k")) continue;
          context.initial_metadata().add(entry.key, entry.value);
          context.trailing_metadata().add(entry.key, entry.value);
        }
      }
      while (const RawMessage* message = co_await stream.read()) {
        if (path == "/t.T/Never") continue;
        RawMessage reply(context.arena());
        if (path == "/t.T/Count") {
          const std::string text(1000, 'x');
          reply.set_view(text);
          for (int left = std::stoi(std::string(message->bytes())); left > 0; --left) {
            if (!co_await stream.write(reply)) break;
          }
          continue;
        }
        reply.set_view(message->bytes());
        if (!co_await stream.write(reply)) break;
      }
      while (path == "/t.T/Never" && !context.is_cancelled()) {
        co_await sleep_for(context.executor(), std::chrono::milliseconds(5));
      }
      co_return Status();
    }
  };
  Handler service_;
  godwit::Server server_;
  std::uint16_t port_ = 0;
};

}  // namespace godwit::python
