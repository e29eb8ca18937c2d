#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/base/bytes.h"

namespace godwit::rpc {

// Cuts a body into its length-prefixed messages (PROTOCOL-HTTP2.md: one byte of flags, four bytes of length, the
// message). A message that lies in one received slice is a view of it; one that is spread over several is put together
// in a block of its own, once. Bytes in, messages out; knows no time. Not thread-safe.
class MessageAssembler {
 public:
  static constexpr std::size_t kPrefixBytes = 5;

  struct Message {
    Slice bytes;
    bool compressed = false;
  };
  enum class Outcome : std::uint8_t {
    kMessage,     // next() filled in a message
    kNeedMore,    // nothing complete is buffered
    kTooLarge,    // the next message is longer than the limit: length() tells; nothing more can be read
    kBadFlags,    // a flags byte other than 0 or 1: nothing more can be read
  };

  // The common case, without a copy or a reference: when nothing is buffered and `body` is exactly one whole message
  // that is not compressed, fills in a view of that message. Otherwise false, and nothing happened.
  bool try_whole(Bytes body, std::size_t limit, Bytes& message) const {
    if (!at_boundary() || body.size() < kPrefixBytes || body[0] != 0) return false;
    const std::size_t length = load_be32(body.data() + 1);
    if (length > limit || body.size() - kPrefixBytes != length) return false;
    message = body.subspan(kPrefixBytes);
    return true;
  }

  // Bytes that follow what was added before. Keep calling next() after each add() until it needs more.
  void add(const Slice& bytes);
  Outcome next(Message& message, std::size_t limit);

  // The length that the offending or current prefix announces.
  std::size_t length() const { return length_; }
  // True when no part of a message is waiting: a body may end only here.
  bool at_boundary() const { return buffered_ == 0 && prefix_size_ == 0 && !has_length_; }
  // Bytes added and not yet handed out, without prefixes and assembled parts.
  std::size_t buffered() const { return buffered_; }
  void reset();

 private:
  bool take_prefix();

  void drop_front(std::size_t count);

  Slice pending_;            // the slice that is being cut
  std::vector<Slice> more_;  // slices after it, from next_more_ on; used when the reader is slower than the peer
  std::size_t next_more_ = 0;
  BlockRef assembly_;        // a message that spans slices
  std::size_t assembled_ = 0;
  std::uint8_t prefix_[kPrefixBytes];
  std::size_t prefix_size_ = 0;
  std::size_t length_ = 0;
  bool has_length_ = false;
  std::size_t buffered_ = 0;
};

}  // namespace godwit::rpc
