#include "godwit/proto/message/parser.h"

#include <algorithm>
#include <memory>

#include "godwit/proto/message/access.h"
#include "godwit/proto/message/parse_slow.h"
#include "godwit/proto/wire/packed.h"
#include "godwit/proto/wire/utf8.h"
#include "godwit/proto/wire/varint.h"

// One loop over all fields of all levels. A field's entry is found by its number, one compare of the whole tag checks
// number and wire type, and the entry's kind leads to its code by a computed goto. An explicit stack holds the messages
// around the current one. Every read is checked against the end of the current message, so p never passes it.
//
// What is rare is in parse_slow.cc: it returns the place to go on at.

namespace godwit::proto {
namespace {

constexpr std::uint32_t kInlineDepth = 100;

inline StringField* grow_strings(RepeatedBase& list, Arena& arena) {
  if (list.size == list.capacity) list.grow(std::size_t{list.size} + 1, sizeof(StringField), arena);
  // Empty, in case that what follows is refused.
  return ::new (static_cast<StringField*>(list.data) + list.size++) StringField();
}

template <typename T>
inline void append(void* message, std::size_t offset, T value, Arena& arena) {
  auto& list = memory_at<RepeatedBase>(message, offset);
  if (list.size == list.capacity) list.grow(std::size_t{list.size} + 1, sizeof(T), arena);
  static_cast<Alias<T>*>(list.data)[list.size++] = value;
}

// The place of a oneof's text, valid from now on even if what follows is refused.
inline StringField& enter_oneof_text(void* message, const FieldEntry& field) {
  auto& text = memory_at<StringField>(message, field.offset());
  auto& which = memory_at<std::uint32_t>(message, field.extra.presence);
  if (which != field.number()) text = StringField();
  which = field.number();
  return text;
}

inline void set_bit(void* message, std::uint32_t bit) {
  memory_at<std::uint32_t>(message, kMessageHeader + bit / 32 * 4) |= 1u << bit % 32;
}

DecodeErrorKind run(Message& root, const std::uint8_t* p, const std::uint8_t* end, ParseState& state,
                    ParseFrame* const frames, ParseFrame* const frames_end) {
  // Indexed by FieldEntry::kind: 16 encodings for each cardinality, in the order of the enums. What parses alike shares.
#define ROW(c)                                                                                                        \
  &&c##_32, &&c##_32, &&c##_64, &&c##_sint32, &&c##_sint64, &&c##_bool, &&c##_fixed32, &&c##_fixed64, &&c##_string,    \
      &&c##_bytes, &&c##_message, &&slow_field, &&slow_field, &&unknown, &&unknown, &&unknown
#define PACKED_ROW                                                                                                    \
  &&packed_32, &&packed_32, &&packed_64, &&slow_field, &&slow_field, &&slow_field, &&packed_fixed32,                   \
      &&packed_fixed64, &&unknown, &&unknown, &&unknown, &&slow_field, &&unknown, &&unknown, &&unknown, &&unknown
#define MAP_ROW                                                                                                       \
  &&unknown, &&unknown, &&unknown, &&unknown, &&unknown, &&unknown, &&unknown, &&unknown, &&unknown, &&unknown, &&map, \
      &&unknown, &&unknown, &&unknown, &&unknown, &&unknown
  static const void* const labels[96] = {ROW(plain), ROW(bit), ROW(oneof), ROW(list), PACKED_ROW, MAP_ROW};

  Arena& arena = *state.arena;
  void* message = &root;
  const MessageTable* table = &root.Table();
  const FieldEntry* entries = table->entries();
  const FieldEntry* e = entries;  // NOLINT(clang-analyzer-deadcode.DeadStores): labels are jumped to
  ParseFrame* frame = frames;
  std::uint32_t tag = 0;
  std::uint32_t length = 0;
  StringField* text;
  const MessageTable* child_table;
  Message* child;
  DecodeErrorKind error;
  // Tags below this are one byte and have their entry at the index of their number.
  std::uint32_t short_tags = std::min<std::uint32_t>((table->dense_max + 1) << 3, 0x80);

#define NEXT                                                                             \
  do {                                                                                   \
    if (p == end) goto pop;                                                              \
    tag = *p;                                                                            \
    if (__builtin_expect(tag >= short_tags, 0)) goto long_tag;                           \
    e = entries + (tag >> 3);                                                            \
    p++;                                                                                 \
    if (__builtin_expect(e->tag != tag, 0)) goto mismatch;                               \
    goto* labels[e->kind];                                                               \
  } while (0)
  // A varint of any length into `var`.
#define READ_VARINT(var)                                            \
  std::uint64_t var;                                                \
  do {                                                              \
    if (__builtin_expect(p != end && *p < 0x80, 1)) {               \
      var = *p++;                                                   \
    } else {                                                        \
      const Varint read = read_varint_long(p, end);                 \
      if (__builtin_expect(!read.next, 0)) {                        \
        error = read.value ? DecodeErrorKind::kBadVarint : DecodeErrorKind::kTruncated; \
        goto fail;                                                  \
      }                                                             \
      var = read.value;                                             \
      p = read.next;                                                \
    }                                                               \
  } while (0)
  // A length into `length`; that many bytes are there.
#define READ_LENGTH                                                                   \
  do {                                                                                \
    if (__builtin_expect(p != end && *p < 0x80, 1)) {                                 \
      length = *p++;                                                                  \
    } else if (end - p >= 2 && p[1] < 0x80) {                                         \
      length = (p[0] & 0x7fu) | static_cast<std::uint32_t>(p[1]) << 7;                \
      p += 2;                                                                         \
    } else {                                                                          \
      const Varint read = read_varint_long(p, end);                                   \
      if (!read.next || read.value > kMaxMessageBytes) goto bad_length;               \
      length = static_cast<std::uint32_t>(read.value);                                \
      p = read.next;                                                                  \
    }                                                                                 \
    if (__builtin_expect(static_cast<std::size_t>(end - p) < length, 0)) goto bad_length; \
  } while (0)
#define READ_FIXED(type, var)                                          \
  type var;                                                            \
  do {                                                                 \
    if (__builtin_expect(end - p < std::ptrdiff_t{sizeof var}, 0)) goto truncated; \
    std::memcpy(&var, p, sizeof var);                                  \
    p += sizeof var;                                                   \
  } while (0)
#define ONEOF_CASE memory_at<std::uint32_t>(message, e->extra.presence) = e->number()
  // The three kinds of single scalars, and the one value of a repeated field that is not packed.
#define SCALAR(name, type, read, value)                     \
  plain_##name : {                                          \
    read;                                                   \
    memory_at<type>(message, e->offset()) = value;          \
    NEXT;                                                   \
  }                                                         \
  bit_##name : {                                            \
    read;                                                   \
    memory_at<type>(message, e->offset()) = value;          \
    set_bit(message, e->extra.presence);                    \
    NEXT;                                                   \
  }                                                         \
  oneof_##name : {                                          \
    read;                                                   \
    memory_at<type>(message, e->offset()) = value;          \
    ONEOF_CASE;                                             \
    NEXT;                                                   \
  }                                                         \
  list_##name : {                                           \
    read;                                                   \
    append<type>(message, e->offset(), value, arena);       \
    NEXT;                                                   \
  }

  NEXT;

  SCALAR(32, std::uint32_t, READ_VARINT(v), static_cast<std::uint32_t>(v))
  SCALAR(64, std::uint64_t, READ_VARINT(v), v)
  SCALAR(sint32, std::int32_t, READ_VARINT(v), zigzag_decode(static_cast<std::uint32_t>(v)))
  SCALAR(sint64, std::int64_t, READ_VARINT(v), zigzag_decode(v))
  SCALAR(bool, bool, READ_VARINT(v), v != 0)
  SCALAR(fixed32, std::uint32_t, READ_FIXED(std::uint32_t, v), v)
  SCALAR(fixed64, std::uint64_t, READ_FIXED(std::uint64_t, v), v)

