#pragma once

#include <cstdint>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/base/result.h"
#include "godwit/proto/message/message.h"
#include "godwit/proto/wire/decode_error.h"

namespace godwit::proto {

struct ParseOptions {
  // Levels of messages below the outermost one.
  std::uint32_t depth_limit = 100;
  // Fields that the type does not declare are dropped instead of kept.
  bool discard_unknown = false;
};

// Strings of at least this many bytes point into the input when the input is a Slice with an owner; the message's arena
// then keeps the block. Shorter ones are copied, so that a name does not pin a receive buffer.
inline constexpr std::size_t kAliasBytes = 512;

// Replaces the content of `message`. On failure the message holds what was read so far. The bytes are not needed any
// more afterwards.
Result<void, DecodeError> parse(Message& message, Bytes bytes, const ParseOptions& options = {});
// The same; long strings share the slice's block.
Result<void, DecodeError> parse(Message& message, const Slice& bytes, const ParseOptions& options = {});

// Adds to the content: single values are replaced, messages merged, lists appended.
Result<void, DecodeError> merge(Message& message, Bytes bytes, const ParseOptions& options = {});
Result<void, DecodeError> merge(Message& message, const Slice& bytes, const ParseOptions& options = {});

}  // namespace godwit::proto
