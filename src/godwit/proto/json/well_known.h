#pragma once

#include <cstdint>
#include <string_view>

#include "godwit/proto/message/message.h"
#include "godwit/proto/message/table.h"
#include "godwit/proto/schema/descriptor.h"

namespace godwit::proto {

// Message types with a JSON form of their own. google.protobuf.Empty is not among them: it is an object without
// members.
enum class WellKnown : std::uint8_t {
  kNone,
  kAny,
  kTimestamp,
  kDuration,
  kFieldMask,
  kStruct,
  kValue,
  kListValue,
  kWrapper
};

// By name and by the fields that the form needs: a type that only bears the name is kNone.
WellKnown well_known_of(const MessageTable& table);

// The field of a well-known message whose shape well_known_of() has checked.
inline const FieldEntry& entry(const Message& message, std::uint32_t number) { return *message.Table().find(number); }

// google.protobuf.NullValue, whose JSON form is null.
bool is_null_value(const EnumDescriptor& type);

}  // namespace godwit::proto
