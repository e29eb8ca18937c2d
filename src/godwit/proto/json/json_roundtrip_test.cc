// Random dynamic messages to JSON and back, with every option; and random damage to JSON texts.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>

#include "godwit/base/random.h"
#include "godwit/proto/json/json.h"
#include "godwit/proto/json/json_test_types.h"
#include "godwit/proto/json/well_known.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/message/serializer.h"

namespace godwit::proto {
namespace {

class Filler {
 public:
  Filler(std::uint64_t seed, JsonTestTypes& types) : random_(seed), types_(types) {}

  void fill(Message& message, int depth) {
    const MessageTable& table = message.Table();
    switch (well_known_of(table)) {
      case WellKnown::kTimestamp: return fill_time(message, -62135596800, 253402300799, false);
      case WellKnown::kDuration: return fill_time(message, -315575999999, 315575999999, true);
      case WellKnown::kAny: return fill_any(message, depth);
      case WellKnown::kValue: return fill_value(message, depth);
      case WellKnown::kFieldMask:
        for (std::uint64_t i = random_.below(4); i > 0; --i) {
          add(message, *table.find(1), Value::of_string(pick({"a", "foo_bar", "a.b_c.d9", "_x"})));
        }
        return;
      default: break;
    }
    for (const FieldEntry& entry : table.all_entries()) {
      if (!entry.is_field() || random_.chance(0.4)) continue;
      if (entry.is_map()) {
        for (std::uint64_t i = random_.below(4); i > 0; --i) fill_map(message, entry, depth);
        continue;
      }
      const MessageTable* const type = table.message_of(entry);
      if (type != nullptr && depth == 0) continue;
      for (std::uint64_t i = entry.is_repeated() ? random_.below(4) : 1; i > 0; --i) {
        if (type != nullptr) {
          fill(entry.is_repeated() ? add_message(message, entry) : mutable_message(message, entry), depth - 1);
        } else if (entry.is_repeated()) {
          add(message, entry, scalar(entry, table.enum_of(entry)));
        } else {
          set(message, entry, scalar(entry, table.enum_of(entry)));
        }
      }
    }
  }

 private:
  std::string_view pick(std::initializer_list<std::string_view> choices) { return choices.begin()[random_.below(choices.size())]; }

  template <typename T>
  T integer() {
    switch (random_.below(5)) {
      case 0: return std::numeric_limits<T>::min();
      case 1: return std::numeric_limits<T>::max();
      case 2: return T{1};
      case 3: return static_cast<T>(random_.below(1000));
      default: return static_cast<T>(random_.next());
    }
  }
  double number() {
    const std::uint64_t bits = random_.next();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    switch (random_.below(6)) {
      case 0: return -0.0;
      case 1: return random_.unit();
      case 2: return std::numeric_limits<double>::infinity();
      default: return value == value ? value : 1.5;
    }
  }
  std::string_view text() {
    text_.clear();
    for (std::uint64_t i = random_.below(20); i > 0; --i) {
      text_ += pick({"a", "Bc", "\"", "\\", "\n", "\x01", "\x7f", "\u00e9", "\u4f60", "\U0001F600", "plain text", "/"});
    }
    return text_;
  }
  std::string_view bytes() {
    text_.clear();
    for (std::uint64_t i = random_.below(20); i > 0; --i) text_ += static_cast<char>(random_.next());
    return text_;
  }

  Value scalar(const FieldEntry& entry, const EnumTable* type) {
    switch (value_type_of(entry.field_type())) {
      case ValueType::kInt32: return Value::of_int32(integer<std::int32_t>());
      case ValueType::kInt64: return Value::of_int64(integer<std::int64_t>());
      case ValueType::kUint32: return Value::of_uint32(integer<std::uint32_t>());
      case ValueType::kUint64: return Value::of_uint64(integer<std::uint64_t>());
      case ValueType::kBool: return Value::of_bool(random_.chance(0.5));
      case ValueType::kDouble: return Value::of_double(number());
      case ValueType::kFloat: return Value::of_float(static_cast<float>(random_.unit() * 1e10));
      case ValueType::kString: return Value::of_string(text());
      case ValueType::kBytes: return Value::of_bytes(bytes());
      case ValueType::kEnum:
        if (type == nullptr || std::string_view(type->full_name()) == "google.protobuf.NullValue") return Value::of_enum(0);
        return Value::of_enum(!type->closed && random_.chance(0.2) ? 77 : type->values[random_.below(type->value_count)].number);
      case ValueType::kMessage: break;
    }
    return {};
  }

  void fill_map(Message& message, const FieldEntry& entry, int depth) {
    const FieldEntry& value = entry.message->entries()[2];
    const std::string key_text(text());
    Value key = scalar(entry.message->entries()[1], nullptr);
    if (key.type() == ValueType::kString) key = Value::of_string(key_text);
    if (entry.message->message_of(value) == nullptr) {
      map_set(message, entry, key, scalar(value, entry.message->enum_of(value)));
    } else if (depth > 0 && !map_contains(message, entry, key)) {
      fill(mutable_map_message(message, entry, key), depth - 1);
    }
  }

