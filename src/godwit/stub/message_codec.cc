#include "godwit/stub/message_codec.h"

namespace godwit::internal {

bool write_prefix(proto::BackwardWriter& writer, std::size_t size) {
  if (size > proto::kMaxMessageBytes) return false;
  std::uint8_t prefix[5] = {0};
  store_be32(prefix + 1, static_cast<std::uint32_t>(size));
  writer.write(prefix);
  return true;
}

bool parse_message(proto::Message& message, Bytes bytes, const BlockRef& owner, std::string& error) {
  // A reference to the block is taken only where strings may point into it.
  const auto result = bytes.size() >= proto::kAliasBytes && owner
                          ? proto::parse(message, Slice(bytes, owner))
                          : proto::parse(message, bytes);
  if (result.ok()) return true;
  error = result.error().message();
  return false;
}

}  // namespace godwit::internal
