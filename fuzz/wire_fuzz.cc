// The binary format of messages: any bytes are read or refused with a place inside of them; what was read is serialized,
// read again and compared, in each way that the library has.
//
// Input: one byte that chooses type and options, then the message.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/generated/google/protobuf/struct.pb.h"
#include "godwit/proto/message/all_types_test.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/message/serializer.h"

namespace {

using namespace godwit;
using namespace godwit::proto;

void require(bool condition) {
  if (!condition) std::abort();
}

const MessageTable& choose(unsigned selector) {
  static AllTypes proto3(true), proto2(false);
  switch (selector & 3) {
    case 0: return *proto3.table;
    case 1: return *proto2.table;
    case 2: return google::protobuf::Struct::internal_table();
    default: return google::protobuf::FileDescriptorProto::internal_table();
  }
}

std::string to_string(const Message& message) {
  std::string out;
  require(append_serialized(message, out, {.deterministic = true}));
  return out;
}

// Copies a message field by field through reflection, unknown fields apart.
void copy(const Message& from, Message& to) {
  for (const FieldEntry& field : from.Table().all_entries()) {
    if (!field.is_field() || !has(from, field)) continue;
    const bool is_message = field.encoding() == Encoding::kMessage && !field.is_map();
    if (field.is_map()) {
      const bool of_messages = field.message->entries()[2].encoding() == Encoding::kMessage;
      for (std::size_t i = 0; i < count(from, field); i++) {
        const Value key = map_key(from, field, i);
        require(map_contains(from, field, key));
        if (of_messages) {
          copy(map_value(from, field, i).message(), mutable_map_message(to, field, key));
        } else {
          map_set(to, field, key, map_value(from, field, i));
        }
      }
    } else if (field.is_repeated()) {
      for (std::size_t i = 0; i < count(from, field); i++) {
        if (is_message) {
          copy(get(from, field, i).message(), add_message(to, field));
        } else {
          add(to, field, get(from, field, i));
        }
      }
    } else if (is_message) {
      copy(get(from, field).message(), mutable_message(to, field));
    } else {
      set(to, field, get(from, field));
    }
  }
  if (!from.UnknownFieldBytes().empty()) to.AppendUnknownFieldBytes(from.UnknownFieldBytes());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned selector = data[0];
  const MessageTable& table = choose(selector);
  // A copy of its own, so that a read past its end is seen.
  const std::vector<std::uint8_t> bytes(data + 1, data + size);
  ParseOptions options;
  options.discard_unknown = (selector & 4) != 0;
  if (selector & 8) options.depth_limit = 5;

  DynamicMessage message(table), other(table);
  const auto parsed = parse(*message, Bytes(bytes), options);
  const auto shared = parse(*other, Slice::copy_of(bytes), options);
  require(parsed.ok() == shared.ok());
  if (!parsed.ok()) {
    require(parsed.error().offset <= bytes.size() && !parsed.error().message().empty());
    require(parsed.error().offset == shared.error().offset && parsed.error().field == shared.error().field);
  }
  // Also after a failure the message is whole.
  const std::string once = to_string(*message);
  require(once == to_string(*other));
  require(message->ByteSizeLong() == once.size());
  if (!parsed.ok()) return 0;

  const auto again = parse(*other, as_bytes(once));
  require(again.ok());
  require(to_string(*other) == once);

  std::vector<std::uint8_t> memory(selector * 3);
  BackwardWriter writer{MutableBytes(memory)};
  require(serialize_backwards(*message, writer, {.deterministic = true}) == once.size());
  std::string pieces;
  writer.append_to(pieces);
  require(pieces == once);

  DynamicMessage copied(table), reflected(table);
  copied->CopyFrom(*message);
  require(to_string(*copied) == once);
  copy(*message, *reflected);
  require(to_string(*reflected) == once);
  return 0;
}
