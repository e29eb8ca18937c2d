#pragma once

#include <string_view>
#include <vector>

namespace godwit::proto {

// The candidate that is nearest to `name`, if one is near enough to be what the author meant, else "".
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace godwit::proto