oneof_string:
  text = &enter_oneof_text(message, *e);
  goto string_value;
bit_string:
  set_bit(message, e->extra.presence);
plain_string:
  text = &memory_at<StringField>(message, e->offset());
string_value:
  READ_LENGTH;
  if (__builtin_expect(length <= 16, 1)) {
    auto* to = static_cast<std::uint8_t*>(arena.allocate(length, 1));
    if (__builtin_expect(!copy_ascii_short(to, p, length), 0) && !is_valid_utf8_long(Bytes(p, length))) goto bad_utf8;
    text->data = reinterpret_cast<const char*>(to);
    text->size = text->capacity = length;
  } else if (length < kAliasBytes || !state.owner) {
    auto* to = static_cast<std::uint8_t*>(arena.allocate(length, 1));
    if (__builtin_expect(!copy_utf8_long(to, p, length), 0)) goto bad_utf8;
    text->data = reinterpret_cast<const char*>(to);
    text->size = text->capacity = length;
  } else {
    if (!is_valid_utf8(Bytes(p, length))) goto bad_utf8;
    arena.keep(*state.owner);
    text->data = reinterpret_cast<const char*>(p);
    text->size = length;
    text->capacity = 0;
  }
  p += length;
  NEXT;
list_string:
  text = grow_strings(memory_at<RepeatedBase>(message, e->offset()), arena);
  goto string_value;

