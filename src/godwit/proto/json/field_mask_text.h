#pragma once

#include <string>
#include <string_view>

namespace godwit::proto {

// One path of a google.protobuf.FieldMask between "user.display_name" and its JSON form "user.displayName". Both append
// to `out` and return null, or say what is wrong: a path that would not come back as it was.
const char* append_json_mask_path(std::string& out, std::string_view path);
const char* append_mask_path_of_json(std::string& out, std::string_view json);

}  // namespace godwit::proto
