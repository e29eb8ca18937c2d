#include "godwit/http2/hpack/encoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "godwit/http2/hpack/encoder_table.h"
#include "godwit/http2/hpack/huffman.h"
#include "godwit/http2/hpack/integer.h"
#include "godwit/http2/hpack/static_table.h"

namespace godwit::http2::hpack {
namespace {

using http::Field;
using http::FieldToken;
using http::Indexing;

// The first bits of representations, RFC 7541 section 6, and the bits of their prefixes.
struct Representation {
  std::uint8_t first;
  int prefix_bits;
};
constexpr Representation kIndexed{0x80, 7};
constexpr Representation kIncremental{0x40, 6};
constexpr Representation kSizeUpdate{0x20, 5};
constexpr Representation kNeverIndexed{0x10, 4};
constexpr Representation kNotIndexed{0x00, 4};

constexpr std::uint32_t kNoUpdate = 0xffffffff;

// What a field takes at most beside its text: three integers.
constexpr std::size_t kFieldMax = 3 * kIntegerMax;
// A larger prepared block is encoded anew each time.
constexpr std::size_t kPreparedMax = 1024;

bool is_volatile(FieldToken token) {
  return token == FieldToken::kGrpcTimeout || token == FieldToken::kGrpcMessage || token == FieldToken::kContentLength;
}

std::uint8_t* put(std::uint8_t* to, Representation representation, std::uint32_t value) {
  return put_integer(to, representation.first, representation.prefix_bits, value);
}

std::uint8_t* put_plain_text(std::uint8_t* to, std::string_view text) {
  to = put_integer(to, 0x00, 7, static_cast<std::uint32_t>(text.size()));
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// Shortened by Huffman code where that helps: for what the peer keeps in its table. What it reads once and forgets goes
// out plain: a quarter of its bytes more, and a third of the whole call's work less on both sides.
std::uint8_t* put_text(std::uint8_t* to, std::string_view text) {
  const std::size_t coded = huffman_size(text);
  if (coded >= text.size()) return put_plain_text(to, text);
  to = put_integer(to, 0x80, 7, static_cast<std::uint32_t>(coded));
  return huffman_encode(text, to);
}

// Hashes that were seen not long ago. A new one takes the place of an old one.
class RecentHashes {
 public:
  // Whether it was there; it is now.
  bool test_and_set(std::uint32_t hash) {
    std::uint32_t& place = places_[hash % places_.size()];
    const bool seen = place == hash;
    place = hash;
    return seen;
  }

 private:
  std::array<std::uint32_t, 64> places_{};
};

}  // namespace

struct Encoder::State {
  // What a prepared list encodes to in one version of the table.
  struct Prepared {
    std::uint32_t id = 0;
    std::uint32_t version = 0;
    std::uint16_t size = 0;
    std::uint16_t capacity = 0;
    std::unique_ptr<std::uint8_t[]> bytes;
  };

  Prepared& prepared(std::uint32_t id) { return prepared_lists[id % prepared_lists.size()]; }
  void keep(std::uint32_t id, Bytes block);
  void reserve(std::size_t size, std::size_t used);
  std::uint8_t* encode_updates(std::uint8_t* to);
  std::uint8_t* encode_field(std::uint8_t* to, const Field& field, bool at_once);
  std::uint8_t* encode_fields(std::uint8_t* to, std::span<const Field> fields, bool at_once);

