#include "godwit/rpc/server/grpc_handler.h"

#include <string>
#include <utility>

#include "godwit/base/assert.h"
#include "godwit/rpc/server/reply_fields.h"
#include "godwit/rpc/wire_values.h"

namespace godwit::rpc {
namespace {

using http::FieldToken;

// A request that is not gRPC gets its answer when it has ended, so that a peer that is still sending (or breaking the
// rules) is heard out first; one that goes on and on gets it after kPatience bytes. Deletes itself.
class Rejection final : public http::ExchangeEvents {
 public:
  static constexpr std::size_t kPatience = 64 * 1024;

  Rejection(http::Exchange& exchange, std::string_view status, std::string_view text, bool head)
      : exchange_(exchange), status_(status), text_(text), head_(head) {}

  void answer() {
    if (std::exchange(answered_, true)) return;
    const http::Field fields[] = {{FieldToken::kStatus, status_},
                                  {FieldToken::kContentType, "text/plain; charset=utf-8"}};
    exchange_.send_headers(no_fields(), fields, head_);
    if (!head_) exchange_.send_body(as_bytes(text_), true);
  }

 private:
  void on_headers(http::HeadersKind, const http::FieldViews&, bool end) override {
    if (end) answer();
  }
  void on_body(const http::BodyView& body, bool end) override {
    received_ += body.bytes.size();
    exchange_.consumed(body.bytes.size());
    if (end || received_ > kPatience) answer();
  }
  void on_writable() override {}
  void on_reset(http::ResetReason, std::string_view) override { answered_ = true; }
  void on_closed() override { delete this; }

