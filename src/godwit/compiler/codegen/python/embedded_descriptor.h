#pragma once

#include <string>
#include <vector>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::compiler::python {

// The FileDescriptorProto as generated code holds it: without places and comments, without options that are meant for
// the source only, and without JSON names that follow from the fields' names.
google::protobuf::FileDescriptorProto embedded_descriptor(const proto::FileDescriptor& file);

// The statements about the parts of the descriptor that protobuf's pure Python implementation needs, because it does
// not keep what it was given: which bytes of the file each declaration is, and options, which are read again when the
// extensions that they use are known. `serialized` is embedded_descriptor() in bytes. One line each.
std::vector<std::string> pure_python_statements(const google::protobuf::FileDescriptorProto& file,
                                                const std::string& serialized);

}  // namespace godwit::compiler::python
