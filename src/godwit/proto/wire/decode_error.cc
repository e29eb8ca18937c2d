#include "godwit/proto/wire/decode_error.h"

namespace godwit::proto {

const char* describe(DecodeErrorKind kind) {
  switch (kind) {
    case DecodeErrorKind::kNone: return "no error";
    case DecodeErrorKind::kTruncated: return "the input ends inside of a value";
    case DecodeErrorKind::kBadVarint: return "a varint of more than 10 bytes";
    case DecodeErrorKind::kBadTag: return "not a valid field tag";
    case DecodeErrorKind::kBadWireType: return "a wire type that does not exist";
    case DecodeErrorKind::kBadGroup: return "start and end of a group do not match";
    case DecodeErrorKind::kBadLength: return "a length that reaches beyond the end of the message";
    case DecodeErrorKind::kBadUtf8: return "not valid UTF-8";
    case DecodeErrorKind::kTooDeep: return "messages nested too deeply";
    case DecodeErrorKind::kTooLarge: return "more than 2 GiB";
  }
  return "unknown error";
}

std::string DecodeError::message() const {
  std::string text;
  if (!field.empty()) text = field + ": ";
  text += describe(kind);
  text += ", at byte " + std::to_string(offset);
  return text;
}

}  // namespace godwit::proto