oneof_bytes:
  text = &enter_oneof_text(message, *e);
  goto bytes_value;
bit_bytes:
  set_bit(message, e->extra.presence);
plain_bytes:
  text = &memory_at<StringField>(message, e->offset());
bytes_value:
  READ_LENGTH;
  if (length < kAliasBytes || !state.owner) {
    auto* to = static_cast<std::uint8_t*>(arena.allocate(length, 1));
    if (length <= 16) {
      copy_ascii_short(to, p, length);
    } else {
      std::memcpy(to, p, length);
    }
    text->data = reinterpret_cast<const char*>(to);
    text->size = text->capacity = length;
  } else {
    arena.keep(*state.owner);
    text->data = reinterpret_cast<const char*>(p);
    text->size = length;
    text->capacity = 0;
  }
  p += length;
  NEXT;
list_bytes:
  text = grow_strings(memory_at<RepeatedBase>(message, e->offset()), arena);
  goto bytes_value;

plain_message:
bit_message: {
  READ_LENGTH;
  child_table = e->message;
  auto& slot = memory_at<Message*>(message, e->offset());
  child = slot;
  if (!child) slot = child = new_message(*child_table, arena);
  goto push;
}
oneof_message: {
  READ_LENGTH;
  child_table = static_cast<const MessageTable*>(table->types[e->extra.index]);
  auto& slot = memory_at<Message*>(message, e->offset());
  auto& which = memory_at<std::uint32_t>(message, e->extra.presence);
  if (which != e->number()) slot = nullptr;
  which = e->number();
  child = slot;
  if (!child) slot = child = new_message(*child_table, arena);
  goto push;
}
list_message: {
  READ_LENGTH;
  child_table = e->message;
  auto& list = memory_at<RepeatedBase>(message, e->offset());
  if (list.size == list.capacity) list.grow(std::size_t{list.size} + 1, sizeof(Message*), arena);
  child = new_message(*child_table, arena);
  static_cast<Alias<Message*>*>(list.data)[list.size++] = child;
}
push:
  if (__builtin_expect(frame == frames_end, 0)) goto too_deep;
  *frame++ = {end, message, table, e};
  message = child;
  table = child_table;
  end = p + length;
  entries = table->entries();
  short_tags = std::min<std::uint32_t>((table->dense_max + 1) << 3, 0x80);
  NEXT;

