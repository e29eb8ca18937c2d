#include "godwit/compiler/descriptor/descriptor_set.h"

#include "godwit/compiler/descriptor/retention.h"
#include "godwit/compiler/options/wire_writer.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler {

std::string serialize_descriptor_set(std::span<const proto::FileDescriptor* const> files, bool source_info, bool retain_options) {
  std::string out;
  bool any_source_options = !retain_options && !files.empty() && has_source_options(files.front()->pool());
  for (const proto::FileDescriptor* file : files) {
    put_tag(1, proto::WireType::kLengthDelimited, out);
    bool drop_info = !source_info && file->proto().has_source_code_info();
    bool strip = any_source_options || (!retain_options && has_range_options(*file));
    if (!drop_info && !strip) {
      put_bytes(file->proto().SerializeAsString(), out);
      continue;
    }
    google::protobuf::FileDescriptorProto copy(file->proto());
    if (drop_info) copy.clear_source_code_info();
    if (strip) strip_source_options(*file, copy);
    put_bytes(copy.SerializeAsString(), out);
  }
  return out;
}

}  // namespace godwit::compiler
