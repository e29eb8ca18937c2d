// The binary format of messages: any bytes are read or refused with a place inside of them; what was read is
// serialized, read again and compared, in each way that the library has.
//
// Input: one byte that chooses type and options (its low 2 bits the type; 4: unknown fields are dropped, 8: 5 levels at
// most, 16: a type with groups instead, 32: 200 levels), then the message.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/generated/google/protobuf/struct.pb.h"
#include "godwit/proto/message/all_types_test.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/message/serializer.h"
#include "godwit/proto/wire/utf8.h"

namespace {

using namespace godwit;
using namespace godwit::proto;

void require(bool condition) {
  if (!condition) std::abort();
}

// proto2: message G { optional group One = 1 { like G }; repeated group Many = 2 { like G };
//                     oneof choice { group Chosen = 3 { like G }; string text = 4; }  optional G g = 5; }
class Groups {
 public:
  Groups() {
    using Field = google::protobuf::FieldDescriptorProto;
    google::protobuf::FileDescriptorProto file;
    file.set_name("groups.proto");
    auto* g = file.add_message_type();
    g->set_name("G");
    g->add_oneof_decl()->set_name("choice");
    const auto add = [&](const char* name, Field::Label label, Field::Type type) {
      Field* field = g->add_field();
      field->set_name(name);
      field->set_number(g->field_size());
      field->set_label(label);
      field->set_type(type);
      if (type != Field::TYPE_STRING) field->set_type_name(".G");
      return field;
    };
    add("one", Field::LABEL_OPTIONAL, Field::TYPE_GROUP);
    add("many", Field::LABEL_REPEATED, Field::TYPE_GROUP);
    add("chosen", Field::LABEL_OPTIONAL, Field::TYPE_GROUP)->set_oneof_index(0);
    add("text", Field::LABEL_OPTIONAL, Field::TYPE_STRING)->set_oneof_index(0);
    add("g", Field::LABEL_OPTIONAL, Field::TYPE_MESSAGE);
    require(pool_.add(file).ok());
    table = *types_.table(*pool_.find_message("G"));
  }
  const MessageTable* table;

