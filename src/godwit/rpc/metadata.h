#pragma once

#include <cstddef>
#include <initializer_list>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "godwit/base/arena.h"
#include "godwit/http/field.h"

namespace godwit {

// Keys and values that travel beside a call's messages (PROTOCOL-HTTP2.md, "Custom-Metadata"). Order is kept, keys may
// repeat. Keys are lower case: letters, digits, '_', '-', '.'. Keys that end in "-bin" carry any bytes (base64 is the
// wire's business, not the user's), others printable ASCII. Keys that begin with "grpc-" or ':' belong to the protocol.
//
// The bytes lie in an arena: the call's, or one of its own. Views are valid as long as that. Not thread-safe.
class Metadata {
 public:
  struct Entry {
    std::string_view key;
    std::string_view value;  // of "-bin" keys: the raw bytes
  };

  Metadata() = default;                                 // takes memory of its own at the first add()
  explicit Metadata(Arena& arena) : arena_(&arena) {}   // the arena must outlive this object
  Metadata(std::initializer_list<Entry> entries) {
    for (const Entry& e : entries) add(e.key, e.value);
  }
  Metadata(const Metadata& other);
  Metadata& operator=(const Metadata& other);
  Metadata(Metadata&& other) noexcept;
  Metadata& operator=(Metadata&& other) noexcept;
  ~Metadata();

  // Copies key and value. A key or value that may not be sent is not added: then false is returned, problem() says why, and a
  // call that is given this metadata fails with that text. Upper case letters of the key are lowered.
  bool add(std::string_view key, std::string_view value) { return add(key, value, false); }
  // The same, and keys that begin with "grpc-" may be sent, and values that begin or end with a space. For borders to
  // languages whose users do so ("grpc-trace-bin"); the fields of the protocol itself are theirs to leave out.
  bool add_reserved(std::string_view key, std::string_view value) { return add(key, value, true); }
  const std::string& problem() const { return problem_; }

  // The first value of a key (asked in lower case), or nothing.
  std::optional<std::string_view> find(std::string_view key) const;
  std::size_t count(std::string_view key) const;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Entry* begin() const { return entries_; }
  const Entry* end() const { return entries_ + size_; }
  const Entry& operator[](std::size_t i) const { return entries_[i]; }
  void clear() { size_ = 0; }

  // From the wire: takes a received field as it is; "-bin" values are decoded (padded or not, comma-joined values become
  // several entries). False, and nothing added, when the base64 is bad.
  bool add_received(std::string_view key, std::string_view value);

  // Metadata that lives in `arena`, which must be reset only after this object was cleared with rebind().
  void rebind(Arena& arena);

 private:
  bool add(std::string_view key, std::string_view value, bool reserved);
  void append(std::string_view key, std::string_view value, bool copy_key);
  Arena& arena();

  Entry* entries_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  Arena* arena_ = nullptr;
  bool owns_arena_ = false;
  std::string problem_;
};

// What the wire carries for a "-bin" value: base64 without padding, in `arena`.
std::string_view encode_binary_value(std::string_view bytes, Arena& arena);

}  // namespace godwit
