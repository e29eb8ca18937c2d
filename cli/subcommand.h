#pragma once

#include <string>
#include <vector>

// The subcommands of the program `godwit`. Each gets its arguments, without the program's and its own name, and returns
// the exit status.
namespace godwit::cli {

// `godwit compile`: .proto files to code and descriptors; the flags are protoc's. 0, or 1 after errors.
int compile(const std::vector<std::string>& arguments);

// `godwit call`: one call of a server's method, JSON in and out. 0, 64 + the status's number, or 1 when no call was made.
int call(const std::vector<std::string>& arguments);

}  // namespace godwit::cli
