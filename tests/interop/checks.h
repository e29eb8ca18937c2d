#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "godwit/rpc/status.h"
#include "grpc/testing/messages.pb.h"

// What the cases of interop_client share: a case gives OK, or what was expected and what came.
namespace interop {

using godwit::Status;
using godwit::StatusCode;

inline Status expect(bool fine, std::string what) {
  return fine ? Status() : Status(StatusCode::kFailedPrecondition, std::move(what));
}
inline Status expect_code(const Status& status, StatusCode code) {
  return expect(status.code() == code, "expected " + std::string(name_of(code)) + ", got " + status.text());
}
inline Status expect_status(const Status& status, StatusCode code, std::string_view message) {
  return expect(status.code() == code && status.message() == message,
                "expected " + Status(code, std::string(message)).text() + ", got " + status.text());
}

inline void set_payload(grpc::testing::Payload& payload, int size) {
  payload.set_type(grpc::testing::COMPRESSABLE);
  payload.set_body(std::string(static_cast<std::size_t>(size), '\0'));
}
inline void request_response(grpc::testing::StreamingOutputCallRequest& request, int size) {
  request.set_response_type(grpc::testing::COMPRESSABLE);
  request.add_response_parameters()->set_size(size);
}
inline Status expect_body(const grpc::testing::Payload& payload, int size) {
  return expect(
      payload.body().size() == static_cast<std::size_t>(size),
      "expected a payload of " + std::to_string(size) + " bytes, got " + std::to_string(payload.body().size()));
}

}  // namespace interop
