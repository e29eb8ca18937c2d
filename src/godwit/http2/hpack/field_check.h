#pragma once

#include <string_view>

namespace godwit::http2::hpack {

// Whether a name is one that RFC 9113 section 8.2.1 lets pass: not empty, no byte of 0x00 to 0x20, 0x41 to 0x5a (so no
// upper case) or 0x7f to 0xff, and no colon but a single one at the beginning (of a pseudo-field).
bool valid_name(std::string_view name);

// What the section asks of a value: no NUL, LF or CR in it,
bool valid_characters(std::string_view value);
// and neither a space nor a tab at its beginning or end.
bool blank_at_edge(std::string_view value);

}  // namespace godwit::http2::hpack
