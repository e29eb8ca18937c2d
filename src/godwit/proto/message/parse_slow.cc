#include "godwit/proto/message/parse_slow.h"

#include "godwit/proto/message/access.h"
#include "godwit/proto/message/layout.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/wire/packed.h"
#include "godwit/proto/wire/skip.h"
#include "godwit/proto/wire/utf8.h"
#include "godwit/proto/wire/varint.h"

namespace godwit::proto {
namespace {

DecodeErrorKind varint_error(const Varint& v) {
  return v.value ? DecodeErrorKind::kBadVarint : DecodeErrorKind::kTruncated;
}

// One number as it stands in a varint or fixed field, to memory. Returns null with *error set when it does not fit.
const std::uint8_t* read_number(Encoding encoding, const std::uint8_t* p, const std::uint8_t* end, void* to,
                                DecodeErrorKind* error) {
  if (encoding == Encoding::kFixed32 || encoding == Encoding::kFixed64) {
    const std::ptrdiff_t size = encoding == Encoding::kFixed32 ? 4 : 8;
    if (end - p < size) return *error = DecodeErrorKind::kTruncated, nullptr;
    std::memcpy(to, p, static_cast<std::size_t>(size));
    return p + size;
  }
  const Varint v = read_varint(p, end);
  if (!v.next) return *error = varint_error(v), nullptr;
  switch (encoding) {
    case Encoding::kInt64: memory_at<std::uint64_t>(to, 0) = v.value; break;
    case Encoding::kSint64: memory_at<std::int64_t>(to, 0) = zigzag_decode(v.value); break;
    case Encoding::kSint32: memory_at<std::int32_t>(to, 0) = zigzag_decode(static_cast<std::uint32_t>(v.value)); break;
    case Encoding::kBool: memory_at<bool>(to, 0) = v.value != 0; break;
    default: memory_at<std::uint32_t>(to, 0) = static_cast<std::uint32_t>(v.value); break;
  }
  return v.next;
}

// Room for one more element of a repeated field.
void* add_element(ParseState& state, void* message, const FieldEntry& field) {
  auto& list = memory_at<RepeatedBase>(message, field.offset());
  const std::size_t size = value_size(field.encoding());
  list.reserve(std::size_t{list.size} + 1, size, *state.arena);
  return static_cast<char*>(list.data) + size * list.size++;
}

bool append_unknown(ParseState& state, void* message, const MessageTable& table, std::uint32_t tag, Bytes value) {
  if (state.discard_unknown || table.is_map_entry()) return true;
  std::uint8_t encoded[5];
  std::uint8_t* tag_begin = write_varint_before(encoded + 5, tag);
  const auto tag_size = static_cast<std::size_t>(encoded + 5 - tag_begin);
  UnknownFields*& unknown = MessageAccess::unknown(*static_cast<Message*>(message));
  std::uint8_t* to = extend_unknown(unknown, tag_size + value.size(), *state.arena);
  if (!to) return false;
  std::memcpy(to, tag_begin, tag_size);
  std::memcpy(to + tag_size, value.data(), value.size());
  return true;
}

// A number of a closed enum that has no name becomes an unknown field, as if it had stood alone.
bool keep_unknown_enum(ParseState& state, void* message, const MessageTable& table, const FieldEntry& field,
                       std::int32_t number) {
  std::uint8_t encoded[10];
  std::uint8_t* begin = write_varint_before(encoded + 10, static_cast<std::uint64_t>(std::int64_t{number}));
  return append_unknown(state, message, table, make_tag(field.number(), WireType::kVarint),
                        Bytes(begin, static_cast<std::size_t>(encoded + 10 - begin)));
}

SlowParsed parse_closed_enum(ParseState& state, void* message, const MessageTable& table, const FieldEntry& field,
                             const std::uint8_t* p, const std::uint8_t* end) {
  const Varint v = read_varint(p, end);
  if (!v.next) return {p, varint_error(v)};
  const auto number = static_cast<std::int32_t>(v.value);
  if (!enum_is_valid(*table.enum_of(field), number)) {
    if (!keep_unknown_enum(state, message, table, field, number)) return {p, DecodeErrorKind::kTooLarge};
    return {v.next, DecodeErrorKind::kNone};
  }
  switch (field.cardinality()) {
    case Cardinality::kRepeated:
    case Cardinality::kPacked:
      memory_at<std::int32_t>(add_element(state, message, field), 0) = number;
      return {v.next, DecodeErrorKind::kNone};
    case Cardinality::kHasBit:
      memory_at<std::uint32_t>(message, kMessageHeader + field.extra.presence / 32 * 4) |= 1u << field.extra.presence % 32;
      break;
    case Cardinality::kOneof:
      memory_at<std::uint32_t>(message, field.extra.presence) = field.number();
      break;
    default:
      break;
  }
  memory_at<std::int32_t>(message, field.offset()) = number;
  return {v.next, DecodeErrorKind::kNone};
}

SlowParsed parse_packed(ParseState& state, void* message, const MessageTable& table, const FieldEntry& field,
                        const std::uint8_t* p, const std::uint8_t* end) {
  const Varint length = read_varint(p, end);
  if (!length.next) return {p, varint_error(length)};
  if (length.value > static_cast<std::uint64_t>(end - length.next)) return {p, DecodeErrorKind::kBadLength};
  p = length.next;
  end = p + length.value;
  while (p < end) {
    if (field.encoding() == Encoding::kClosedEnum) {
      const SlowParsed one = parse_closed_enum(state, message, table, field, p, end);
      if (one.error != DecodeErrorKind::kNone) return one;
      p = one.next;
      continue;
    }
    std::uint64_t value;
    DecodeErrorKind error;
    const std::uint8_t* next = read_number(field.encoding(), p, end, &value, &error);
    if (!next) return {p, error};
    std::memcpy(add_element(state, message, field), &value, value_size(field.encoding()));
    p = next;
  }
  return {p, DecodeErrorKind::kNone};
}

// A key or a value of a map entry, not a message: `text` or the low bytes of `number`, the rest of them zero.
struct MapScalar {
  std::uint64_t number = 0;
  Bytes text;
};

inline bool is_text(const FieldEntry& field) {
  return field.encoding() == Encoding::kString || field.encoding() == Encoding::kBytes;
}

inline const std::uint8_t* read_map_scalar(const FieldEntry& field, const std::uint8_t* p, const std::uint8_t* end,
                                           MapScalar& out, DecodeErrorKind* error) {
  if (!is_text(field) && field.encoding() != Encoding::kMessage) {
    return read_number(field.encoding(), p, end, &out.number, error);
  }
  const Varint length = read_varint(p, end);
  if (!length.next) return *error = varint_error(length), nullptr;
  if (length.value > static_cast<std::uint64_t>(end - length.next)) return *error = DecodeErrorKind::kBadLength, nullptr;
  out.text = Bytes(length.next, static_cast<std::size_t>(length.value));
  return length.next + length.value;
}

inline MapField::Inserted insert(ParseState& state, MapField& map, const MessageTable& table, const MapScalar& key) {
  return is_text(table.entries()[1]) ? map.insert(as_text(key.text), table.object_size, *state.arena)
                                     : map.insert(key.number, table.object_size, *state.arena);
}

// False when it must be UTF-8 and is not.
inline bool set_text(ParseState& state, StringField& field, Bytes text, bool must_be_utf8) {
  if (text.size() >= kAliasBytes && state.owner) {
    state.arena->keep(*state.owner);
    field = StringField(as_text(text));
    return !must_be_utf8 || is_valid_utf8(text);
  }
  auto* to = static_cast<std::uint8_t*>(state.arena->allocate(text.size(), 1));
  field.data = reinterpret_cast<const char*>(to);
  field.size = field.capacity = static_cast<std::uint32_t>(text.size());
  if (must_be_utf8) return copy_utf8(to, text.data(), text.size());
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return true;
}

// Any order, repeated or missing parts, unknown fields: finds the key first; the caller then reads the entry as if it
// were a message.
MapParsed parse_unusual_entry(ParseState& state, void* message, const FieldEntry& field, const std::uint8_t* const begin,
                              const std::uint8_t* end) {
  const MessageTable& table = *field.message;
  const FieldEntry& key_field = table.entries()[1];
  const FieldEntry& value_field = table.entries()[2];
  MapScalar key, value;
  for (const std::uint8_t* p = begin; p < end;) {
    const Varint tag = read_varint(p, end);
    if (!tag.next) return {p, varint_error(tag), nullptr, nullptr, 0};
    if (tag.value > 0xffffffffu) return {p, DecodeErrorKind::kBadTag, nullptr, nullptr, 0};
    DecodeErrorKind error;
    if (tag.value == key_field.tag) {
      p = read_map_scalar(key_field, tag.next, end, key, &error);
      if (!p) return {tag.next, error, nullptr, nullptr, 0};
    } else if (tag.value == value_field.tag && value_field.encoding() == Encoding::kClosedEnum) {
      p = read_map_scalar(value_field, tag.next, end, value, &error);
      if (!p) return {tag.next, error, nullptr, nullptr, 0};
    } else {
      const Skipped skipped = skip_value(static_cast<std::uint32_t>(tag.value), tag.next, end);
      if (skipped.error != DecodeErrorKind::kNone) return {skipped.next, skipped.error, nullptr, nullptr, 0};
      p = skipped.next;
    }
  }
  if (value_field.encoding() == Encoding::kClosedEnum && value.number != 0 &&
      !enum_is_valid(*table.enum_of(value_field), static_cast<std::int32_t>(value.number))) {
    // The whole entry is kept as an unknown field.
    std::uint8_t head[5];
    const auto size = static_cast<std::size_t>(end - begin);
    std::uint8_t* head_begin = write_varint_before(head + 5, size);
    const auto head_size = static_cast<std::size_t>(head + 5 - head_begin);
    const auto& outer = *static_cast<Message*>(message);
    std::string entry(reinterpret_cast<const char*>(head_begin), head_size);
    entry.append(reinterpret_cast<const char*>(begin), size);
    if (!append_unknown(state, message, outer.Table(), field.tag, as_bytes(entry))) {
      return {begin, DecodeErrorKind::kTooLarge, nullptr, nullptr, 0};
    }
    return {end, DecodeErrorKind::kNone, nullptr, nullptr, 0};
  }
  auto [entry, added] = insert(state, memory_at<MapField>(message, field.offset()), table, key);
  if (value_field.encoding() == Encoding::kMessage) {
    memory_at<Message*>(entry, value_field.offset()) = new_message(*value_field.message, *state.arena);
  } else if (!added) {
    std::memset(static_cast<char*>(entry) + value_field.offset(), 0, table.object_size - value_field.offset());
  }
  return {begin, DecodeErrorKind::kNone, static_cast<Message*>(entry), &table, static_cast<std::uint32_t>(end - begin)};
}

}  // namespace

SlowParsed keep_unknown(ParseState& state, void* message, const MessageTable& table, std::uint32_t tag,
                        const std::uint8_t* p, const std::uint8_t* end) {
  const Skipped skipped = skip_value(tag, p, end);
  if (skipped.error != DecodeErrorKind::kNone) return {skipped.next, skipped.error};
  if (!append_unknown(state, message, table, tag, Bytes(p, skipped.next))) return {p, DecodeErrorKind::kTooLarge};
  return {skipped.next, DecodeErrorKind::kNone};
}

SlowParsed parse_slow_field(ParseState& state, void* message, const MessageTable& table, const FieldEntry& field,
                            std::uint32_t tag, const std::uint8_t* p, const std::uint8_t* end) {
  const Encoding encoding = field.encoding();
  const bool is_number = wire_type_of(encoding) != WireType::kLengthDelimited && encoding != Encoding::kGroup;
  const WireType wire_type = tag_wire_type(tag);
  if (field.is_repeated() && is_number) {
    if (wire_type == WireType::kLengthDelimited) return parse_packed(state, message, table, field, p, end);
    if (wire_type == wire_type_of(encoding)) {
      if (encoding == Encoding::kClosedEnum) return parse_closed_enum(state, message, table, field, p, end);
      std::uint64_t value;
      DecodeErrorKind error;
      const std::uint8_t* next = read_number(encoding, p, end, &value, &error);
      if (!next) return {p, error};
      std::memcpy(add_element(state, message, field), &value, value_size(encoding));
      return {next, DecodeErrorKind::kNone};
    }
  }
  if (encoding == Encoding::kClosedEnum && wire_type == WireType::kVarint && !field.is_map()) {
    return parse_closed_enum(state, message, table, field, p, end);
  }
  return keep_unknown(state, message, table, tag, p, end);
}

MapParsed parse_map_entry(ParseState& state, void* message, const FieldEntry& field, const std::uint8_t* p,
                          const std::uint8_t* end) {
  // The usual form: key, value, end.
  const MessageTable& table = *field.message;
  const FieldEntry& key_field = table.entries()[1];
  const FieldEntry& value_field = table.entries()[2];
  MapScalar key, value;
  DecodeErrorKind error;
  const std::uint8_t* q = p;
  if (q == end || *q != key_field.tag || value_field.encoding() == Encoding::kClosedEnum) {
    return parse_unusual_entry(state, message, field, p, end);
  }
  q = read_map_scalar(key_field, q + 1, end, key, &error);
  if (!q || q == end || *q != value_field.tag) return parse_unusual_entry(state, message, field, p, end);
  q = read_map_scalar(value_field, q + 1, end, value, &error);
  if (q != end) return parse_unusual_entry(state, message, field, p, end);

  if (key_field.encoding() == Encoding::kString && !is_valid_utf8(key.text)) {
    return {key.text.data(), DecodeErrorKind::kBadUtf8, nullptr, nullptr, 0};
  }
  void* entry = insert(state, memory_at<MapField>(message, field.offset()), table, key).entry;
  void* slot = static_cast<char*>(entry) + value_field.offset();
  switch (value_field.encoding()) {
    case Encoding::kString:
    case Encoding::kBytes:
      if (!set_text(state, *static_cast<StringField*>(slot), value.text, value_field.encoding() == Encoding::kString)) {
        return {value.text.data(), DecodeErrorKind::kBadUtf8, nullptr, nullptr, 0};
      }
      break;
    case Encoding::kMessage: {
      Message* child = new_message(*value_field.message, *state.arena);
      memory_at<Message*>(slot, 0) = child;
      return {value.text.data(), DecodeErrorKind::kNone, child, value_field.message,
              static_cast<std::uint32_t>(value.text.size())};
    }
    default:
      memory_at<std::uint64_t>(slot, 0) = value.number;
      break;
  }
  return {end, DecodeErrorKind::kNone, nullptr, nullptr, 0};
}

std::string failed_path(const ParseState& state, const ParseFrame* frames) {
  std::string path;
  const auto add = [&path](const MessageTable& table, const FieldEntry& field, const void* message, bool inside) {
    if (table.is_map_entry()) return;  // the map's own name was added
    if (!path.empty()) path += '.';
    path += table.field_name(field);
    if (!field.is_repeated()) return;
    // What is being read may have its place in the list already.
    std::uint32_t index = memory_at<RepeatedBase>(message, field.offset()).size;
    if (index > 0 && (inside || field.encoding() == Encoding::kString || field.encoding() == Encoding::kBytes)) index--;
    path += '[' + std::to_string(index) + ']';
  };
  for (const ParseFrame* f = frames; f != state.failed_frame; f++) add(*f->table, *f->field, f->message, true);
  if (state.failed_field && state.failed_field->is_field()) {
    add(*state.failed_table, *state.failed_field, state.failed_message, false);
  }
  return path;
}

}  // namespace godwit::proto
