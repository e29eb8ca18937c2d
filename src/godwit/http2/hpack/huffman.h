#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "godwit/base/bytes.h"

namespace godwit::http2::hpack {

// Strings in the Huffman code of RFC 7541 section 5.2.

// How many bytes `text` takes in Huffman code, padding included.
std::size_t huffman_size(std::string_view text);

// Writes the huffman_size(text) bytes of the code to `to`, and nothing behind them. Returns their end.
std::uint8_t* huffman_encode(std::string_view text, std::uint8_t* to);

// With this much room huffman_decode() is fast and never short of it.
constexpr std::size_t huffman_room(std::size_t coded_size) { return coded_size * 8 / 5 + 4; }

inline constexpr std::size_t kBadHuffman = static_cast<std::size_t>(-1);

// Decodes all of `coded` into `to`, which has room for `room` bytes (bytes behind the decoded ones may be
// overwritten within it). Returns the size of the decoded text; when that is more than `room`, only the first `room`
// bytes were written, though all were checked. kBadHuffman when the code has EOS inside or wrong padding.
std::size_t huffman_decode(Bytes coded, char* to, std::size_t room);

}  // namespace godwit::http2::hpack
