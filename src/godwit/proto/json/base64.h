#pragma once

#include <string>
#include <string_view>

namespace godwit::proto {

// RFC 4648, section 4, with padding.
void append_base64(std::string& out, std::string_view bytes);

// Standard (section 4) or URL-safe (section 5) alphabet, not both in one text; with all of its padding or with none.
// Null when `text` was read into `out`, which it replaces; else what is wrong.
const char* parse_base64(std::string_view text, std::string& out);

}  // namespace godwit::proto
