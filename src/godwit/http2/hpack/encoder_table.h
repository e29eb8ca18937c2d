#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "godwit/http/field.h"
#include "godwit/http2/hpack/static_table.h"

namespace godwit::http2::hpack {

// A hash for look-ups whose results are compared, or where a wrong hit does no harm: whoever can make values collide
// gains nothing but worse compression for the connection.
std::uint32_t hash_of(std::string_view text, std::uint64_t seed);

// A field name as the encoder's tables see it: names with a token of their own are not compared as text.
struct EncoderName {
  EncoderName(http::FieldToken name_token, std::string_view name_text);

  std::string_view text;
  http::FieldToken token;
  bool known;  // the token says it all
  std::uint32_t hash;
};

// The dynamic table of an encoder, which the peer's decoder mirrors, with look-up by field and by name. A look-up
// inspects a fixed number of places: when too many hashes fall together, an entry is not found, which costs bytes and
// nothing else. Holds at most kMaxSize; allocates at the first insert, by doubling.
class EncoderTable {
 public:
  static constexpr std::uint32_t kMaxSize = 4096;

  std::uint32_t max_size() const { return max_size_; }
  // At most kMaxSize. Evicts what is above the new bound.
  void set_max_size(std::uint32_t max_size);

  // Grows whenever the indices of entries change.
  std::uint32_t version() const { return version_; }

  // HPACK indices (section 2.3.3), 0 when there is no such entry. `hash` is that of the whole field.
  std::uint32_t find(const EncoderName& name, std::string_view value, std::uint32_t hash) const;
  std::uint32_t find_name(const EncoderName& name) const;

  // Inserts an entry, which must not be larger than the table.
  void insert(const EncoderName& name, std::string_view value, std::uint32_t hash);

 private:
  struct Entry {
    std::uint32_t hash;
    std::uint32_t name_hash;
    std::uint32_t text;  // where name and value begin
    std::uint16_t name_size;
    std::uint16_t value_size;
    http::FieldToken token;
  };
  static constexpr std::uint32_t kProbes = 4;  // places a look-up inspects

  const Entry& entry(std::uint32_t number) const { return entries_[number & (slots_ - 1)]; }
  bool is_live(std::uint32_t number) const { return number - tail_ < head_ - tail_; }
  bool same_name(const Entry& entry, const EncoderName& name) const;
  std::uint32_t index_of(std::uint32_t number) const { return kStaticEntries + head_ - number; }
  void evict_to(std::uint32_t size);
  void grow();
  // Enters `number` into a look-up table, at the place of a dead entry or else of the oldest one.
  void enter(std::vector<std::uint32_t>& places, std::uint32_t hash, std::uint32_t number, bool by_name);

  // Entries are counted from the first insert on (modulo 2^32); the slot is the number & (slots_ - 1).
  std::unique_ptr<Entry[]> entries_;
  std::uint32_t slots_ = 0;
  std::uint32_t head_ = 1;  // a place that is 0 refers to no entry for long
  std::uint32_t tail_ = 1;
  std::uint32_t size_ = 0;  // as section 4.1 counts it
  std::uint32_t max_size_ = kMaxSize;
  std::uint32_t version_ = 0;

  // Name and value of the entries, in their order, without gaps; moved to the front when the end is reached.
  std::unique_ptr<char[]> text_;
  std::uint32_t text_size_ = 0;
  std::uint32_t text_head_ = 0;

  // Entry numbers, each within kProbes places from its hash: twice as many places as slots.
  std::vector<std::uint32_t> fields_;
  std::vector<std::uint32_t> names_;
};

}  // namespace godwit::http2::hpack
