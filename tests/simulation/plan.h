#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/random.h"
#include "godwit/base/time.h"
#include "godwit/rpc/method_kind.h"
#include "godwit/rpc/status.h"

namespace godwit::simulation {

// Which part of the client API carries a call.
enum class Style : std::uint8_t {
  kUnaryCall,      // rpc::UnaryCall
  kStreamingCall,  // coroutines on rpc::StreamingCall
  kSink,           // rpc::Call and a CallSink, messages pushed
};

// All that client and server do in one call, chosen before it begins. What the server has to know travels as metadata.
struct CallPlan {
  int id = 0;
  MethodKind kind = MethodKind::kUnary;
  Style style = Style::kUnaryCall;
  Duration start_after{0};  // from the begin of the run
  std::optional<Duration> timeout;
  bool wait_for_ready = false;
  std::optional<Duration> cancel_after;  // from the call's begin
  std::vector<std::uint32_t> requests;   // sizes; one for kinds whose client does not stream
  std::vector<std::uint32_t> replies;
  StatusCode status = StatusCode::kOk;  // what the server says at the end
  std::uint32_t stop_after = kReadAll;  // the server ends the call after that many requests
  Duration server_pause{0};             // before each message that the server reads, and before the status
  Duration client_pause{0};             // before each message that the client reads
  std::uint32_t metadata_bytes = 0;     // sent by the client, and back by the server in a "-bin" key

  static constexpr std::uint32_t kReadAll = 0xffffffff;
};

std::string_view text_of(Style style);
// "call 3: bidi_streaming by streaming_call, 2 requests, ...": for traces and reports.
std::string text_of(const CallPlan& plan);

// The server's part as a metadata value and back.
std::string encode(const CallPlan& plan);
std::optional<CallPlan> decode(std::string_view text);

// The content of a message: depends on call, direction and number, so that no two are alike.
std::string content(int call, bool reply, std::size_t index, std::size_t size);
bool has_content(std::string_view bytes, int call, bool reply, std::size_t index, std::size_t size);
// The text of a status that the server chose.
std::string planned_message(int call, StatusCode code);

// `count` calls with numbers from 0.
std::vector<CallPlan> random_plans(Random& random, int count);
// The calls of runs that place one fault: messages of about 100 KB each way, no chance.
CallPlan scripted_plan(MethodKind kind);

}  // namespace godwit::simulation
