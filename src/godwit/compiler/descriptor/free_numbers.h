#pragma once

#include <string>

#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler {

// One line for each message of a file, nested ones behind the one that holds them: "pkg.Message    free: 3-4 6-INF".
std::string free_field_numbers(const proto::FileDescriptor& file);

}  // namespace godwit::compiler
