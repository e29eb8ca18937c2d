#pragma once

#include <cstddef>
#include <string_view>

namespace godwit::compiler {

// The well-known files (google/protobuf/*.proto) that are built into the library.
struct BundledFile {
  std::string_view name;
  std::string_view text;
};
extern const BundledFile kBundledFiles[];
extern const std::size_t kBundledFileCount;

// Null when the name is none of theirs.
const BundledFile* find_bundled_file(std::string_view name);
// The bundled file that declares a type, by its full name without a leading dot; null when there is none.
const BundledFile* find_bundled_file_of_type(std::string_view full_name);

}  // namespace godwit::compiler
