#pragma once

#include <cstdint>

#include "godwit/proto/wire/decode_error.h"

namespace godwit::proto {

struct Skipped {
  const std::uint8_t* next;  // behind the value; on failure the place of the error
  DecodeErrorKind error;
};

// Skips the value whose tag was just read. Groups are skipped to their end tag, nested up to `depth_limit` (at most 100).
Skipped skip_value(std::uint32_t tag, const std::uint8_t* p, const std::uint8_t* end, std::uint32_t depth_limit = 100);

}  // namespace godwit::proto
