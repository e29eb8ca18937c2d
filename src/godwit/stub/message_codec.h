#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "godwit/proto/message/message.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/serializer.h"
#include "godwit/proto/wire/backward_writer.h"
#include "godwit/stub/codec.h"

namespace godwit {

namespace internal {
// Puts the length prefix (PROTOCOL-HTTP2.md) in front of what the writer holds. False above 2 GiB.
bool write_prefix(proto::BackwardWriter& writer, std::size_t size);
bool parse_message(proto::Message& message, Bytes bytes, const BlockRef& owner, std::string& error);
inline constexpr std::size_t kSmallMessage = 4096;  // serialized on the stack
}  // namespace internal

// Generated Protocol Buffers messages.
template <typename T>
struct Codec {
  static T* create(Arena& arena) { return proto::create<T>(arena); }
  static bool parse(T& message, Bytes bytes, const BlockRef& owner, Arena&, std::string& error) {
    return internal::parse_message(message, bytes, owner, error);
  }
  template <typename Sink>
  static bool send(const T& message, Sink&& sink) {
    std::uint8_t memory[internal::kSmallMessage];
    proto::BackwardWriter writer{MutableBytes(memory, sizeof memory)};
    if (!internal::write_prefix(writer, proto::serialize_backwards(message, writer))) return false;
    if (writer.is_contiguous()) return sink(writer.front());
    const std::vector<Slice> pieces = writer.to_slices();
    return sink(Slices(pieces));
  }
  static const MessageType& type() {
    static const MessageType type{T::full_name()};
    return type;
  }
};

}  // namespace godwit
