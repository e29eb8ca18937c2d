#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "godwit/proto/message/table.h"

namespace godwit::proto {

// What the generator and DynamicTypes decide alike about a message's table.

// MessageTable::dense_max for these field numbers, which are in ascending order: numbers up to 15 have a place of their
// own, and larger ones as long as at least half of the places are taken.
std::uint32_t choose_dense_max(std::span<const std::uint32_t> numbers);

// How a value of this type is stored and encoded. `closed` is of the enum, `checked_utf8` of a string field.
Encoding choose_encoding(FieldType type, bool closed, bool checked_utf8);

// The wire type of one value.
WireType wire_type_of(Encoding encoding);

// Bytes of one value in an object: 4, 8 or 16. (A bool takes 4, so that every offset is a multiple of 4.)
std::size_t slot_size(Encoding encoding);

}  // namespace godwit::proto