  void fill_time(Message& message, std::int64_t min, std::int64_t max, bool is_signed) {
    const auto seconds = min + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(max - min) + 1));
    auto nanos = static_cast<std::int32_t>(random_.below(1000000000));
    if (random_.chance(0.3)) nanos -= nanos % 1000000;
    if (random_.chance(0.3)) nanos = 0;
    set(message, *message.Table().find(1), Value::of_int64(seconds));
    set(message, *message.Table().find(2), Value::of_int32(is_signed && seconds < 0 ? -nanos : nanos));
  }

  void fill_any(Message& message, int depth) {
    if (depth == 0) return;
    const std::string_view name = pick({"json_test.Scalars", "json_test.Lists", "json_test.Choice", "google.protobuf.Duration", "google.protobuf.Any",
                                        "google.protobuf.Value", "google.protobuf.Empty", "google.protobuf.BytesValue"});
    const MessageTable* table = types_.registry().find(name);
    ASSERT_NE(table, nullptr) << name;
    Arena arena;
    Message& content = *Message::create(*table, arena);
    fill(content, depth - 1);
    set(message, *message.Table().find(1), Value::of_string("type.googleapis.com/" + std::string(name)));
    std::string bytes;
    ASSERT_TRUE(append_serialized(content, bytes, {.deterministic = true}));
    set(message, *message.Table().find(2), Value::of_bytes(bytes));
  }

  void fill_value(Message& message, int depth) {
    const auto field = [&](std::uint32_t number) -> const FieldEntry& { return *message.Table().find(number); };
    switch (random_.below(depth > 0 ? 6 : 4)) {
      case 0: return set(message, field(1), Value::of_enum(0));
      case 1: return set(message, field(2), Value::of_double(random_.unit() * 1000));
      case 2: return set(message, field(3), Value::of_string(text()));
      case 3: return set(message, field(4), Value::of_bool(random_.chance(0.5)));
      case 4: return fill(mutable_message(message, field(5)), depth - 1);
      default: return fill(mutable_message(message, field(6)), depth - 1);
    }
  }

  SeededRandom random_;
  JsonTestTypes& types_;
  std::string text_;
};

std::string bytes_of(const Message& message) {
  std::string out;
  EXPECT_TRUE(append_serialized(message, out, {.deterministic = true}));
  return out;
}

TEST(JsonRoundTrip, RandomMessages) {
  JsonTestTypes types;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    for (const std::string_view name : {"Scalars", "Lists", "Maps", "Choice", "WellKnown", "Unusual", "Legacy"}) {
      DynamicMessage message(types.table(name));
      Filler(seed, types).fill(*message, 4);
      JsonPrintOptions print{.types = &types.registry()};
      print.always_print_fields_without_presence = seed & 1;
      print.preserve_proto_field_names = seed & 2;
      print.enums_as_ints = seed & 4;
      print.pretty = seed & 8;
      const auto text = to_json(*message, print);
      ASSERT_TRUE(text.ok()) << text.error().message;
      DynamicMessage again(types.table(name));
      const auto parsed = from_json(*text, *again, {.types = &types.registry()});
      ASSERT_TRUE(parsed.ok()) << seed << " " << parsed.error().to_text() << "\n" << *text;
      ASSERT_EQ(bytes_of(*again), bytes_of(*message)) << seed << " " << *text;
      const auto text_again = to_json(*again, print);
      ASSERT_TRUE(text_again.ok());
      ASSERT_EQ(*text_again, *text);
    }
  }
}

TEST(JsonRoundTrip, DamagedTextsAreErrorsOrMessages) {
  JsonTestTypes types;
  SeededRandom random(7);
  int errors = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    for (const std::string_view name : {"Maps", "WellKnown"}) {
      DynamicMessage message(types.table(name));
      Filler(seed, types).fill(*message, 3);
      auto text = to_json(*message, {.types = &types.registry()});
      ASSERT_TRUE(text.ok()) << text.error().message;
      const std::size_t at = random.below(text->size());
      switch (random.below(4)) {
        case 0: text->erase(at, 1 + random.below(5)); break;
        case 1: (*text)[at] = static_cast<char>(random.next()); break;
        case 2: text->insert(at, 1, "{}[]\",:0\\"[random.below(9)]); break;
        default: text->resize(at);
      }
      const auto parsed = from_json(*text, *message, {.ignore_unknown_fields = random.chance(0.5), .types = &types.registry()});
      errors += !parsed.ok();
      if (parsed.ok()) {
        EXPECT_TRUE(to_json(*message, {.types = &types.registry()}).ok()) << *text;
      } else {
        EXPECT_LE(parsed.error().position.offset, text->size());
        EXPECT_FALSE(parsed.error().message.empty());
      }
    }
  }
  EXPECT_GT(errors, 300);
}

}  // namespace
}  // namespace godwit::proto
