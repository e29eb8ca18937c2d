#include <cstdio>

#include "cli/subcommand.h"
#include "godwit/compiler/driver/compile_command.h"

namespace godwit::cli {

int compile(const std::vector<std::string>& arguments) {
  compiler::CompileSetting setting;
  setting.version = "godwit compile " GODWIT_VERSION;
  const compiler::CompileOutcome outcome = compiler::compile_command(arguments, setting);
  std::fwrite(outcome.out.data(), 1, outcome.out.size(), stdout);
  std::fwrite(outcome.err.data(), 1, outcome.err.size(), stderr);
  return outcome.exit_status;
}

}  // namespace godwit::cli
