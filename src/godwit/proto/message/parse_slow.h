#pragma once

#include <cstdint>
#include <string>

#include "godwit/base/block.h"
#include "godwit/proto/message/message.h"
#include "godwit/proto/wire/decode_error.h"

// Between parser.cc, the loop, and parse_slow.cc, what it seldom needs. Not for users.

namespace godwit::proto {

// A message around the one that is being read.
struct ParseFrame {
  const std::uint8_t* end;
  void* message;
  const MessageTable* table;
  const FieldEntry* field;  // the one that was entered
};

struct ParseState {
  Arena* arena;
  const BlockRef* owner;  // of the input; null when strings must be copied
  bool discard_unknown;
  // Where it failed, and the messages around that place. Set on failure only.
  const std::uint8_t* failed_at;
  const ParseFrame* failed_frame;
  const MessageTable* failed_table;
  void* failed_message;
  const FieldEntry* failed_field;

  ParseState(Arena* memory, const BlockRef* input_owner, bool discard)
      : arena(memory), owner(input_owner), discard_unknown(discard) {}
};

struct SlowParsed {
  const std::uint8_t* next;  // on failure: the place of the error
  DecodeErrorKind error;
};

// A field of a known number: with the other wire type that repeated numbers allow, of a rare kind, or with a wire type
// that makes it unknown. `p` stands behind the tag.
SlowParsed parse_slow_field(ParseState& state, void* message, const MessageTable& table, const FieldEntry& field,
                            std::uint32_t tag, const std::uint8_t* p, const std::uint8_t* end);

// Skips a field and keeps it, tag and all, in the message. `p` stands behind the tag.
SlowParsed keep_unknown(ParseState& state, void* message, const MessageTable& table, std::uint32_t tag,
                        const std::uint8_t* p, const std::uint8_t* end);

struct MapParsed {
  const std::uint8_t* next;
  DecodeErrorKind error;
  // Not null when the caller must read [next, next + length) into `message`: the value, or the whole entry when its
  // parts come in an unusual order.
  Message* message;
  const MessageTable* table;
  std::uint32_t length;
};

// One entry of a map field, [p, end).
MapParsed parse_map_entry(ParseState& state, void* message, const FieldEntry& field, const std::uint8_t* p,
                          const std::uint8_t* end);

// "articles[3].title"
std::string failed_path(const ParseState& state, const ParseFrame* frames);

}  // namespace godwit::proto
