#pragma once

#include <cstdint>

#include "godwit/base/arena.h"
#include "godwit/proto/message/map.h"
#include "godwit/proto/message/table.h"

namespace godwit::proto {

// The positions of a map's entries sorted by key: numbers by value, false before true, strings byte by byte. As many as
// the map has; they live in `memory`.
const std::uint32_t* sorted_order(const MapField& map, const MessageTable& entry_table, Arena& memory);

}  // namespace godwit::proto