 private:
  DescriptorPool pool_;
  DynamicTypes types_;
};

const MessageTable& choose(unsigned selector) {
  static AllTypes proto3(true), proto2(false);
  static Groups groups;
  if (selector & 16) return *groups.table;
  switch (selector & 3) {
    case 0:
      return *proto3.table;
    case 1:
      return *proto2.table;
    case 2:
      return google::protobuf::Struct::internal_table();
    default:
      return google::protobuf::FileDescriptorProto::internal_table();
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
    const bool is_message =
        (field.encoding() == Encoding::kMessage || field.encoding() == Encoding::kGroup) && !field.is_map();
    require(which_oneof(from, field) == (field.cardinality() == Cardinality::kOneof ? field.number() : 0));
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
          set(to, field, i, get(from, field, i));
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

// Field by field back to nothing; what a single field says then is its default.
void clear_all(Message& message) {
  for (const FieldEntry& field : message.Table().all_entries()) {
    if (!field.is_field()) continue;
    clear(message, field);
    require(!has(message, field) && count(message, field) == 0);
    if (field.is_map() || field.is_repeated()) continue;
    const Value value = get(message, field);
    if (value.type() == ValueType::kMessage) require(value.message().ByteSizeLong() == 0);
  }
  message.ClearUnknownFields();
  require(message.ByteSizeLong() == 0);
}

// Each form that a writer's result can be had in.
void check_results(const Message& message, const std::string& expected, std::size_t lent) {
  std::vector<std::uint8_t> memory(lent);
  BackwardWriter writer{MutableBytes(memory)};
  require(serialize_backwards(message, writer, {.deterministic = true}) == expected.size());
  std::string text;
  writer.append_to(text);
  require(text == expected);
  std::vector<std::uint8_t> bytes(expected.size());
  writer.copy_to(bytes.data());
  require(as_text(bytes) == expected);
  bytes.clear();
  writer.append_to(bytes);
  require(as_text(bytes) == expected && as_text(writer.to_slice().bytes()) == expected);
  std::string joined;
  for (const Slice& slice : writer.to_slices()) joined += as_text(slice.bytes());
  require(joined == expected);
  if (writer.is_contiguous()) require(as_text(writer.front()) == expected);
  OutputQueue queue;
  writer.append_to(queue);
  require(append_serialized(message, queue, {.deterministic = true}) && queue.size() == 2 * expected.size());

  require(as_text(serialize(message, {.deterministic = true}).bytes()) == expected);
  std::vector<std::uint8_t> exact(expected.size());
  require(message.SerializeToArray(exact.data(), static_cast<int>(exact.size())));
  if (!exact.empty()) require(!message.SerializeToArray(exact.data(), static_cast<int>(exact.size()) - 1));
}

// What is read in two parts, one after the other, is what is read from both together.
std::string read_twice(const MessageTable& table, Bytes bytes, const ParseOptions& options) {
  std::vector<std::uint8_t> both(bytes.begin(), bytes.end());
  both.insert(both.end(), bytes.begin(), bytes.end());
  DynamicMessage together(table), apart(table);
  require(parse(*together, Bytes(both), options).ok());
  require(parse(*apart, Slice::copy_of(bytes), options).ok() && merge(*apart, Slice::copy_of(bytes), options).ok());
  const std::string result = to_string(*together);
  require(result == to_string(*apart));
  return result;
}

// Merging messages is merging their bytes. (Only of bytes that the library wrote: in others a member of a oneof may
// come and go.)
void check_merging(const Message& message, const std::string& once, const ParseOptions& options) {
  DynamicMessage merged(message.Table());
  merged->CopyFrom(message);
  require(merged->Equals(message) == message.Equals(*merged));
  merged->MergeFrom(message);
  require(to_string(*merged) == read_twice(message.Table(), as_bytes(once), options));
}

// The members that only generated classes have. (Messages are compared by their bytes: NaN is not equal to itself.)
template <typename T>
void check_generated(const std::string& bytes) {
  Arena arena;
  T alone;
  T& inside = *create<T>(arena);
  require(alone.ParseFromString(bytes) && inside.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  require((alone == inside) == (inside == alone));
  T moved(std::move(alone));
  require(to_string(moved) == bytes);
  alone = inside;
  require(to_string(alone) == bytes);
  alone.Clear();
  alone.Swap(&inside);  // of two owners of memory
  require(inside == T::default_instance() && to_string(alone) == bytes);
  T other;
  other.Swap(&alone);  // each has memory of its own
  require(to_string(other) == bytes && alone == T::default_instance());
  inside = std::move(other);
  require(to_string(inside) == bytes);
  if constexpr (std::is_same_v<T, google::protobuf::Struct>) {
    auto fields = moved.mutable_fields();
    for (const auto& [key, value] : inside.fields()) require(fields.contains(key) && fields.erase(key) == 1);
    require(fields.empty() && moved.fields_size() == 0);
  }
}

// Table 3-7 of the Unicode standard, byte by byte.
bool is_utf8(const std::vector<std::uint8_t>& text) {
  const auto in = [&](std::size_t at, unsigned low, unsigned high) {
    return at < text.size() && text[at] >= low && text[at] <= high;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (in(i, 0, 0x7f)) {
      i += 1;
    } else if (in(i, 0xc2, 0xdf) && in(i + 1, 0x80, 0xbf)) {
      i += 2;
    } else if (in(i, 0xe0, 0xef) && in(i + 1, text[i] == 0xe0 ? 0xa0 : 0x80, text[i] == 0xed ? 0x9f : 0xbf) &&
               in(i + 2, 0x80, 0xbf)) {
      i += 3;
    } else if (in(i, 0xf0, 0xf4) && in(i + 1, text[i] == 0xf0 ? 0x90 : 0x80, text[i] == 0xf4 ? 0x8f : 0xbf) &&
               in(i + 2, 0x80, 0xbf) && in(i + 3, 0x80, 0xbf)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
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
  if (selector & 32) options.depth_limit = 200;
  require(is_valid_utf8(Bytes(bytes)) == is_utf8(bytes));

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

  const auto again = parse(*other, as_bytes(once), options);
  require(again.ok());
  require(to_string(*other) == once);

  check_results(*message, once, selector * 3);
  read_twice(table, bytes, options);
  check_merging(*message, once, options);
  if ((selector & 32) == 0) {  // these have the default limit of levels
    if (&table == &google::protobuf::Struct::internal_table()) check_generated<google::protobuf::Struct>(once);
    if (&table == &google::protobuf::FileDescriptorProto::internal_table()) {
      check_generated<google::protobuf::FileDescriptorProto>(once);
    }
  }

  DynamicMessage copied(table), reflected(table);
  copied->CopyFrom(*message);
  require(to_string(*copied) == once);
  copy(*message, *reflected);
  require(to_string(*reflected) == once);
  clear_all(*reflected);
  return 0;
}