pop:
  if (frame == frames) return DecodeErrorKind::kNone;
  --frame;
  end = frame->end;
  message = frame->message;
  table = frame->table;
  entries = table->entries();
  short_tags = std::min<std::uint32_t>((table->dense_max + 1) << 3, 0x80);
  NEXT;

packed_32: {
  READ_LENGTH;
  if (length == 0) NEXT;
  if (p[length - 1] >= 0x80) goto packed_truncated;
  const std::size_t count = count_varints(Bytes(p, length));
  auto& list = memory_at<RepeatedBase>(message, e->offset());
  list.reserve(list.size + count, 4, arena);
  if (!decode_varints(p, p + length, static_cast<std::uint32_t*>(list.data) + list.size)) goto bad_varint;
  list.size += static_cast<std::uint32_t>(count);
  p += length;
  NEXT;
}
packed_64: {
  READ_LENGTH;
  if (length == 0) NEXT;
  if (p[length - 1] >= 0x80) goto packed_truncated;
  const std::size_t count = count_varints(Bytes(p, length));
  auto& list = memory_at<RepeatedBase>(message, e->offset());
  list.reserve(list.size + count, 8, arena);
  if (!decode_varints(p, p + length, static_cast<std::uint64_t*>(list.data) + list.size)) goto bad_varint;
  list.size += static_cast<std::uint32_t>(count);
  p += length;
  NEXT;
}
packed_fixed32:
packed_fixed64: {
  READ_LENGTH;
  const std::size_t size = value_size(e->encoding());
  if (length % size != 0) goto packed_truncated;
  auto& list = memory_at<RepeatedBase>(message, e->offset());
  const std::size_t count = length / size;
  list.reserve(list.size + count, size, arena);
  if (length != 0) std::memcpy(static_cast<char*>(list.data) + list.size * size, p, length);
  list.size += static_cast<std::uint32_t>(count);
  p += length;
  NEXT;
}

map: {
  READ_LENGTH;
  const MapParsed parsed = parse_map_entry(state, message, *e, p, p + length);
  if (__builtin_expect(parsed.error != DecodeErrorKind::kNone, 0)) {
    p = parsed.next;
    error = parsed.error;
    goto fail;
  }
  p = parsed.next;
  if (!parsed.message) NEXT;
  // A message value, or the whole entry as if it were one: [next, next + length) is its content.
  length = parsed.length;
  child = parsed.message;
  child_table = parsed.table;
  goto push;
}

long_tag: {
  const Varint read = read_varint(p, end);
  if (!read.next || read.value > 0xffffffffu) goto bad_tag;
  tag = static_cast<std::uint32_t>(read.value);
  p = read.next;
  e = table->find(tag >> 3);
  if (!e) goto unknown_tag;
  if (e->tag == tag) goto* labels[e->kind];
  goto other_wire_type;
}
mismatch:
  if (!e->is_field()) goto unknown_tag;
other_wire_type:
slow_field:
unknown: {
  const SlowParsed parsed = parse_slow_field(state, message, *table, *e, tag, p, end);
  p = parsed.next;
  if (parsed.error == DecodeErrorKind::kNone) NEXT;
  error = parsed.error;
  goto fail;
}
unknown_tag: {
  e = entries;
  const SlowParsed parsed = keep_unknown(state, message, *table, tag, p, end);
  p = parsed.next;
  if (parsed.error == DecodeErrorKind::kNone) NEXT;
  error = parsed.error;
  goto fail;
}

bad_tag: {
  const Varint read = read_varint(p, end);
  error = !read.next && read.value == 0 ? DecodeErrorKind::kTruncated : DecodeErrorKind::kBadTag;
  e = entries;
  goto fail;
}
bad_length: {
  const Varint read = read_varint(p, end);
  error = read.next ? DecodeErrorKind::kBadLength : read.value ? DecodeErrorKind::kBadVarint : DecodeErrorKind::kBadLength;
  goto fail;
}
bad_varint:
  error = DecodeErrorKind::kBadVarint;
  goto fail;
