#pragma once

#include <string>
#include <vector>

// The subcommands of the program `godwit`. Each gets its arguments, without the program's and its own name, and returns
// the exit status.
namespace godwit::cli {

// `godwit compile`: .proto files to code and descriptors; the flags are protoc's. 0, or 1 after errors.
int compile(const std::vector<std::string>& arguments);

}  // namespace godwit::cli
