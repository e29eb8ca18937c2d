#pragma once

#include <cstdint>

#include "godwit/http/field.h"

namespace godwit::http2 {

// What the engine needs to know of a message.
struct MessageFacts {
  std::int64_t content_length = -1;  // -1: not given
  std::uint16_t status = 0;          // responses
};

// Checks one field list against RFC 9113 section 8: connection-specific fields (8.2.2), pseudo-fields (8.3),
// content-length (8.1.1). The characters of names and values (8.2.1) are the HPACK decoder's business. Returns nullptr,
// or a literal that names the rule that is broken: the message is malformed then.
const char* check_request(const http::FieldViews& fields, MessageFacts& facts);
const char* check_response(const http::FieldViews& fields, MessageFacts& facts);
const char* check_trailers(const http::FieldViews& fields);

}  // namespace godwit::http2
