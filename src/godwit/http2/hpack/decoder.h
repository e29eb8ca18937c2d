#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "godwit/base/bytes.h"
#include "godwit/base/result.h"
#include "godwit/http/field.h"
#include "godwit/http2/hpack/decoder_table.h"

namespace godwit::http2::hpack {

// Why a field block could not be decoded. All but kListTooLarge are COMPRESSION_ERRORs of the connection
// (RFC 9113 section 4.3): the table's state is lost.
enum class DecodeErrorKind : std::uint8_t {
  kTruncated,          // the block ends inside a representation
  kIntegerOverflow,    // RFC 7541 section 5.1: more than 32 bits, or more than 6 bytes
  kBadIndex,           // section 2.3.3: index 0, or past both tables
  kBadHuffman,         // section 5.2: EOS inside, or padding longer than 7 bits or not all ones
  kTableSizeTooLarge,  // section 4.2: an update above what was acknowledged
  kMisplacedUpdate,    // section 4.2: a size update that is not at the beginning of the block, or one that is due is
                       // missing
  kListTooLarge,       // the block was decoded, so the table is in step, but the list is above the limit: fields are
                       // incomplete
};
struct DecodeError {
  DecodeErrorKind kind;
  std::size_t offset;  // of the offending byte in the block
};
const char* text_of(DecodeErrorKind kind);

// Decodes whole field blocks in the order of the connection (RFC 7541). Holds no memory until the peer uses the
// dynamic table or Huffman code. Not thread-safe. A moved-from decoder may only be destroyed or assigned to.
class Decoder {
 public:
  // The size of the table before any SETTINGS_HEADER_TABLE_SIZE takes effect (RFC 9113 section 6.5.2).
  static constexpr std::uint32_t kInitialTableSize = 4096;

  // `table_size` is the SETTINGS_HEADER_TABLE_SIZE that holds for the first block. On a connection that is
  // kInitialTableSize when we advertise less: the peer may use that much until it acknowledges our SETTINGS, and then
  // acknowledge_table_size() is due. More than that the peer must first ask for by a size update.
  // `list_limit` bounds the size of a decoded list, counted as RFC 9113 section 6.5.2 does (name + value + 32 for each
  // field).
  Decoder(std::uint32_t table_size, std::uint32_t list_limit);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // The peer acknowledged SETTINGS with this SETTINGS_HEADER_TABLE_SIZE. When it is below the size that the peer uses,
  // the next block must begin with a size update (RFC 7541 section 4.2).
  void acknowledge_table_size(std::uint32_t table_size);

  // Appends the fields of one complete block to `out` (which is cleared first). The views are valid until the next
  // call of decode() and as long as `block` is: they point into the table, into `block`, or into a scratch buffer.
  // Entries evicted during this call stay readable until the next one, their notes too.
  // After kListTooLarge `out` holds the first fields, those that were within the limit; notes left in them are lost.
  // After any other error the decoder must not be used any more.
  Result<void, DecodeError> decode(Bytes block, http::FieldViews& out);

  // Whether the last block held a field whose name or value breaks RFC 9113 section 8.2.1: the request or
  // response is malformed. Names and values of table entries are checked once, when they enter the table. Says nothing
  // about fields beyond the limit of the list.
  bool malformed() const { return (flags_ & faults_) != 0; }

  // Values with a space or a tab at their beginning or end are no fault from now on: see Options::blanks_around_values.
  void allow_blanks_around_values() { faults_ &= static_cast<std::uint8_t>(~kBlankAtEdge); }

  // Whether field `index` of the last block was a never-indexed literal (RFC 7541 section 6.2.3): whoever forwards it
  // must keep that (http::Indexing::kNever). From the 64th field on, true for all if one of them was.
  bool never_indexed(std::size_t index) const { return never_indexed_ >> (index < 63 ? index : 63) & 1; }

  // Bytes of dynamic table entries as RFC 7541 section 4.1 counts them.
  std::size_t table_bytes() const { return table_.size(); }

 private:
  static constexpr std::uint8_t kBadName = 1;
  static constexpr std::uint8_t kBadValue = 2;
  static constexpr std::uint8_t kBlankAtEdge = 4;

  struct Block;
  struct Text;

  Result<void, DecodeError> decode_updates(Block& block);
  void decode_short_indices(Block& block, http::FieldViews& out);
  bool decode_indexed(Block& block, http::FieldViews& out);
  bool decode_literal(Block& block, http::FieldViews& out);
  bool read_text(Block& block, Text& text);
  bool decode_huffman(Block& block, Bytes coded, Text& text);

  DecoderTable table_;
  std::uint32_t list_limit_;
  std::uint32_t allowed_size_;  // what a size update may ask for
  std::uint32_t due_size_;      // what the next block's first update may not exceed; kNothingDue
  std::uint8_t flags_ = 0;      // of the last block's fields
  std::uint8_t faults_ = 0xff;  // the flags that make a message malformed
  std::uint64_t never_indexed_ = 0;

  // Where Huffman strings are decoded to. Its size is that of the largest block so far, within what list_limit allows.
  std::unique_ptr<char[]> scratch_;
  std::size_t scratch_size_ = 0;
};

}  // namespace godwit::http2::hpack
