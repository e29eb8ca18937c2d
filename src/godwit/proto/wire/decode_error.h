#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace godwit::proto {

enum class DecodeErrorKind : std::uint8_t {
  kNone,              // no error
  kTruncated,         // the input, or a length-delimited piece, ends inside of a value
  kBadVarint,         // a varint of more than 10 bytes
  kBadTag,            // field number 0, or a tag of more than 32 bits
  kBadWireType,       // wire type 6 or 7
  kBadGroup,          // an end tag without its start tag, or of another number
  kBadLength,         // a length beyond the end of the message around it
  kBadUtf8,           // a string that is not UTF-8
  kTooDeep,           // more levels of messages than ParseOptions::depth_limit
  kTooLarge,          // more than 2 GiB
};

// Why bytes are not a message of the expected type.
struct DecodeError {
  DecodeErrorKind kind = DecodeErrorKind::kNone;
  std::size_t offset = 0;  // of the byte in the input where reading stopped
  std::string field;       // path of the field, as "articles[3].title"; empty when no field was reached

  // One line, without a full stop: "articles[3].title: not valid UTF-8, at byte 17".
  std::string message() const;
};

// "not valid UTF-8"
const char* describe(DecodeErrorKind kind);

}  // namespace godwit::proto
