#include "godwit/compiler/descriptor/descriptor_set.h"

#include "godwit/compiler/options/wire_writer.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler {

std::string serialize_descriptor_set(std::span<const proto::FileDescriptor* const> files, bool source_info, bool retain_options) {
  (void)retain_options;
  std::string out;
  for (const proto::FileDescriptor* file : files) {
    put_tag(1, proto::WireType::kLengthDelimited, out);
    if (!source_info && file->proto().has_source_code_info()) {
      google::protobuf::FileDescriptorProto copy(file->proto());
      copy.clear_source_code_info();
      put_bytes(copy.SerializeAsString(), out);
    } else {
      put_bytes(file->proto().SerializeAsString(), out);
    }
  }
  return out;
}

}  // namespace godwit::compiler
