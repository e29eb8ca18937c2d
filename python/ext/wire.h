#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/rpc/metadata.h"

namespace godwit::python {

// Metadata on its way across the border: plain, owned, in order. "-bin" values are raw bytes.
using Entries = std::vector<std::pair<std::string, std::string>>;

// A message with its length prefix (PROTOCOL-HTTP2.md) in front, in one block: one copy of the bytes.
Slice frame_message(std::string_view bytes);

// As Metadata::add_reserved(), for users of this API: what the protocol itself writes ("grpc-timeout", "content-type")
// and what belongs to one HTTP/1.1 connection ("host", "keep-alive") is left out without a word, for instance where a
// gateway hands on all fields of a request. False: problem() says why.
bool add_entry(std::string_view key, std::string_view value, Metadata& metadata);

Entries entries_of(const Metadata& metadata);
// False with the reason when an entry may not be sent (see add_entry).
bool add_entries(const Entries& entries, Metadata& metadata, std::string& problem);
// "" when an entry may be sent.
std::string metadata_problem(std::string_view key, std::string_view value);

// The one key of the protocol that programs give as metadata: a serialized google.rpc.Status. The engine keeps it
// beside the status.
inline constexpr std::string_view kStatusDetailsKey = "grpc-status-details-bin";

// Framed messages on their way to the loop. Small ones are copied behind each other into one buffer that is used again
// and again, large ones become blocks, which the connection links without another copy.
class Outgoing {
 public:
  static constexpr std::size_t kLarge = 4096;

  // Copies the bytes behind a length prefix.
  void add(std::string_view message);
  bool empty() const { return small_.empty() && large_.empty(); }
  // Of what was added since clear(), with prefixes.
  std::size_t size() const { return size_; }
  // Calls small(Bytes) or large(const Slice&) for each message, in order.
  template <typename Small, typename Large>
  void for_each(Small&& small, Large&& large) const {
    std::size_t next_large = 0;
    std::size_t at = 0;
    for (;;) {
      while (next_large < large_.size() && large_[next_large].before == at) large(large_[next_large++].message);
      if (at == small_.size()) return;
      const std::size_t length = kPrefix + load_be32(small_.data() + at + 1);
      small(Bytes(small_.data() + at, length));
      at += length;
    }
  }
  void clear();
  void swap(Outgoing& other) noexcept;

 private:
  static constexpr std::size_t kPrefix = 5;
  struct Large {
    std::size_t before;  // how much of small_ goes before it
    Slice message;
  };
  std::vector<std::uint8_t> small_;
  std::vector<Large> large_;
  std::size_t size_ = 0;
};

}  // namespace godwit::python
