#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "godwit/base/result.h"

namespace godwit {

// The 17 codes of gRPC, with the numbers of the wire. Beside each: when to choose it over its neighbours.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kCancelled = 1,           // the caller lost interest
  kUnknown = 2,             // an error without a code of its own, or a code this version does not know
  kInvalidArgument = 3,     // wrong whatever the system's state is
  kDeadlineExceeded = 4,    // the time ran out; the work may have been done
  kNotFound = 5,            // the thing asked for is not there
  kAlreadyExists = 6,       // the thing to be made is there
  kPermissionDenied = 7,    // the caller is known and may not
  kResourceExhausted = 8,   // a quota, a size limit, memory
  kFailedPrecondition = 9,  // not in this state: change the state first, do not simply try again
  kAborted = 10,            // a conflict: try the larger transaction again
  kOutOfRange = 11,         // past the end, but may become valid
  kUnimplemented = 12,      // no such method here
  kInternal = 13,           // a broken invariant: a bug
  kUnavailable = 14,        // not now: try the same call again
  kDataLoss = 15,           // data is gone for good
  kUnauthenticated = 16,    // the caller is not known
};

// "OK", "CANCELLED", "INVALID_ARGUMENT", ...; "UNKNOWN" for other numbers.
std::string_view name_of(StatusCode code);
// From the decimal text of a grpc-status field. Any number outside 0..16 is kUnknown (statuscodes.md); text that is no
// number is nothing.
std::optional<StatusCode> parse_status_code(std::string_view text);

// How a call ended. OK has no message. Cheap when it is OK.
class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // A serialized google.rpc.Status: what travels as grpc-status-details-bin. "" when there is none.
  const std::string& details() const { return details_; }
  Status& with_details(std::string bytes) & { return details_ = std::move(bytes), *this; }
  Status&& with_details(std::string bytes) && { return details_ = std::move(bytes), std::move(*this); }
  // "NOT_FOUND: no article with id 7", for logs.
  std::string text() const;
  bool operator==(const Status&) const = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::string details_;
};

// A value or the status that took its place (never OK then).
template <typename T>
using StatusOr = Result<T, Status>;

}  // namespace godwit
