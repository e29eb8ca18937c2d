#include "plan.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <sstream>

namespace godwit::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Duration random_duration(Random& random, Duration max) {
  return Duration(static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(max.count()) + 1)));
}

// 0 to about 300 KB: empty, small, around the sizes of frames and windows, large.
std::uint32_t random_size(Random& random) {
  switch (random.below(8)) {
    case 0:
      return 0;
    case 1:
    case 2:
    case 3:
      return static_cast<std::uint32_t>(random.below(200));
    case 4:
      return static_cast<std::uint32_t>(16384 - 20 + random.below(40));
    case 5:
      return static_cast<std::uint32_t>(65535 - 20 + random.below(40));
    case 6:
      return static_cast<std::uint32_t>(random.below(20'000));
    default:
      return static_cast<std::uint32_t>(random.below(300'000));
  }
}

std::vector<std::uint32_t> random_sizes(Random& random, bool many) {
  std::vector<std::uint32_t> sizes;
  const std::size_t count = many ? random.below(6) : 1;
  while (sizes.size() < count) sizes.push_back(random_size(random));
  return sizes;
}

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 31;
  x *= 0x9e3779b97f4a7c15;
  return x ^ (x >> 29);
}

}  // namespace

std::string_view text_of(Style style) {
  switch (style) {
    case Style::kUnaryCall:
      return "unary_call";
    case Style::kStreamingCall:
      return "streaming_call";
    case Style::kSink:
      return "sink";
  }
  return "?";
}

std::string text_of(const CallPlan& plan) {
  std::ostringstream out;
  out << "call " << plan.id << ": " << (client_streams(plan.kind) ? "streaming" : "single") << " requests, "
      << (server_streams(plan.kind) ? "streaming" : "single") << " replies, by " << text_of(plan.style)
      << (plan.wait_for_ready ? ", waits for ready" : "");
  if (plan.timeout) out << ", timeout " << plan.timeout->count() << " ns";
  if (plan.cancel_after) out << ", cancelled after " << plan.cancel_after->count() << " ns";
  out << ", plan " << encode(plan);
  return out.str();
}

std::string encode(const CallPlan& plan) {
  std::ostringstream out;
  out << plan.id << ' ' << static_cast<int>(plan.status) << ' ' << plan.stop_after << ' ' << plan.server_pause.count()
      << ' ' << plan.metadata_bytes << ' ' << plan.requests.size();
  for (const auto size : plan.requests) out << ' ' << size;
  out << ' ' << plan.replies.size();
  for (const auto size : plan.replies) out << ' ' << size;
  return out.str();
}

std::optional<CallPlan> decode(std::string_view text) {
  std::istringstream in{std::string(text)};
  CallPlan plan;
  int status = 0;
  Duration::rep pause = 0;
  std::size_t count = 0;
  in >> plan.id >> status >> plan.stop_after >> pause >> plan.metadata_bytes >> count;
  plan.status = static_cast<StatusCode>(status);
  plan.server_pause = Duration(pause);
  for (std::uint32_t size = 0; count > 0 && in >> size; --count) plan.requests.push_back(size);
  in >> count;
  for (std::uint32_t size = 0; count > 0 && in >> size; --count) plan.replies.push_back(size);
  if (!in || count > 0) return std::nullopt;
  return plan;
}

std::string content(int call, bool reply, std::size_t index, std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t x = mix(static_cast<std::uint64_t>(call) << 32 | index << 1 | (reply ? 1u : 0u));
  for (std::size_t i = 0; i < size; i += sizeof x) {
    x += 0x632be59bd9b4e019;
    const std::uint64_t word = mix(x);
    std::memcpy(bytes.data() + i, &word, std::min(sizeof word, size - i));
  }
  return bytes;
}

bool has_content(std::string_view bytes, int call, bool reply, std::size_t index, std::size_t size) {
  return bytes.size() == size && bytes == content(call, reply, index, size);
}

std::string planned_message(int call, StatusCode code) {
  return "planned for call " + std::to_string(call) + ": " + std::string(name_of(code));
}

std::vector<CallPlan> random_plans(Random& random, int count) {
  constexpr MethodKind kKinds[] = {MethodKind::kUnary, MethodKind::kClientStreaming, MethodKind::kServerStreaming,
                                   MethodKind::kBidiStreaming};
  std::vector<CallPlan> plans;
  for (int id = 0; id < count; ++id) {
    CallPlan plan;
    plan.id = id;
    plan.kind = kKinds[random.below(std::size(kKinds))];
    plan.style = random.chance(0.3)                ? Style::kSink
                 : plan.kind == MethodKind::kUnary ? Style::kUnaryCall
                                                   : Style::kStreamingCall;
    plan.start_after = random.chance(0.5) ? Duration(0) : random_duration(random, milliseconds(6000));
    if (random.chance(0.5)) {
      // Some too short for anything, most long enough for everything but the longest stalls.
      plan.timeout = random.chance(0.3) ? microseconds(50) + random_duration(random, milliseconds(20))
                                        : milliseconds(10'000) + random_duration(random, milliseconds(20'000));
    }
    plan.wait_for_ready = random.chance(0.4);
    if (random.chance(0.15))
      plan.cancel_after = random_duration(random, random.chance(0.5) ? milliseconds(4) : milliseconds(4000));
    plan.requests = random_sizes(random, client_streams(plan.kind));
    plan.replies = random_sizes(random, server_streams(plan.kind));
    if (random.chance(0.2)) plan.status = static_cast<StatusCode>(1 + random.below(16));
    if (client_streams(plan.kind) && random.chance(0.2)) plan.stop_after = static_cast<std::uint32_t>(random.below(4));
    if (random.chance(0.3)) plan.server_pause = random_duration(random, milliseconds(random.chance(0.5) ? 3 : 800));
    if (random.chance(0.2)) plan.client_pause = random_duration(random, milliseconds(random.chance(0.5) ? 3 : 800));
    if (random.chance(0.3)) plan.metadata_bytes = static_cast<std::uint32_t>(random.below(3000));
    plans.push_back(std::move(plan));
  }
  // Sometimes more than any buffer holds, for a reader that is slow.
  if (random.chance(0.1)) {
    CallPlan plan;
    plan.id = count;
    plan.kind = kKinds[1 + random.below(3)];
    plan.style = Style::kStreamingCall;
    plan.wait_for_ready = true;
    const std::vector<std::uint32_t> many(200, 50'000);
    const bool up = client_streams(plan.kind);
    const bool down = server_streams(plan.kind);
    plan.requests = up ? many : std::vector<std::uint32_t>{10};
    plan.replies = down ? many : std::vector<std::uint32_t>{10};
    if (up) plan.server_pause = milliseconds(20);
    if (down) plan.client_pause = milliseconds(20);
    plans.push_back(std::move(plan));
  }
  return plans;
}

CallPlan scripted_plan(MethodKind kind) {
  CallPlan plan;
  plan.kind = kind;
  plan.style = kind == MethodKind::kUnary ? Style::kUnaryCall : Style::kStreamingCall;
  const std::vector<std::uint32_t> one{100'000}, many{40'000, 30'000, 40'000};
  plan.requests = client_streams(kind) ? many : one;
  plan.replies = server_streams(kind) ? many : one;
  return plan;
}

}  // namespace godwit::simulation
