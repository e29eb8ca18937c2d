#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler {

// The names that --NAME_out may have.
std::vector<std::string> generator_names();
// Null for a name that is none of them.
std::unique_ptr<Generator> make_generator(std::string_view name);

}  // namespace godwit::compiler
