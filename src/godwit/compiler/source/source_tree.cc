#include "godwit/compiler/source/source_tree.h"

namespace godwit::compiler {

Result<std::unique_ptr<SourceFile>, Error> MemorySourceTree::open(std::string_view name) {
  auto found = files_.find(name);
  if (found != files_.end()) return std::make_unique<SourceFile>(std::string(name), std::string(name), found->second);
  if (const BundledFile* bundled = find_bundled_file(name)) {
    return std::make_unique<SourceFile>(std::string(name), std::string(name), std::string(bundled->text));
  }
  return Failure(Error("\"" + std::string(name) + "\": file not found"));
}

}  // namespace godwit::compiler
