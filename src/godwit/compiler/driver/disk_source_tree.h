#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "godwit/compiler/source/source_tree.h"

namespace godwit::compiler {

// The folders of -I: where import names are looked for, in their order, and then among the bundled files.
class DiskSourceTree : public SourceTree {
 public:
  // `virtual_path` stands in front of the names of what lies in `disk_path`; usually "".
  void map(std::string virtual_path, std::string disk_path);

  Result<std::unique_ptr<SourceFile>, Error> open(std::string_view name) override;

  // The import name of a file that is named by its path on the command line. The error's text is complete.
  Result<std::string, Error> import_name_of(const std::string& disk_file) const;

 private:
  struct Mapping {
    std::string virtual_path, disk_path;
  };
  // "" when the mapping does not lead to this name.
  static std::string disk_path_of(const Mapping& mapping, std::string_view name);
  std::vector<Mapping> mappings_;
};

// Reads a whole file.
Result<std::string, Error> read_file(const std::string& path);

}  // namespace godwit::compiler
