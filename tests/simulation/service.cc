#include "service.h"

#include <optional>

#include "godwit/async/sleep.h"
#include "godwit/base/assert.h"

namespace godwit::simulation {

// One run of a handler, from its begin to the end of its frame.
class Service::Visit {
 public:
  Visit(Service& service, ServerContext& context) : service_(service), context_(context) {
    const auto text = context.client_metadata().find("x-plan");
    auto decoded = text ? decode(*text) : std::nullopt;
    if (decoded) {
      plan = std::move(*decoded);
    } else {
      problem("its x-plan was lost or changed");
    }
    ++service_.ledger_.started[plan.id];
    ++service_.ledger_.running;
    service_.simulation_.note("server", "call " + std::to_string(plan.id) + " handler begins");
    const auto extra = context.client_metadata().find("x-extra-bin");
    if (!extra || !has_content(*extra, plan.id, false, kMetadata, plan.metadata_bytes))
      problem("its metadata was lost or changed");
    context.initial_metadata().add("x-id", std::to_string(plan.id));
    context.trailing_metadata().add("x-extra-bin", content(plan.id, true, kMetadata, plan.metadata_bytes));
  }
  ~Visit() {
    ++service_.ledger_.ended[plan.id];
    --service_.ledger_.running;
    service_.simulation_.note("server", "call " + std::to_string(plan.id) + " handler ends");
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  void problem(const std::string& text) {
    service_.ledger_.problems.push_back("call " + std::to_string(plan.id) + " on the server: " + text);
  }
  void check_request(std::size_t index, std::string_view bytes) {
    if (index >= plan.requests.size()) return problem("more requests than were sent");
    if (!has_content(bytes, plan.id, false, index, plan.requests[index])) {
      problem("request " + std::to_string(index) + " is not what was sent");
    }
  }
  Sleep pause() { return sleep_for(context_.executor(), plan.server_pause, context_.cancellation()); }
  bool pauses() const { return plan.server_pause > Duration::zero(); }
  Status status() const {
    if (context_.is_cancelled()) return Status(StatusCode::kCancelled, "the handler saw the end of its call");
    return plan.status == StatusCode::kOk ? Status() : Status(plan.status, planned_message(plan.id, plan.status));
  }

  static constexpr std::size_t kMetadata = 1'000'000;  // the index of metadata's content
  CallPlan plan;

 private:
  Service& service_;
  ServerContext& context_;
};

Task<Status> Service::single(ServerContext& context, const RawMessage& request, RawMessage& reply) {
  Visit visit(*this, context);
  visit.check_request(0, request.bytes());
  if (visit.pauses()) co_await visit.pause();
  reply.set_bytes(content(visit.plan.id, true, 0, visit.plan.replies.at(0)));
  co_return visit.status();
}

Task<Status> Service::send_many(ServerContext& context, const RawMessage& request, ServerWriter<RawMessage>& writer) {
  Visit visit(*this, context);
  visit.check_request(0, request.bytes());
  co_await write_all(visit, writer);
  if (visit.pauses()) co_await visit.pause();
  co_return visit.status();
}

Task<Status> Service::receive_many(ServerContext& context, ServerReader<RawMessage>& reader, RawMessage& reply) {
  Visit visit(*this, context);
  co_await read_all(visit, context, reader);
  if (visit.pauses()) co_await visit.pause();
  reply.set_bytes(content(visit.plan.id, true, 0, visit.plan.replies.at(0)));
  co_return visit.status();
}

// A reply after each request, the rest of either at the end.
Task<Status> Service::both(ServerContext& context, ServerReaderWriter<RawMessage, RawMessage>& stream) {
  Visit visit(*this, context);
  co_await read_all(visit, context, stream.reader());
  co_await write_all(visit, stream.writer());
  if (visit.pauses()) co_await visit.pause();
  co_return visit.status();
}

template <typename Reader>
Task<bool> Service::read_all(Visit& visit, ServerContext& context, Reader& reader) {
  for (std::size_t index = 0; index < visit.plan.stop_after; ++index) {
    if (visit.pauses()) co_await visit.pause();
    const RawMessage* message = co_await reader.read();
    if (!message) {
      if (!context.is_cancelled() && index != visit.plan.requests.size()) {
        visit.problem("the requests ended after " + std::to_string(index));
      }
      co_return true;
    }
    visit.check_request(index, message->bytes());
  }
  co_return false;
}

template <typename Writer>
Task<bool> Service::write_all(Visit& visit, Writer& writer) {
  for (std::size_t index = 0; index < visit.plan.replies.size(); ++index) {
    Arena arena;
    RawMessage reply(arena);
    const std::string bytes = content(visit.plan.id, true, index, visit.plan.replies[index]);
    reply.set_view(bytes);
    if (!co_await writer.write(reply)) co_return false;
  }
  co_return true;
}

std::string_view Service::path_of(MethodKind kind) {
  switch (kind) {
    case MethodKind::kUnary:
      return "/simulation.Service/Single";
    case MethodKind::kClientStreaming:
      return "/simulation.Service/ReceiveMany";
    case MethodKind::kServerStreaming:
      return "/simulation.Service/SendMany";
    case MethodKind::kBidiStreaming:
      return "/simulation.Service/Both";
  }
  return "";
}

void Service::register_in(rpc::MethodRegistry& registry) {
  const auto add = [&](rpc::Method method) { GODWIT_ASSERT(registry.add(std::move(method)).ok()); };
  const auto path = [](MethodKind kind) { return std::string(path_of(kind)); };
  add(unary_method(path(MethodKind::kUnary), *this, &Service::single));
  add(server_streaming_method(path(MethodKind::kServerStreaming), *this, &Service::send_many));
  add(client_streaming_method(path(MethodKind::kClientStreaming), *this, &Service::receive_many));
  add(bidi_streaming_method(path(MethodKind::kBidiStreaming), *this, &Service::both));
}

}  // namespace godwit::simulation
