#include "godwit/compiler/source/bundled.h"

#include <string>

namespace godwit::compiler {

const BundledFile* find_bundled_file(std::string_view name) {
  for (std::size_t i = 0; i < kBundledFileCount; ++i) {
    if (kBundledFiles[i].name == name) return &kBundledFiles[i];
  }
  return nullptr;
}

const BundledFile* find_bundled_file_of_type(std::string_view full_name) {
  constexpr std::string_view kPackage = "google.protobuf.";
  if (!full_name.starts_with(kPackage)) return nullptr;
  std::string_view name = full_name.substr(kPackage.size());
  if (name.find('.') != std::string_view::npos) return nullptr;
  for (std::size_t i = 0; i < kBundledFileCount; ++i) {
    if (kBundledFiles[i].text.find("\npackage google.protobuf;") == std::string_view::npos) continue;
    for (const char* kind : {"\nmessage ", "\nenum "}) {
      if (kBundledFiles[i].text.find(kind + std::string(name) + " {") != std::string_view::npos) return &kBundledFiles[i];
    }
  }
  return nullptr;
}

}  // namespace godwit::compiler
