#pragma once

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/schema/descriptor.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::compiler {

// Takes out of a file's options what is declared [retention = RETENTION_SOURCE], and its entries in source_code_info.
// `file` is a copy of what `linked` was made of.
void strip_source_options(const proto::FileDescriptor& linked, google::protobuf::FileDescriptorProto& file);
// Whether any option that the pool knows is of that kind, those of extension ranges aside.
bool has_source_options(const proto::DescriptorPool& pool);
// Whether extension ranges of the file have options.
bool has_range_options(const proto::FileDescriptor& linked);

}  // namespace godwit::compiler