  http::Exchange& exchange_;
  const std::string_view status_;  // these two live for ever
  const std::string_view text_;
  const bool head_;
  bool answered_ = false;
  std::size_t received_ = 0;
};

struct RequestHead {
  std::string_view method, path, authority, content_type, te, timeout, encoding;
  const Method* target = nullptr;
  bool has_timeout = false;
  bool bad_metadata = false;
};

}  // namespace

GrpcHandler::GrpcHandler(const ServerEnvironment& environment) : environment_(environment) {}

GrpcHandler::~GrpcHandler() {
  while (active_) {
    ServerCall* call = active_;
    active_ = call->next_;
    delete call;
  }
  while (pool_) {
    ServerCall* call = pool_;
    pool_ = call->next_;
    delete call;
  }
}

ServerCall& GrpcHandler::take_call() {
  ServerCall* call = pool_;
  if (call) {
    pool_ = call->next_;
    --pool_count_;
  } else {
    call = new ServerCall(*this);
  }
  call->previous_ = nullptr;
  call->next_ = active_;
  if (active_) active_->previous_ = call;
  active_ = call;
  ++active_count_;
  return *call;
}

void GrpcHandler::release_call(ServerCall& call) {
  if (call.previous_) {
    call.previous_->next_ = call.next_;
  } else {
    active_ = call.next_;
  }
  if (call.next_) call.next_->previous_ = call.previous_;
  --active_count_;
  if (pool_count_ < kPooledCalls) {
    call.next_ = pool_;
    pool_ = &call;
    ++pool_count_;
  } else {
    delete &call;
  }
  if (active_count_ == 0 && idle_function_) idle_function_(idle_argument_);
}

void GrpcHandler::cancel_all(const Status& status) {
  // A call that fails may take itself and others out of the list: mark first, then work through a copy.
  std::vector<ServerCall*> calls;
  for (ServerCall* c = active_; c; c = c->next_) calls.push_back(c);
  for (ServerCall* c : calls) {
    bool still_active = false;
    for (ServerCall* a = active_; a && !still_active; a = a->next_) still_active = a == c;
    if (still_active) c->fail(status);
  }
}

http::ExchangeEvents* GrpcHandler::on_request(http::Exchange& exchange, const http::FieldViews& fields, bool end) {
  RequestHead head;
  ServerCall& call = take_call();
  Metadata& metadata = call.context_.client_metadata_;
  for (const http::FieldView& field : fields) {
    switch (field.token) {
      case FieldToken::kMethod:
        head.method = field.value;
        break;
      case FieldToken::kPath:
        head.path = field.value;
        // The HPACK entry of a path remembers where it leads: only its first use is looked up.
        if (field.note && *field.note != 0) {
          head.target = reinterpret_cast<const Method*>(*field.note);
        } else {
          head.target = environment_.methods.find(field.value);
          if (field.note && head.target) *field.note = reinterpret_cast<std::uintptr_t>(head.target);
        }
        break;
      case FieldToken::kAuthority:
        head.authority = field.value;
        break;
      case FieldToken::kHost:
        if (head.authority.empty()) head.authority = field.value;
        break;
      case FieldToken::kContentType:
        head.content_type = field.value;
        break;
      case FieldToken::kTe:
        head.te = field.value;
        break;
      case FieldToken::kGrpcTimeout:
        head.timeout = field.value;
        head.has_timeout = true;
        break;
      case FieldToken::kGrpcEncoding:
        head.encoding = field.value;
        break;
      case FieldToken::kScheme:
      case FieldToken::kStatus:
      case FieldToken::kProtocol:
      case FieldToken::kOtherPseudo:
      case FieldToken::kContentLength:
      case FieldToken::kGrpcAcceptEncoding:
        break;
      default:
        if (!metadata.add_received(field.name, field.value)) head.bad_metadata = true;
    }
  }

  if (head.method != "POST" || !http::is_grpc_content_type(head.content_type)) {
    call.recycle_if_over();
    std::string_view status = "415";
    std::string_view text = "unsupported media type: gRPC calls have content-type application/grpc\n";
    if (!head.target) {
      status = "404";
      text = "not found: this port serves gRPC methods, POST /package.Service/Method\n";
    } else if (head.method != "POST") {
      status = "405";
      text = "method not allowed: gRPC calls are POST requests\n";
    }
    auto* rejection = new Rejection(exchange, status, text, head.method == "HEAD");
    if (end) rejection->answer();
    return rejection;
  }

  if (!head.target) head.target = environment_.methods.fallback();
  static const Method kUnknown{"", MethodKind::kBidiStreaming, nullptr};
  call.open(exchange, head.target ? *head.target : kUnknown, head.path, head.authority);
  if (!head.target) {
    const std::size_t slash = head.path.rfind('/');
    const bool service = slash != std::string_view::npos && slash > 0 &&
                         environment_.methods.has_service(head.path.substr(1, slash - 1));
    call.fail(Status(StatusCode::kUnimplemented, (service ? "no such method: " : "no such service: ") +
                                                     std::string(head.path.substr(0, 256)) + " is not served here"));
    return &call;
  }
  if (head.te != "trailers") {
    call.fail(Status(StatusCode::kInternal,
                     "the request has no 'te: trailers' field: the client or a proxy before this "
                     "server does not handle trailers, which gRPC needs"));
    return &call;
  }
  if (!head.encoding.empty() && head.encoding != "identity") {
    call.context_.initial_metadata_.add_received("grpc-accept-encoding", "identity");
    call.fail(Status(StatusCode::kUnimplemented, "grpc-encoding '" + std::string(head.encoding.substr(0, 64)) +
                                                     "' is not supported by this server: send messages uncompressed"));
    return &call;
  }
  if (head.bad_metadata) {
    call.fail(Status(StatusCode::kInternal, "a '-bin' metadata value of the request is not base64"));
    return &call;
  }
  if (head.has_timeout) {
    const auto timeout = parse_timeout(head.timeout);
    if (!timeout) {
      call.fail(Status(StatusCode::kInternal, "grpc-timeout '" + std::string(head.timeout.substr(0, 64)) +
                                                  "' is malformed: at most 8 digits and one of H M S m u n"));
      return &call;
    }
    call.set_deadline(add_saturating(environment_.executor.now(), *timeout));
  }
  call.started(end);
  return &call;
}

}  // namespace godwit::rpc
