#include "godwit/stub/codec.h"

namespace godwit {

bool Codec<RawMessage>::parse(RawMessage& message, Bytes bytes, const BlockRef& owner, Arena& arena, std::string&) {
  if (owner && bytes.size() >= 512) {
    arena.keep(owner);
    message.set_view(as_text(bytes));
  } else {
    message.set_bytes(as_text(bytes));
  }
  return true;
}

Slice Codec<RawMessage>::frame(std::string_view bytes) {
  BlockRef block = BlockRef::allocate(bytes.size() + 5);
  block->data()[0] = 0;
  store_be32(block->data() + 1, static_cast<std::uint32_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(block->data() + 5, bytes.data(), bytes.size());
  const Bytes whole{block->data(), bytes.size() + 5};
  return Slice(whole, std::move(block));
}

const MessageType& Codec<RawMessage>::type() {
  static const MessageType type{""};
  return type;
}

}  // namespace godwit
