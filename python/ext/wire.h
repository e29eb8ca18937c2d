#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "godwit/base/block.h"
#include "godwit/rpc/metadata.h"

namespace godwit::python {

// Metadata on its way across the border: plain, owned, in order. "-bin" values are raw bytes.
using Entries = std::vector<std::pair<std::string, std::string>>;

// A message with its length prefix (PROTOCOL-HTTP2.md) in front, in one block: one copy of the bytes.
Slice frame_message(std::string_view bytes);

Entries entries_of(const Metadata& metadata);
// False with the reason when an entry may not be sent (see Metadata::add).
bool add_entries(const Entries& entries, Metadata& metadata, std::string& problem);

}  // namespace godwit::python
