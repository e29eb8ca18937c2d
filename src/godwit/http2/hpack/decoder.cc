#include "godwit/http2/hpack/decoder.h"

#include <algorithm>

#include "godwit/http2/hpack/field_check.h"
#include "godwit/http2/hpack/huffman.h"
#include "godwit/http2/hpack/integer.h"
#include "godwit/http2/hpack/static_table.h"

namespace godwit::http2::hpack {
namespace {

constexpr std::uint32_t kNothingDue = 0xffffffff;

// The first bits of representations, RFC 7541 section 6.
constexpr std::uint8_t kIndexed = 0x80;
constexpr std::uint8_t kIncremental = 0x40;
constexpr std::uint8_t kSizeUpdate = 0x20;
constexpr std::uint8_t kNeverIndexed = 0x10;
constexpr std::uint8_t kHuffman = 0x80;

// Scratch space comes in steps of this size.
constexpr std::size_t kScratchStep = 256;

}  // namespace

const char* text_of(DecodeErrorKind kind) {
  switch (kind) {
    case DecodeErrorKind::kTruncated:
      return "the field block ends inside a field";
    case DecodeErrorKind::kIntegerOverflow:
      return "an integer of the field block is too large";
    case DecodeErrorKind::kBadIndex:
      return "the field block refers to an index that no table has";
    case DecodeErrorKind::kBadHuffman:
      return "a string of the field block is not valid Huffman code";
    case DecodeErrorKind::kTableSizeTooLarge:
      return "the field block sets a table size above the acknowledged one";
    case DecodeErrorKind::kMisplacedUpdate:
      return "the field block has a table size update where none may be, or lacks one that is due";
    case DecodeErrorKind::kListTooLarge:
      return "the field list is larger than the advertised limit";
  }
  return "";
}

// The block that is being decoded.
struct Decoder::Block {
  const std::uint8_t* begin;
  const std::uint8_t* p;
  const std::uint8_t* end;
  std::size_t scratch_used;  // by the fields in `out`
  std::uint64_t list_left;   // what the list may still grow by
  const std::uint8_t* over;  // the field that was too much, or nullptr
  DecodeErrorKind error;     // set when a function returns false; p stands at the place

  // Counts a field of the list; false when it does not fit, as nothing that follows.
  bool take(std::uint64_t size, const std::uint8_t* at) {
    if (size > list_left) [[unlikely]] {
      list_left = 0;
      if (over == nullptr) over = at;
      return false;
    }
    list_left -= size;
    return true;
  }

  bool fail(DecodeErrorKind kind, const std::uint8_t* at) {
    error = kind;
    p = at;
    return false;
  }
  Failure<DecodeError> failure() const { return Failure(DecodeError{error, static_cast<std::size_t>(p - begin)}); }

