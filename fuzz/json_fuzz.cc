// JSON: any bytes as a text of one of several message types; what parses is printed, parsed again and must be the same.
//
// Input: one byte of options (its low 3 bits choose the type, 8: unknown fields are ignored, 16: all fields are
// printed, 32: names as in the .proto file, 64: enums as numbers, 128: pretty), then the text. What is valid UTF-8 is
// also written as a string and read back.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "godwit/base/json_tokenizer.h"
#include "godwit/base/json_writer.h"
#include "godwit/proto/json/json.h"
#include "godwit/proto/json/json_test_types.h"
#include "godwit/proto/message/serializer.h"

namespace {

using namespace godwit;
using namespace godwit::proto;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string bytes_of(const Message& message) {
  std::string bytes;
  require(append_serialized(message, bytes, {.deterministic = true}));
  return bytes;
}

// Every token lies in the text, and the levels are balanced.
void tokenize(std::string_view text) {
  JsonTokenizer tokens(text, 100);
  std::size_t last = 0;
  while (tokens.next() != JsonToken::kEnd) {
    if (tokens.token() == JsonToken::kError) {
      require(tokens.error().position.offset <= text.size() && !tokens.error().message.empty());
      return;
    }
    require(tokens.offset() >= last && tokens.offset() < text.size() && tokens.depth() <= 100);
    last = tokens.offset();
  }
  require(tokens.depth() == 0);
}

void write_string(std::string_view text) {
  std::string written;
  if (!append_json_string(written, text)) return;
  JsonTokenizer tokens(written);
  require(tokens.next() == JsonToken::kString && tokens.text() == text && tokens.next() == JsonToken::kEnd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto& types = *new JsonTestTypes;
  constexpr std::string_view kNames[] = {"Scalars",   "Lists",     "Maps",    "Choice",
                                         "WellKnown", "WellKnown", "Unusual", "Legacy"};
  if (size == 0) return 0;
  const std::uint8_t options = data[0];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  tokenize(text);
  write_string(text);
  const MessageTable& table = types.table(kNames[options & 7]);
  JsonParseOptions parse{.ignore_unknown_fields = (options & 8) != 0, .types = &types.registry()};
  JsonPrintOptions print{.types = &types.registry()};
  print.always_print_fields_without_presence = (options & 16) != 0;
  print.preserve_proto_field_names = (options & 32) != 0;
  print.enums_as_ints = (options & 64) != 0;
  print.pretty = (options & 128) != 0;

  DynamicMessage message(table);
  // The same bytes as a serialized message, which may well have no JSON form.
  if (message->ParseFromString(text)) (void)to_json(*message, print);
  const auto parsed = from_json(text, *message, parse);
  if (!parsed.ok()) {
    require(parsed.error().position.offset <= text.size() && !parsed.error().to_text().empty());
    return 0;
  }
  const auto printed = to_json(*message, print);
  require(printed.ok());
  DynamicMessage again(table);
  require(from_json(*printed, *again, parse).ok());
  // A NullValue of another number than 0 is printed as null too, and null is read as 0 (struct.proto).
  if (printed->find("\"null") != std::string::npos) return 0;
  require(bytes_of(*again) == bytes_of(*message));
  return 0;
}