  EncoderTable table;
  // Size updates that the next block must begin with: the least size since the last block, and the last one.
  std::uint32_t least_size = kNoUpdate;
  std::array<Prepared, 8> prepared_lists;
  RecentHashes recent;
  std::unique_ptr<std::uint8_t[]> out;
  std::size_t out_size = 0;
};

Encoder::Encoder() = default;
Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

Encoder::State& Encoder::state() {
  if (!state_) [[unlikely]]
    state_ = std::make_unique<State>();
  return *state_;
}

void Encoder::set_peer_table_size(std::uint32_t size) {
  size = std::min(size, kTableLimit);
  EncoderTable& table = state().table;
  if (size == table.max_size()) return;
  state_->least_size = std::min(state_->least_size, size);
  table.set_max_size(size);
}

void Encoder::State::keep(std::uint32_t id, Bytes block) {
  if (block.size() > kPreparedMax) return;
  Prepared& list = prepared(id);
  if (list.capacity < block.size()) {
    const std::size_t capacity = (block.size() + 15) / 16 * 16;
    list.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    list.capacity = static_cast<std::uint16_t>(capacity);
  }
  if (!block.empty()) std::memcpy(list.bytes.get(), block.data(), block.size());
  list.size = static_cast<std::uint16_t>(block.size());
  list.id = id;
  list.version = table.version();
}

// Makes room for `size` bytes, of which `used` are written.
void Encoder::State::reserve(std::size_t size, std::size_t used) {
  if (size <= out_size) return;
  std::size_t larger = std::max<std::size_t>(out_size, 128);
  while (larger < size) larger *= 2;
  auto fresh = std::make_unique_for_overwrite<std::uint8_t[]>(larger);
  if (used != 0) std::memcpy(fresh.get(), out.get(), used);
  out = std::move(fresh);
  out_size = larger;
}

std::uint8_t* Encoder::State::encode_updates(std::uint8_t* to) {
  // RFC 7541 section 4.2: the least size and the final one.
  if (least_size == kNoUpdate) return to;
  if (least_size < table.max_size()) to = put(to, kSizeUpdate, least_size);
  least_size = kNoUpdate;
  return put(to, kSizeUpdate, table.max_size());
}

std::uint8_t* Encoder::State::encode_field(std::uint8_t* to, const Field& field, bool at_once) {
  std::uint32_t name_index = static_name_index(field.token, field.name);
  if (name_index != 0 && field.indexing != Indexing::kNever) {
    if (const std::uint32_t index = static_field_index(name_index, field.value)) return put(to, kIndexed, index);
  }
  Representation representation = field.indexing == Indexing::kNever ? kNeverIndexed : kNotIndexed;
  const EncoderName name(field.token, field.name);
  if (field.indexing == Indexing::kAutomatic && !is_volatile(field.token)) {
    const std::uint32_t hash = hash_of(field.value, name.hash);
    if (const std::uint32_t index = table.find(name, field.value, hash)) return put(to, kIndexed, index);
    if (name_index == 0) name_index = table.find_name(name);
    const std::size_t size = field.name.size() + field.value.size() + kEntryOverhead;
    if (size <= table.max_size() / 2) {
      at_once = at_once || (field.token == FieldToken::kPath && field.value.size() <= kLongPath);
      // Both tests must be made: they take note.
      const bool known_field = at_once || recent.test_and_set(hash);
      const bool known_name = !at_once && name_index == 0 && recent.test_and_set(name.hash);
      if (known_field || known_name) {
        to = put(to, kIncremental, name_index);
        if (name_index == 0) to = put_text(to, field.name);
        to = put_text(to, field.value);
        table.insert(name, field.value, hash);
        return to;
      }
    }
  } else if (name_index == 0) {
    name_index = table.find_name(name);
  }
  to = put(to, representation, name_index);
  if (name_index == 0) to = put_text(to, field.name);
  return put_plain_text(to, field.value);
}

std::uint8_t* Encoder::State::encode_fields(std::uint8_t* to, std::span<const Field> fields, bool at_once) {
  std::size_t size = static_cast<std::size_t>(to - out.get());
  const std::size_t used = size;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + kFieldMax;
  reserve(size, used);
  to = out.get() + used;
  for (const Field& field : fields) to = encode_field(to, field, at_once);
  return to;
}

Bytes Encoder::encode(std::span<const Field> fields) {
  State& s = state();
  s.reserve(2 * kIntegerMax, 0);
  std::uint8_t* to = s.encode_updates(s.out.get());
  to = s.encode_fields(to, fields, false);
  return {s.out.get(), to};
}

Bytes Encoder::encode(const http::PreparedFields& first, std::span<const Field> rest) {
  State& s = state();
  State::Prepared& list = s.prepared(first.id());
  // A size update that is due has changed the version too.
  const bool kept = list.id == first.id() && list.version == s.table.version();
  if (kept && rest.empty()) [[likely]]
    return {list.bytes.get(), list.size};

  s.reserve(2 * kIntegerMax + list.size, 0);
  std::uint8_t* to = s.encode_updates(s.out.get());
  if (kept) {
    if (list.size != 0) std::memcpy(to, list.bytes.get(), list.size);
    to += list.size;
  } else {
    const auto begin = to - s.out.get();
    const std::uint32_t version = s.table.version();
    to = s.encode_fields(to, first.fields(), true);
    // What refers to entries that it inserted itself can't be repeated.
    if (s.table.version() == version) s.keep(first.id(), {s.out.get() + begin, to});
  }
  to = s.encode_fields(to, rest, false);
  return {s.out.get(), to};
}

}  // namespace godwit::http2::hpack
