#pragma once

#include <cstdint>
#include <string_view>

#include "godwit/http/field.h"

namespace godwit::http2::hpack {

// The static table, RFC 7541 appendix A. Its indices are 1 to kStaticEntries; the dynamic table follows.
inline constexpr std::uint32_t kStaticEntries = 61;

// What each table entry costs beside its name and value (section 4.1).
inline constexpr std::uint32_t kEntryOverhead = 32;

struct alignas(64) StaticEntry {
  http::FieldView view;
  std::uint32_t size = 0;  // name + value + kEntryOverhead
};

// [index - 1].
extern const StaticEntry kStaticTable[kStaticEntries];

// The index of the first entry with this name, 0 when there is none. `token` must be that of `name`.
std::uint32_t static_name_index(http::FieldToken token, std::string_view name);

// The index of the entry with this name and value, 0 when there is none. Entries whose value is empty, which stand in
// the table for their names, are found too. `name_index` is the result of static_name_index(), not 0.
std::uint32_t static_field_index(std::uint32_t name_index, std::string_view value);

}  // namespace godwit::http2::hpack
