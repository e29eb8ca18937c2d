#pragma once

#include <cstddef>
#include <cstdint>

#include "godwit/base/bytes.h"

namespace godwit::proto {

// Packed repeated fields of varints.

// How many varints end in these bytes: those without the continuation bit.
std::size_t count_varints(Bytes bytes);

// Decodes all of [p, end) into `out`, which has room for count_varints() values. The last byte must end a varint. The
// 32-bit form keeps the low 32 bits. False when a varint has more than 10 bytes.
bool decode_varints(const std::uint8_t* p, const std::uint8_t* end, std::uint32_t* out);
bool decode_varints(const std::uint8_t* p, const std::uint8_t* end, std::uint64_t* out);

// Writes the values so that they end before `end`; returns the first byte. The caller has room for 10 bytes for each,
// and 8 more: bytes below the result may be overwritten.
std::uint8_t* encode_varints_before(std::uint8_t* end, const std::uint32_t* values, std::size_t count);
// Sign-extended: 10 bytes when negative.
std::uint8_t* encode_varints_before(std::uint8_t* end, const std::int32_t* values, std::size_t count);
std::uint8_t* encode_varints_before(std::uint8_t* end, const std::uint64_t* values, std::size_t count);

}  // namespace godwit::proto
