#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "godwit/base/assert.h"
#include "godwit/proto/generated/google/protobuf/any.pb.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/generated/google/protobuf/duration.pb.h"
#include "godwit/proto/generated/google/protobuf/empty.pb.h"
#include "godwit/proto/generated/google/protobuf/field_mask.pb.h"
#include "godwit/proto/generated/google/protobuf/struct.pb.h"
#include "godwit/proto/generated/google/protobuf/timestamp.pb.h"
#include "godwit/proto/generated/google/protobuf/wrappers.pb.h"
#include "godwit/proto/json/json.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::proto {

#include "godwit/proto/json/testdata/descriptors.inc"

// The types of testdata/*.proto, linked into a pool; for tests and the fuzzer.
class JsonTestTypes {
 public:
  JsonTestTypes() {
    namespace pb = google::protobuf;
    for (const MessageDescriptor* type : {&pb::Any::descriptor(), &pb::Duration::descriptor(), &pb::Empty::descriptor(), &pb::FieldMask::descriptor(),
                                          &pb::Struct::descriptor(), &pb::Timestamp::descriptor(), &pb::Int32Value::descriptor()}) {
      GODWIT_ASSERT(pool.add(type->file().proto()).ok());
    }
    google::protobuf::FileDescriptorSet set;
    GODWIT_ASSERT(set.ParseFromString(kJsonTestDescriptors));
    GODWIT_ASSERT(pool.add(set).ok());
    registry_.emplace(pool);
  }
  const TypeRegistry& registry() const { return *registry_; }
  // The type json_test.NAME.
  const MessageTable& table(std::string_view name) {
    const MessageDescriptor* type = pool.find_message("json_test." + std::string(name));
    GODWIT_ASSERT(type != nullptr);
    const auto table = types.table(*type);
    GODWIT_ASSERT(table.ok());
    return **table;
  }

  DescriptorPool pool;
  DynamicTypes types;

 private:
  std::optional<TypeRegistry> registry_;  // made when the pool is complete
};

}  // namespace godwit::proto
