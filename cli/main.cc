#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/subcommand.h"

int main(int argc, char** argv) {
  CLI::App app{"Godwit: gRPC and Protocol Buffers"};
  app.set_version_flag("--version", "godwit " GODWIT_VERSION);
  app.require_subcommand(1);

  // The flags of `compile` are protoc's, which no general parser reads: it gets everything behind its name as it is.
  std::vector<std::string> compile_arguments;
  CLI::App* compile = app.add_subcommand("compile", "Compile .proto files; the flags are those of protoc");
  compile->set_help_flag();
  compile->prefix_command();

  CLI11_PARSE(app, argc, argv);
  if (compile->parsed()) return godwit::cli::compile(compile->remaining());
  return 0;
}
