#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/subcommand.h"

int main(int argc, char** argv) {
  CLI::App app{"Godwit: gRPC and Protocol Buffers"};
  app.set_version_flag("--version", "godwit " GODWIT_VERSION);
  app.require_subcommand(1);

  // The flags of `compile` are protoc's, which no general parser reads: it gets everything behind its name as it is.
  // So does `call`, whose errors say what to type.
  CLI::App* compile = app.add_subcommand("compile", "Compile .proto files; the flags are those of protoc");
  compile->set_help_flag();
  compile->prefix_command();
  CLI::App* call = app.add_subcommand("call", "Call a method of a gRPC server; messages are JSON");
  call->set_help_flag();
  call->prefix_command();

  CLI11_PARSE(app, argc, argv);
  if (compile->parsed()) return godwit::cli::compile(compile->remaining());
  if (call->parsed()) return godwit::cli::call(call->remaining());
  return 0;
}
