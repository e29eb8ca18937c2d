#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/arena.h"
#include "godwit/base/block.h"
#include "godwit/base/bytes.h"
#include "godwit/rpc/method_kind.h"

namespace godwit {

// A message that stays bytes: for generic clients and servers. Lives in an arena like any other.
class RawMessage {
 public:
  explicit RawMessage(Arena& arena) : arena_(&arena) {}
  std::string_view bytes() const { return bytes_; }
  void set_bytes(std::string_view bytes) { bytes_ = arena_->copy(bytes); }
  // Without a copy: the bytes must live as long as the message.
  void set_view(std::string_view bytes) { bytes_ = bytes; }

 private:
  Arena* arena_;
  std::string_view bytes_;
};

// How messages of one class travel. The primary template is for generated Protocol Buffers messages.
//
//   create   a new, empty message in an arena
//   parse    fills a message from bytes; long strings may point into `owner`, which the arena then keeps. False with
//   the
//            reason and the field's path in `error`
//   send     serializes behind a length prefix (PROTOCOL-HTTP2.md) and calls sink(Bytes), sink(Slice) or sink(Slices)
//            once; bytes and the list of slices live during the call, what slices refer to lives as long as somebody
//            keeps it. What sink returns is returned. False, without a call, above 4 GiB
//   type     one object for each class
template <typename T>
struct Codec;

template <>
struct Codec<RawMessage> {
  static RawMessage* create(Arena& arena) { return arena.create<RawMessage>(arena); }
  static bool parse(RawMessage& message, Bytes bytes, const BlockRef& owner, Arena& arena, std::string& error);
  template <typename Sink>
  static bool send(const RawMessage& message, Sink&& sink) {
    return sink(frame(message.bytes()));
  }
  static const MessageType& type();

 private:
  static Slice frame(std::string_view bytes);
};

}  // namespace godwit
