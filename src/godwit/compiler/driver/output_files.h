#pragma once

#include <string>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"

namespace godwit::compiler {

struct OutputFile {
  std::string path;
  std::string content;
};

// Writes all the files or none: each to a temporary file beside its place first, then they are renamed. Folders below
// an existing one are made. A path that is no regular file (/dev/stdout, a pipe) is written directly, last.
Result<void, Error> write_output_files(const std::vector<OutputFile>& files);

}  // namespace godwit::compiler