packed_truncated:
  p += length;
  goto truncated;
bad_utf8:
  error = DecodeErrorKind::kBadUtf8;
  goto fail;
too_deep:
  error = DecodeErrorKind::kTooDeep;
  goto fail;
truncated:
  error = DecodeErrorKind::kTruncated;
fail:
  state.failed_at = p;
  state.failed_frame = frame;
  state.failed_table = table;
  state.failed_message = message;
  state.failed_field = e;
  return error;
}

[[gnu::noinline]] DecodeError explain(DecodeErrorKind kind, const ParseState& state, const ParseFrame* frames,
                                      const std::uint8_t* begin) {
  return DecodeError{kind, static_cast<std::size_t>(state.failed_at - begin), failed_path(state, frames)};
}

// Most messages take about twice their serialized size in memory.
inline Arena* arena_for(Message& message, Bytes bytes) { return &MessageAccess::arena(message, bytes.size() * 2); }

Result<void, DecodeError> merge_bytes(Message& message, Bytes bytes, const BlockRef* owner, const ParseOptions& options) {
  if (bytes.size() > kMaxMessageBytes) return Failure(DecodeError{DecodeErrorKind::kTooLarge, 0, {}});
  ParseState state(arena_for(message, bytes), owner && *owner ? owner : nullptr, options.discard_unknown);
  const std::uint8_t* begin = bytes.data();
  if (options.depth_limit <= kInlineDepth) {
    ParseFrame frames[kInlineDepth];
    const DecodeErrorKind kind = run(message, begin, begin + bytes.size(), state, frames, frames + options.depth_limit);
    if (kind == DecodeErrorKind::kNone) return {};
    return Failure(explain(kind, state, frames, begin));
  }
  const auto frames = std::make_unique<ParseFrame[]>(options.depth_limit);
  const DecodeErrorKind kind =
      run(message, begin, begin + bytes.size(), state, frames.get(), frames.get() + options.depth_limit);
  if (kind == DecodeErrorKind::kNone) return {};
  return Failure(explain(kind, state, frames.get(), begin));
}

// With the default options, and without the reason of a failure.
bool merge_or_fail(Message& message, Bytes bytes) {
  if (bytes.size() > kMaxMessageBytes) return false;
  ParseState state(arena_for(message, bytes), nullptr, false);
  ParseFrame frames[kInlineDepth];
  return run(message, bytes.data(), bytes.data() + bytes.size(), state, frames, frames + kInlineDepth) == DecodeErrorKind::kNone;
}

}  // namespace

Result<void, DecodeError> merge(Message& message, Bytes bytes, const ParseOptions& options) {
  return merge_bytes(message, bytes, nullptr, options);
}
Result<void, DecodeError> merge(Message& message, const Slice& bytes, const ParseOptions& options) {
  return merge_bytes(message, bytes.bytes(), &bytes.owner(), options);
}
Result<void, DecodeError> parse(Message& message, Bytes bytes, const ParseOptions& options) {
  message.Clear();
  return merge_bytes(message, bytes, nullptr, options);
}
Result<void, DecodeError> parse(Message& message, const Slice& bytes, const ParseOptions& options) {
  message.Clear();
  return merge_bytes(message, bytes.bytes(), &bytes.owner(), options);
}

bool Message::ParseFromString(std::string_view bytes) {
  Clear();
  return merge_or_fail(*this, as_bytes(bytes));
}
bool Message::ParseFromArray(const void* data, int size) {
  Clear();
  return merge_or_fail(*this, Bytes(static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)));
}
bool Message::MergeFromString(std::string_view bytes) { return merge_or_fail(*this, as_bytes(bytes)); }

}  // namespace godwit::proto
