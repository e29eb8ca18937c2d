#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "godwit/base/bytes.h"
#include "godwit/base/result.h"
#include "godwit/http/field.h"

namespace godwit::http2::hpack {

// Why a field block could not be decoded. All but kListTooLarge are COMPRESSION_ERRORs of the connection
// (RFC 9113 section 4.3): the table's state is lost.
enum class DecodeErrorKind : std::uint8_t {
  kTruncated,          // the block ends inside a representation
  kIntegerOverflow,    // RFC 7541 section 5.1
  kBadIndex,           // section 2.3.3: index 0, or past both tables
  kBadHuffman,         // section 5.2: EOS inside, or padding longer than 7 bits or not all ones
  kTableSizeTooLarge,  // section 4.2: an update above what was acknowledged
  kMisplacedUpdate,    // section 4.2: a size update that is not at the beginning of the block, or one that is due is missing
  kListTooLarge,       // the block was decoded, so the table is in step, but the list is above the limit: fields are incomplete
};
struct DecodeError {
  DecodeErrorKind kind;
  std::size_t offset;  // of the offending byte in the block
};
const char* text_of(DecodeErrorKind kind);

// Decodes whole field blocks in the order of the connection (RFC 7541). Holds no memory until the peer uses the
// dynamic table. Not thread-safe.
class Decoder {
 public:
  // `table_size` is the SETTINGS_HEADER_TABLE_SIZE that we advertise; `list_limit` bounds the size of a decoded list,
  // counted as RFC 9113 section 6.5.2 does (name + value + 32 for each field).
  Decoder(std::uint32_t table_size, std::uint32_t list_limit);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // Appends the fields of one complete block to `out` (which is cleared first). The views are valid until the next
  // call of decode() and as long as `block` is: they point into the table, into `block`, or into a scratch buffer.
  // Entries evicted during this call stay readable until the next one.
  Result<void, DecodeError> decode(Bytes block, http::FieldViews& out);

  // Bytes of dynamic table entries as RFC 7541 section 4.1 counts them.
  std::size_t table_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace godwit::http2::hpack
