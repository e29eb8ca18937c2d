#pragma once

#include <span>
#include <string>

#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler {

// A serialized FileDescriptorSet of linked files. Options that are declared [retention = RETENTION_SOURCE] are left out
// unless `retain_options`.
std::string serialize_descriptor_set(std::span<const proto::FileDescriptor* const> files, bool source_info, bool retain_options);

}  // namespace godwit::compiler
