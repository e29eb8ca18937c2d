#pragma once

#include <cstddef>

namespace godwit::simulation {

// Bytes that this process holds from the allocator now.
std::size_t heap_bytes();

}  // namespace godwit::simulation
