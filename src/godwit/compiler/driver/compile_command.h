#pragma once

#include <string>
#include <vector>

#include "godwit/compiler/driver/output_files.h"

// The whole compiler behind protoc's command line: for `godwit compile`, and for `python -m grpc_tools.protoc`.
namespace godwit::compiler {

// Who calls, and what happens to the files.
struct CompileSetting {
  // The name in front of errors about the command line.
  std::string program = "godwit compile";
  // What --version prints.
  std::string version = "godwit compile";
  // What --help prints between "usage: " and " [OPTION]...".
  std::string usage = "godwit compile";
  // Give the files back in CompileOutcome::files and write nothing. Folders named by --NAME_out need not exist.
  bool keep_files = false;
};

struct CompileOutcome {
  int exit_status = 0;            // 0, or 1 after errors: nothing was written then
  std::string out;                // for standard output: --help, --version, --print_free_field_numbers
  std::string err;                // for standard error: diagnostics, each with a newline
  std::vector<OutputFile> files;  // only with keep_files; a path is the folder of --NAME_out, "/" and the name
};

// `arguments` are those behind the program's name. Prints nothing itself. May run in several threads at once; the
// current folder is the process's.
//
// The flags are protoc's (--help lists them). Flags that are not supported are refused by name. With
// --descriptor_set_in=FILE[:FILE]... the files named by the other arguments are taken out of serialized
// FileDescriptorSets instead of .proto files; the sets hold their imports too, but those that are bundled.
CompileOutcome compile_command(const std::vector<std::string>& arguments, const CompileSetting& setting = {});

}  // namespace godwit::compiler
