// Descriptors from outside, as a peer's reflection service sends them: any bytes as a FileDescriptorSet are linked or
// refused with reasons, and of what links messages can be made.
#include <cstddef>
#include <cstdint>
#include <string>

#include "godwit/base/assert.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/message/serializer.h"
#include "pool_check.h"

namespace {

using namespace godwit;
using namespace godwit::proto;

// An empty message of the type, its default values, and one in which each single field was touched.
void use(DynamicTypes& types, const MessageDescriptor& type) {
  const auto table = types.table(type);
  GODWIT_ASSERT(!table.ok() || !type.is_map_entry());
  if (!table.ok()) {
    GODWIT_ASSERT(!table.error().message.empty());
    return;
  }
  DynamicMessage message(**table);
  GODWIT_ASSERT(message->ByteSizeLong() == 0);
  for (const FieldDescriptor& field : type.fields()) {
    const FieldEntry* entry = entry_of(*message, field);
    GODWIT_ASSERT(entry != nullptr && entry->number() == static_cast<std::uint32_t>(field.number()));
    GODWIT_ASSERT(!has(*message, *entry) && entry->is_map() == field.is_map());
    if (field.is_repeated()) continue;
    const Value value = get(*message, *entry);
    GODWIT_ASSERT(value.type() == field.value_type());
    if (field.value_type() == ValueType::kMessage) {
      (void)mutable_message(*message, *entry);
    } else {
      set(*message, *entry, value);
    }
  }
  const std::string bytes = message->SerializeAsString();
  DynamicMessage again(**table);
  GODWIT_ASSERT(parse(*again, as_bytes(bytes)).ok() && again->SerializeAsString() == bytes);
  for (const MessageDescriptor& nested : type.messages()) use(types, nested);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The descriptors of generated code keep the same rules.
  static const FileDescriptor* const generated = find_generated_file("google/protobuf/descriptor.proto");
  static const bool checked = (fuzz::check_file(*generated), true);
  GODWIT_ASSERT(checked && &google::protobuf::FileDescriptorSet::descriptor().file() == generated);

  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(data, static_cast<int>(size))) return 0;

  DescriptorPool whole;
  const auto added = whole.add(set);
  if (!added.ok()) {
    GODWIT_ASSERT(!added.error().empty() && !to_text("the set", added.error()).empty());
    for (const SchemaError& e : added.error()) GODWIT_ASSERT(!e.message.empty());
  }
  // In the order of the set, where a file may stand before its imports; a file that is refused leaves the pool as it
  // is.
  DescriptorPool one_by_one;
  for (const auto& file : set.file()) {
    const std::size_t before = one_by_one.files().size();
    const auto linked = one_by_one.add(file);
    GODWIT_ASSERT(one_by_one.files().size() == before + (linked.ok() ? 1 : 0));
  }
  for (DescriptorPool* pool : {&whole, &one_by_one}) {
    DynamicTypes types;
    for (const FileDescriptor* file : pool->files()) {
      fuzz::check_file(*file);
      for (const MessageDescriptor& type : file->messages()) use(types, type);
    }
  }
  return 0;
}
