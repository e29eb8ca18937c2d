// `godwit call`: one call of any kind, from a .proto file that is compiled at run time.
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "cli/call_flags.h"
#include "cli/call_input.h"
#include "cli/call_method.h"
#include "cli/subcommand.h"
#include "godwit/client.h"
#include "godwit/proto/json/base64.h"
#include "godwit/proto/json/json.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/serializer.h"
#include "godwit/rpc/client/context.h"
#include "godwit/rpc/client/method.h"
#include "godwit/rpc/client/streaming_call.h"

namespace godwit::cli {
namespace {

using proto::DynamicMessage;
using proto::MessageTable;

constexpr int kUsageError = 1;
constexpr std::size_t kPrefixBytes = 5;

// "what\nmore" as "error: what" and indented lines.
void print_error(std::string_view text) {
  std::string out = "error: ";
  for (char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  out += '\n';
  std::fwrite(out.data(), 1, out.size(), stderr);
}

int fail(std::string_view text) {
  print_error(text);
  return kUsageError;
}

// "< key: value"; values of "-bin" keys as base64.
void append_metadata(std::string& out, std::string_view mark, const Metadata& metadata) {
  for (const Metadata::Entry& e : metadata) {
    out.append(mark).append(e.key).append(": ");
    e.key.ends_with("-bin") ? proto::append_base64(out, e.value) : void(out.append(e.value));
    out += '\n';
  }
}

// What the coroutines of one call share. `call` is made and destroyed on the loop.
struct Session {
  Session(std::string path, MethodKind kind) : method(std::move(path), kind, ClientMethod::HeaderCache::kUncached) {}
  ClientMethod method;
  ClientContext context;
  std::optional<rpc::StreamingCall> call;
};

struct Received {
  std::optional<std::string> message;  // nothing: there are no more
  std::string headers;                 // with the first: how -v shows them
};

Task<void> begin(Session& session, Channel& channel) {
  session.call.emplace().start(channel, session.method, &session.context);
  co_return;
}
Task<bool> send(Session& session, const std::string& framed) {
  session.call->send_message(as_bytes(framed));
  co_return co_await session.call->writable();
}
Task<void> send_last(Session& session, const std::string& framed) {
  session.call->send_last_message(as_bytes(framed));
  co_return;
}
Task<void> close_sending(Session& session) {
  session.call->close_sending();
  co_return;
}
Task<void> cancel(Session& session) {
  session.call->cancel();
  co_return;
}
Task<Received> receive(Session& session, bool first) {
  Received received;
  if (first && co_await session.call->initial_metadata()) {
    received.headers = "< from " + std::string(session.context.peer()) + "\n";
    append_metadata(received.headers, "< ", session.context.initial_metadata());
  }
  const rpc::ReceivedMessage message = co_await session.call->read();
  if (message) received.message.emplace(as_text(message.bytes()));
  co_return received;
}
Task<Status> end(Session& session) {
  Status status = co_await session.call->finish();
  session.call.reset();
  co_return status;
}

class CallCommand {
 public:
  explicit CallCommand(const CallFlags& flags) : flags_(flags) {}

  int run() {
    auto catalog = ServiceCatalog::compile(flags_.protos, flags_.folders);
    if (!catalog.ok()) {
      std::fputs(catalog.error().message.c_str(), stderr);
      return kUsageError;
    }
    catalog_ = std::move(*catalog);
    auto method = catalog_->find(flags_.method);
    if (!method.ok()) return fail(method.error().message);
    auto request = catalog_->table((*method)->input_type());
    if (!request.ok()) return fail(request.error().message);
    auto reply = catalog_->table((*method)->output_type());
    if (!reply.ok()) return fail(reply.error().message);
    request_ = *request;
    reply_ = *reply;
    kind_ = kind_of(**method);

    auto input = MessageInput::open(flags_.data.value_or(client_streams(kind_) ? "-" : "{}"));
    if (!input.ok()) return fail(input.error().message);
    input_.emplace(std::move(*input));
    std::string only;
    if (!client_streams(kind_)) {
      auto read = read_only_message();
      if (!read.ok()) return fail(read.error().message);
      only = std::move(*read);
    }

    auto client = Client::create(flags_.target, client_options());
    if (!client.ok()) return fail(client.error().message);
    client_.emplace(std::move(*client));
    session_.emplace("/" + std::string((*method)->service().full_name()) + "/" + std::string((*method)->name()), kind_);
    for (const auto& [key, value] : flags_.headers) {
      if (!session_->context.metadata().add(key, value)) {
        return fail("-H " + key + ": " + session_->context.metadata().problem());
      }
    }
    if (flags_.timeout) session_->context.set_timeout(*flags_.timeout);
    return exchange(only);
  }

 private:
  ClientOptions client_options() const {
    ClientOptions options;
    if (flags_.tls) {
      tls::TlsClientOptions& tls = options.tls.emplace();
      if (!flags_.ca_file.empty()) tls.roots = tls::Pem::file(flags_.ca_file);
      if (!flags_.certificate_file.empty()) {
        tls.certificate_chain = tls::Pem::file(flags_.certificate_file);
        tls.private_key = tls::Pem::file(flags_.key_file);
      }
      options.tls_server_name = flags_.server_name;
      if (options.tls_server_name.empty() && !flags_.authority.empty()) {
        const std::size_t colon = flags_.authority.rfind(':');
        const bool port = colon != std::string::npos && flags_.authority.find(':') == colon;
        options.tls_server_name = flags_.authority.substr(0, port ? colon : std::string::npos);
      }
    }
    options.authority = flags_.authority;
    options.max_receive_message_bytes = flags_.max_message_bytes;
    options.user_agent_prefix = "godwit-call";
    return options;
  }

  // The message as it travels: length prefix and bytes.
  Result<std::string, Error> frame(const JsonValueSplitter::Value& value) const {
    DynamicMessage message(*request_);
    proto::JsonParseOptions options;
    options.types = &catalog_->registry();
    auto parsed = proto::from_json(value.text, *message, options);
    if (!parsed.ok()) {
      return Failure(
          Error(error_text(*input_, value.start, parsed.error()) + "\nit must be a " + message->GetTypeName()));
    }
    std::string framed(kPrefixBytes, '\0');
    if (!proto::append_serialized(*message, framed)) {
      return Failure(Error(input_->name() + ": the message is longer than 2 GiB"));
    }
    store_be32(reinterpret_cast<std::uint8_t*>(framed.data()) + 1,
               static_cast<std::uint32_t>(framed.size() - kPrefixBytes));
    return framed;
  }

  Result<std::string, Error> read_only_message() {
    auto value = input_->next(-1);
    if (!value.ok()) return Failure(std::move(value.error()));
    if (!*value) return Failure(Error(input_->name() + " holds no message\nwrite {} for one without fields"));
    auto framed = frame(**value);
    if (!framed.ok()) return framed;
    auto more = input_->next(-1);
    if (!more.ok()) return Failure(std::move(more.error()));
    if (*more) {
      const JsonPosition& at = (*more)->start;
      return Failure(Error(input_->name() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                           ": a second message, but " + flags_.method + " takes one"));
    }
    return framed;
  }

  // On a thread of its own: messages as they are read. Ends at the input's end, the call's end, or stop.
  void send_input(int stop_descriptor) {
    while (true) {
      auto value = input_->next(stop_descriptor);
      if (!value.ok()) return give_up(value.error().message);
      if (!*value) return client_->run(close_sending(*session_));
      auto framed = frame(**value);
      if (!framed.ok()) return give_up(framed.error().message);
      if (!client_->run(send(*session_, *framed))) return;
    }
  }
  void give_up(std::string reason) {
    input_error_ = std::move(reason);
    client_->run(cancel(*session_));
  }

  int exchange(const std::string& only) {
    if (flags_.verbose) {
      std::string text = "> " + std::string(session_->method.path()) + "\n";
      append_metadata(text, "> ", session_->context.metadata());
      std::fputs(text.c_str(), stderr);
    }
    const int stop = ::eventfd(0, EFD_CLOEXEC);
    if (stop < 0) return fail("no file descriptor is left");
    client_->run(begin(*session_, client_->channel()));
    std::thread sender;
    if (client_streams(kind_)) {
      if (input_->is_terminal()) {
        std::fprintf(stderr, "Messages (%s) as JSON, please; Ctrl-D ends them.\n",
                     std::string(request_->full_name()).c_str());
      }
      sender = std::thread([this, stop] { send_input(stop); });
    } else {
      client_->run(send_last(*session_, only));
    }
    const OutputError output_error = receive_all();
    // Here no message comes any more: the call has ended, or ends with what cancel() says.
    if (!output_error.text.empty()) client_->run(cancel(*session_));
    const Status status = finish(sender, stop);
    ::close(stop);
    if (!input_error_.empty()) return fail(input_error_);
    if (!output_error.text.empty()) return print_error(output_error.text), output_error.exit_status;
    return report(status);
  }

  Status finish(std::thread& sender, int stop) {
    const std::uint64_t one = 1;
    if (::write(stop, &one, sizeof one) != sizeof one) std::abort();
    if (sender.joinable()) sender.join();
    return client_->run(end(*session_));
  }

  // What went wrong with printing.
  struct OutputError {
    std::string text;  // "" when nothing did
    int exit_status = 0;
  };

  // Prints what comes until there is no more.
  OutputError receive_all() {
    const int bad_reply = 64 + static_cast<int>(StatusCode::kInternal);
    proto::JsonPrintOptions options;
    options.always_print_fields_without_presence = flags_.emit_defaults;
    options.pretty = !server_streams(kind_);
    options.types = &catalog_->registry();
    DynamicMessage message(*reply_);
    for (bool first = true;; first = false) {
      const Received received = client_->run(receive(*session_, first));
      if (flags_.verbose) std::fputs(received.headers.c_str(), stderr);
      if (!received.message) return {};
      auto parsed = proto::parse(*message, as_bytes(*received.message));
      if (!parsed.ok()) {
        return {"the reply is no valid " + message->GetTypeName() + ": " + parsed.error().message() +
                    "\nthe server's .proto file differs from that of --proto",
                bad_reply};
      }
      auto json = proto::to_json(*message, options);
      if (!json.ok()) return {"the reply has no JSON form: " + json.error().message, bad_reply};
      *json += '\n';
      if (std::fwrite(json->data(), 1, json->size(), stdout) != json->size() || std::fflush(stdout) != 0) {
        return {error_from_errno("standard output", errno).message, kUsageError};
      }
    }
  }

  int report(const Status& status) {
    if (flags_.verbose) {
      std::string text;
      append_metadata(text, "< trailer ", session_->context.trailing_metadata());
      text += "< status " + std::to_string(static_cast<int>(status.code())) + " " +
              std::string(name_of(status.code())) + "\n";
      std::fputs(text.c_str(), stderr);
    }
    if (status.ok()) return 0;
    std::string text = status.text();
    const std::string_view path = session_->method.path();
    if (status.code() == StatusCode::kUnavailable) {
      text += "\nis a gRPC server running at " + flags_.target + "?";
      text += flags_.tls ? " One without TLS is called without --tls." : " One with TLS needs --tls, or --cacert FILE.";
    } else if (status.code() == StatusCode::kUnimplemented) {
      text += "\nthe server at " + flags_.target + " may not serve " + std::string(path.substr(1));
    } else if (status.code() == StatusCode::kDeadlineExceeded && flags_.timeout) {
      text += "\n--timeout allows more time";
    }
    if (!status.details().empty() && flags_.verbose) {
      text += "\ndetails (google.rpc.Status, base64): ";
      proto::append_base64(text, status.details());
    }
    print_error(text);
    return 64 + static_cast<int>(status.code());
  }

  const CallFlags& flags_;
  std::unique_ptr<ServiceCatalog> catalog_;
  const MessageTable* request_ = nullptr;
  const MessageTable* reply_ = nullptr;
  MethodKind kind_ = MethodKind::kUnary;
  std::optional<MessageInput> input_;
  std::string input_error_;  // the sender's, until it was joined
  // The session ends before the client: its call belongs to the client's loop.
  std::optional<Client> client_;
  std::optional<Session> session_;
};

}  // namespace

int call(const std::vector<std::string>& arguments) {
  auto flags = parse_call_flags(arguments);
  if (!flags.ok()) return fail(flags.error().message);
  if (flags->help) {
    std::fputs(kCallHelp, stdout);
    return 0;
  }
  return CallCommand(*flags).run();
}

}  // namespace godwit::cli
