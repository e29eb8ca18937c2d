#pragma once

#include <string>
#include <utility>
#include <vector>

#include "godwit/base/error.h"
#include "godwit/base/result.h"
#include "godwit/compiler/report/diagnostic.h"

namespace godwit::compiler {

// What the command line says.
struct CompileFlags {
  std::vector<std::pair<std::string, std::string>> proto_path;  // virtual path, disk path
  std::vector<std::string> files;
  struct Output {
    std::string generator;  // "cpp"
    std::string parameter;
    std::string directory;
  };
  std::vector<Output> outputs;
  std::string descriptor_set_out;
  std::vector<std::string> descriptor_sets;  // --descriptor_set_in
  std::string dependency_out;
  bool include_imports = false;
  bool include_source_info = false;
  bool retain_options = false;
  bool fatal_warnings = false;
  bool print_free_field_numbers = false;
  bool help = false;
  bool version = false;
  ErrorFormat error_format = ErrorFormat::kGcc;
};

// Reads protoc's flags. `generators` are the names that --NAME_out may have. A failure's text may have a second line,
// which says what to do.
Result<CompileFlags, Error> parse_compile_flags(const std::vector<std::string>& arguments,
                                                const std::vector<std::string>& generators);

// What --help prints below its first line.
extern const char kCompileHelp[];

}  // namespace godwit::compiler
