// The descriptors of generated code, linked on demand.
#include <mutex>
#include <unordered_map>

#include "godwit/base/assert.h"
#include "godwit/base/log.h"
#include "godwit/proto/message/generated_file.h"
#include "godwit/proto/message/message.h"
#include "godwit/proto/schema/linker.h"

namespace godwit::proto {
namespace {

struct GeneratedPool {
  std::mutex mutex;
  DescriptorPool pool;
  std::unordered_map<const MessageTable*, const MessageDescriptor*> messages;
};

GeneratedPool& generated_pool() {
  static GeneratedPool* pool = new GeneratedPool;  // never destroyed: other statics may use descriptors until the end
  return *pool;
}

const FileDescriptor& link_file(GeneratedPool& generated, const GeneratedFile& file) {
  if (const FileDescriptor* found = generated.pool.find_file(file.name)) return *found;
  for (const GeneratedFile* const* d = file.dependencies; d != nullptr && *d != nullptr; ++d) link_file(generated, **d);
  auto added = generated.pool.add_serialized(as_bytes(file.descriptor));
  if (!added.ok()) {
    log(LogLevel::kError, "proto", "generated code does not link: " + to_text(file.name, added.error()));
    GODWIT_ASSERT(added.ok());
  }
  return **added;
}

}  // namespace

const FileDescriptor& generated_file_descriptor(const GeneratedFile& file) {
  GeneratedPool& generated = generated_pool();
  std::lock_guard lock(generated.mutex);
  return link_file(generated, file);
}

const FileDescriptor* find_generated_file(std::string_view name) {
  for (const GeneratedFile* file : generated_files()) {
    if (file->name == name) return &generated_file_descriptor(*file);
  }
  return nullptr;
}

const MessageDescriptor& message_descriptor(const MessageTable& table) {
  if (table.flags & MessageTable::kDynamic) return *table.descriptor;
  GeneratedPool& generated = generated_pool();
  std::lock_guard lock(generated.mutex);
  const MessageDescriptor*& found = generated.messages[&table];
  if (found == nullptr) {
    GODWIT_ASSERT(table.file != nullptr);
    link_file(generated, *table.file);
    found = generated.pool.find_message(table.full_name());
    GODWIT_ASSERT(found != nullptr);
  }
  return *found;
}

}  // namespace godwit::proto