  // Reads an integer; the caller has seen that there is a byte.
  bool read_integer(int prefix_bits, std::uint32_t& value) {
    const std::uint32_t most = (1u << prefix_bits) - 1;
    value = *p++ & most;
    if (value != most) [[likely]]
      return true;
    switch (read_integer_tail(p, end, value)) {
      case IntegerStatus::kDone:
        return true;
      case IntegerStatus::kTruncated:
        return fail(DecodeErrorKind::kTruncated, p);
      case IntegerStatus::kOverflow:
        return fail(DecodeErrorKind::kIntegerOverflow, p);
    }
    return false;
  }
};

// A string literal.
struct Decoder::Text {
  std::string_view view;
  // False: it is too large for any list and any table, so it was checked only and `view` is empty.
  bool stored;
};

Decoder::Decoder(std::uint32_t table_size, std::uint32_t list_limit)
    : table_(std::min(table_size, kInitialTableSize)),
      list_limit_(list_limit),
      allowed_size_(table_size),
      due_size_(kNothingDue) {}

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::acknowledge_table_size(std::uint32_t table_size) {
  allowed_size_ = table_size;
  if (table_size < std::min(table_.max_size(), due_size_)) due_size_ = table_size;
}

Result<void, DecodeError> Decoder::decode_updates(Block& block) {
  while (block.p != block.end && (*block.p & 0xe0) == kSizeUpdate) {
    const std::uint8_t* const at = block.p;
    std::uint32_t size;
    if (!block.read_integer(5, size)) return block.failure();
    if (size > std::min(allowed_size_, due_size_)) {
      block.fail(DecodeErrorKind::kTableSizeTooLarge, at);
      return block.failure();
    }
    due_size_ = kNothingDue;
    table_.set_max_size(size);
  }
  if (due_size_ != kNothingDue) {
    block.fail(DecodeErrorKind::kMisplacedUpdate, block.p);
    return block.failure();
  }
  return {};
}

bool Decoder::decode_huffman(Block& block, Bytes coded, Text& text) {
  // No list and no table takes a string longer than this.
  const std::size_t longest = std::max<std::size_t>(list_limit_, table_.max_size());
  if (block.scratch_used == 0) {
    // Sized for the rest of the block, so that it does not grow again while fields point into it: the rest of the
    // block decodes to at most that much, the list holds at most list_limit_ of it, and beside that there are only
    // the name and the value at hand.
    const auto rest = static_cast<std::size_t>(block.end - coded.data());
    const std::size_t enough = std::min(huffman_room(rest), list_limit_ + 2 * longest);
    if (enough > scratch_size_) {
      scratch_size_ = (enough + kScratchStep - 1) / kScratchStep * kScratchStep;
      scratch_ = std::make_unique_for_overwrite<char[]>(scratch_size_);
    }
  }
  const std::size_t room = scratch_size_ - block.scratch_used;
  char* const to = scratch_.get() + block.scratch_used;
  const std::size_t size = huffman_decode(coded, to, room);
  if (size == kBadHuffman) return block.fail(DecodeErrorKind::kBadHuffman, coded.data());
  text.stored = size <= room;
  if (text.stored) {
    text.view = {to, size};
    block.scratch_used += size;
  }
  return true;
}

bool Decoder::read_text(Block& block, Text& text) {
  if (block.p == block.end) return block.fail(DecodeErrorKind::kTruncated, block.p);
  const bool huffman = (*block.p & kHuffman) != 0;
  std::uint32_t size;
  if (!block.read_integer(7, size)) return false;
  if (size > static_cast<std::size_t>(block.end - block.p)) return block.fail(DecodeErrorKind::kTruncated, block.end);
  const Bytes bytes(block.p, size);
  block.p += size;
  if (huffman) return decode_huffman(block, bytes, text);
  text.view = as_text(bytes);
  text.stored = true;
  return true;
}

bool Decoder::decode_literal(Block& block, http::FieldViews& out) {
  const std::uint8_t* const at = block.p;
  const std::uint8_t first = *at;
  const std::size_t scratch_before = block.scratch_used;
  const bool incremental = (first & kIncremental) != 0;
  std::uint32_t index;
  if (!block.read_integer(incremental ? 6 : 4, index)) return false;

  Text name{{}, true};
  Text value{{}, true};
  http::FieldToken token;
  std::uint8_t flags = 0;
  if (index == 0) {
    if (!read_text(block, name)) return false;
    token = http::token_of(name.view);
    const bool known = !http::name_of(token).empty();
    if (!known && name.stored && !valid_name(name.view)) flags = kBadName;
  } else if (index <= kStaticEntries) {
    name.view = kStaticTable[index - 1].view.name;
    token = kStaticTable[index - 1].view.token;
  } else if (index - kStaticEntries <= table_.count()) {
    const DecoderTable::Entry& entry = table_.at(index - kStaticEntries - 1);
    name.view = entry.view.name;
    token = entry.view.token;
    flags = entry.flags & kBadName;
  } else {
    return block.fail(DecodeErrorKind::kBadIndex, at);
  }
  if (!read_text(block, value)) return false;
  if (!valid_characters(value.view)) flags |= kBadValue;
  if (blank_at_edge(value.view)) flags |= kBlankAtEdge;
  flags_ |= flags;

  // What is not stored fits neither the list nor the table, whatever size is given here.
  const bool stored = name.stored && value.stored;
  const std::uint64_t size =
      stored ? std::uint64_t{name.view.size()} + value.view.size() + kEntryOverhead : ~std::uint64_t{0};
  const bool listed = block.take(size, at);
  if (incremental) {
    const DecoderTable::Entry* entry = nullptr;
    if (stored) {
      entry = table_.insert(name.view, value.view, token, flags, out, listed);
    } else {
      table_.clear();
    }
    if (entry != nullptr) {
      block.scratch_used = scratch_before;
      if (listed) out.push_back(entry->view);
      return true;
    }
  }
  if (!listed) {
    block.scratch_used = scratch_before;
    return true;
  }
  if ((first & (kIncremental | kNeverIndexed)) == kNeverIndexed) {
    never_indexed_ |= std::uint64_t{1} << std::min<std::size_t>(out.size(), 63);
  }
  out.push_back({name.view, value.view, token, nullptr});
  return true;
}

// The hot path: indexed fields of one byte that are in a table and within the limit. Stops before the first other one.
[[gnu::flatten]] void Decoder::decode_short_indices(Block& block, http::FieldViews& out) {
  const std::uint8_t* p = block.p;
  const std::uint8_t* const end = block.end;
  const DecoderTable::View table = table_.view();
  std::uint64_t left = block.list_left;
  std::uint8_t flags = 0;
  for (; p != end; ++p) {
    std::uint32_t index = *p - kIndexed - 1u;  // from 0; a large number for index 0 and other representations
    const http::FieldView* field;
    std::uint32_t size;
    if (index < kStaticEntries) {
      field = &kStaticTable[index].view;
      size = kStaticTable[index].size;
      if (size > left) [[unlikely]]
        break;
    } else {
      index -= kStaticEntries;
      if (index >= std::min(table.count, 0x7f - 1 - kStaticEntries)) [[unlikely]]
        break;
      const DecoderTable::Entry& entry = table.at(index);
      field = &entry.view;
      size = entry.size;
      if (size > left) [[unlikely]]
        break;
      flags |= entry.flags;
    }
    left -= size;
    out.push_back(*field);
  }
  block.p = p;
  block.list_left = left;
  flags_ |= flags;
}

bool Decoder::decode_indexed(Block& block, http::FieldViews& out) {
  const std::uint8_t* const at = block.p;
  std::uint32_t index;
  if (!block.read_integer(7, index)) return false;
  --index;  // 0, which is no index, becomes the largest number
  if (index < kStaticEntries) {
    const StaticEntry& entry = kStaticTable[index];
    if (block.take(entry.size, at)) out.push_back(entry.view);
  } else if (index - kStaticEntries < table_.count()) {
    const DecoderTable::Entry& entry = table_.at(index - kStaticEntries);
    flags_ |= entry.flags;
    if (block.take(entry.size, at)) out.push_back(entry.view);
  } else {
    return block.fail(DecodeErrorKind::kBadIndex, at);
  }
  return true;
}

Result<void, DecodeError> Decoder::decode(Bytes bytes, http::FieldViews& out) {
  out.clear();
  table_.begin_block();
  flags_ = 0;
  never_indexed_ = 0;
  Block block{bytes.data(), bytes.data(), bytes.data() + bytes.size(), 0, list_limit_, nullptr, {}};
  if (due_size_ != kNothingDue || (!bytes.empty() && (bytes.front() & 0xe0) == kSizeUpdate)) [[unlikely]] {
    if (auto updated = decode_updates(block); !updated) return updated;
  }
  while (true) {
    decode_short_indices(block, out);
    if (block.p == block.end) break;
    bool good;
    if ((*block.p & kIndexed) != 0) {
      good = decode_indexed(block, out);
    } else if ((*block.p & 0xe0) != kSizeUpdate) {
      good = decode_literal(block, out);
    } else {
      good = block.fail(DecodeErrorKind::kMisplacedUpdate, block.p);
    }
    if (!good) [[unlikely]]
      return block.failure();
  }
  if (block.over != nullptr) [[unlikely]] {
    return Failure(DecodeError{DecodeErrorKind::kListTooLarge, static_cast<std::size_t>(block.over - block.begin)});
  }
  return {};
}

}  // namespace godwit::http2::hpack
