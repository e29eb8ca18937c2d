#include "godwit/proto/message/serializer.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "godwit/proto/message/access.h"
#include "godwit/proto/message/map_order.h"
#include "godwit/proto/wire/packed.h"
#include "godwit/proto/wire/utf8.h"
#include "godwit/proto/wire/varint.h"

// One loop over all fields of all levels, from the last to the first, so that no size need be known beforehand: when a
// submessage has been written, its size is the distance, and length and tag go in front. An explicit stack holds the
// messages around the current one.

namespace godwit::proto {
namespace {

struct Frame {
  const FieldEntry* field;
  const void* message;
  std::size_t start;           // size of the output before the child
  std::uint32_t index;         // of the child in a list or map
  const std::uint32_t* order;  // of a map's entries; null: as they stand
};

// The first frames stand on the stack. Parsed messages are limited in depth, those that a program builds are not: more
// frames, and the order of sorted maps, come from here, which is seldom made.
constexpr std::size_t kInlineFrames = 64;
struct Spare {
  std::unique_ptr<Frame[]> frames;
  Arena order_memory;
};

// Twice the room; returns the first frame of the new one.
[[gnu::noinline]] Frame* grow_frames(std::unique_ptr<Spare>& spare, const Frame* begin, std::size_t count) {
  auto more = std::make_unique<Frame[]>(count * 2);
  std::copy(begin, begin + count, more.get());
  if (!spare) spare = std::make_unique<Spare>();
  spare->frames = std::move(more);
  return spare->frames.get();
}

[[gnu::noinline]] const std::uint32_t* sort_map(std::unique_ptr<Spare>& spare, const MapField& map, const MessageTable& table) {
  if (!spare) spare = std::make_unique<Spare>();
  return sorted_order(map, table, spare->order_memory);
}

inline std::uint8_t* put_tag(std::uint8_t* p, std::uint32_t tag) {
  if (__builtin_expect(tag < 0x80, 1)) {
    *--p = static_cast<std::uint8_t>(tag);
    return p;
  }
  return write_varint_before(p, tag);
}

inline std::uint8_t* put_bytes(std::uint8_t* p, const char* data, std::uint32_t size) {
  p -= size;
  if (size <= 16) {
    copy_ascii_short(p, reinterpret_cast<const std::uint8_t*>(data), size);
  } else {
    std::memcpy(p, data, size);
  }
  return p;
}

// A number of a map entry or list, as the encoding says, without a tag. At most 10 bytes.
std::uint8_t* put_number(std::uint8_t* p, Encoding encoding, const void* value) {
  switch (encoding) {
    case Encoding::kUint32: return write_varint_before(p, memory_at<std::uint32_t>(value, 0));
    case Encoding::kInt64: return write_varint_before(p, memory_at<std::uint64_t>(value, 0));
    case Encoding::kSint32: return write_varint_before(p, zigzag_encode(memory_at<std::int32_t>(value, 0)));
    case Encoding::kSint64: return write_varint_before(p, zigzag_encode(memory_at<std::int64_t>(value, 0)));
    case Encoding::kBool: *--p = memory_at<bool>(value, 0) ? 1 : 0; return p;
    case Encoding::kFixed32: std::memcpy(p - 4, value, 4); return p - 4;
    case Encoding::kFixed64: std::memcpy(p - 8, value, 8); return p - 8;
    default: return write_varint_before(p, static_cast<std::uint64_t>(std::int64_t{memory_at<std::int32_t>(value, 0)}));
  }
}

// A text in front of what the writer holds, of any size: bytes, length, tag.
[[gnu::noinline]] void write_long_text(BackwardWriter& writer, const StringField& text, std::uint32_t tag) {
  writer.write(as_bytes(text.view()));
  if (writer.position() - writer.begin() < 16) writer.grow(16);
  writer.set_position(put_tag(write_varint_before(writer.position(), text.size), tag));
}

void write_number(BackwardWriter& writer, const FieldEntry& field, const void* value) {
  if (writer.position() - writer.begin() < 16) writer.grow(16);
  writer.set_position(put_tag(put_number(writer.position(), field.encoding(), value), field.tag));
}

void write_map_part(BackwardWriter& writer, const FieldEntry& field, const char* entry) {
  if (field.encoding() == Encoding::kString || field.encoding() == Encoding::kBytes) {
    write_long_text(writer, memory_at<StringField>(entry, field.offset()), field.tag);
  } else {
    write_number(writer, field, entry + field.offset());
  }
}

// Key, length and tag of an entry whose value, tag included, has just been written; the value ended at `start`.
[[gnu::noinline]] void finish_map_entry(BackwardWriter& writer, const FieldEntry& map, const char* entry, std::size_t start) {
  write_map_part(writer, map.message->entries()[1], entry);
  const std::size_t length = writer.size() - start;
  if (writer.position() - writer.begin() < 16) writer.grow(16);
  writer.set_position(put_tag(write_varint_before(writer.position(), length), map.tag));
}

[[gnu::noinline]] void write_packed(BackwardWriter& writer, const FieldEntry& field, const RepeatedBase& list) {
  const std::size_t start = writer.size();
  const Encoding encoding = field.encoding();
  const auto* data = static_cast<const char*>(list.data);
  if (encoding == Encoding::kFixed32 || encoding == Encoding::kFixed64 || encoding == Encoding::kBool) {
    writer.write(Bytes(reinterpret_cast<const std::uint8_t*>(data), list.size * value_size(encoding)));
  } else {
    const bool fast = encoding == Encoding::kInt32 || encoding == Encoding::kUint32 || encoding == Encoding::kInt64 ||
                      encoding == Encoding::kClosedEnum;
    const std::size_t size = value_size(encoding);
    std::size_t left = list.size;
    while (left > 0) {
      // Each value takes 10 bytes at most; what it does not take is room for more, so go on until little is left.
      const auto room = static_cast<std::size_t>(writer.position() - writer.begin());
      const std::size_t count = std::min(left, room < 16 ? 0 : (room - 16) / 10);
      const char* from = data + (left - count) * size;
      std::uint8_t* p = writer.position();
      if (count < std::min<std::size_t>(left, 8)) {  // the last bytes of the memory: one by one
        std::uint8_t buffer[10];
        const std::uint8_t* begin = put_number(buffer + 10, encoding, data + (left - 1) * size);
        writer.write(Bytes(begin, static_cast<std::size_t>(buffer + 10 - begin)));
        left--;
        continue;
      }
      if (!fast) {
        for (std::size_t i = count; i-- > 0;) p = put_number(p, encoding, from + i * size);
      } else if (encoding == Encoding::kInt64) {
        p = encode_varints_before(p, reinterpret_cast<const std::uint64_t*>(from), count);
      } else if (encoding == Encoding::kUint32) {
        p = encode_varints_before(p, reinterpret_cast<const std::uint32_t*>(from), count);
      } else {
        p = encode_varints_before(p, reinterpret_cast<const std::int32_t*>(from), count);
      }
      writer.set_position(p);
      left -= count;
    }
  }
  const std::size_t length = writer.size() - start;
  if (writer.position() - writer.begin() < 16) writer.grow(16);
  writer.set_position(put_tag(write_varint_before(writer.position(), length), field.tag));
}

// Writes the fields of `root` in front of entry `e`, from the last on.
void run(const Message& root, const FieldEntry* e, BackwardWriter& writer, bool deterministic) {
  // Indexed by FieldEntry::kind, as in the parser.
#define ROW(c)                                                                                                        \
  &&c##_int32, &&c##_uint32, &&c##_64, &&c##_sint32, &&c##_sint64, &&c##_bool, &&c##_fixed32, &&c##_fixed64,           \
      &&c##_text, &&c##_text, &&c##_message, &&c##_int32, &&gap, &&gap, &&end_of_message, &&gap
#define FULL_ROW(c) &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&c, &&gap, &&gap, &&gap
  static const void* const labels[96] = {ROW(plain), ROW(bit), ROW(oneof), ROW(list), FULL_ROW(packed), FULL_ROW(map)};

  Frame inline_frames[kInlineFrames];
  Frame* frames = inline_frames;
  Frame* frame = frames;
  Frame* frames_end = frames + kInlineFrames;
  std::unique_ptr<Spare> spare;
  const void* message = &root;
  std::uint8_t* p = writer.position();
  std::uint8_t* begin = writer.begin();
  std::uintptr_t top = writer.top();
  const StringField* text;
  const Message* child;
  std::uint32_t index;
  const std::uint32_t* order = nullptr;

#define NEXT do { --e; goto* labels[e->kind]; } while (0)
#define SAVE writer.set_position(p)
#define LOAD (p = writer.position(), begin = writer.begin(), top = writer.top())
#define ROOM(count)                                      \
  do {                                                   \
    if (__builtin_expect(p - begin < (count), 0)) {      \
      SAVE;                                              \
      writer.grow(count);                                \
      LOAD;                                              \
    }                                                    \
  } while (0)
#define POSITION (top - reinterpret_cast<std::uintptr_t>(p))
#define HAS_BIT (memory_at<std::uint32_t>(message, kMessageHeader + e->extra.presence / 32 * 4) >> e->extra.presence % 32 & 1)
#define HAS_CASE (memory_at<std::uint32_t>(message, e->extra.presence) == e->number())
#define SCALAR(name, type, put)                                      \
  plain_##name : {                                                   \
    const type v = memory_at<type>(message, e->offset());            \
    if (__builtin_expect(is_zero(v), 0)) NEXT;                       \
    ROOM(16);                                                        \
    put;                                                             \
    p = put_tag(p, e->tag);                                          \
    NEXT;                                                            \
  }                                                                  \
  oneof_##name : {                                                   \
    if (!HAS_CASE) NEXT;                                             \
    goto present_##name;                                             \
  }                                                                  \
  bit_##name : {                                                     \
    if (!HAS_BIT) NEXT;                                              \
  present_##name:                                                    \
    const type v = memory_at<type>(message, e->offset());            \
    ROOM(16);                                                        \
    put;                                                             \
    p = put_tag(p, e->tag);                                          \
    NEXT;                                                            \
  }                                                                  \
  list_##name : {                                                    \
    const auto& list = memory_at<RepeatedBase>(message, e->offset()); \
    for (std::size_t i = list.size; i-- > 0;) {                      \
      const type v = memory_at<type>(list.data, i * sizeof(type));   \
      ROOM(16);                                                      \
      put;                                                           \
      p = put_tag(p, e->tag);                                        \
    }                                                                \
    NEXT;                                                            \
  }
  const auto is_zero = [](auto v) { return v == 0; };

  NEXT;

begin_message : {
  const MessageTable& table = static_cast<const Message*>(message)->Table();
  e = table.entries() + table.entry_count;
  if (const UnknownFields* unknown = MessageAccess::unknown(*static_cast<const Message*>(message))) {
    SAVE;
    writer.write(unknown->bytes());
    LOAD;
  }
  NEXT;
}

  SCALAR(int32, std::int32_t, p = write_varint_before(p, static_cast<std::uint64_t>(std::int64_t{v})))
  SCALAR(uint32, std::uint32_t, p = write_varint_before(p, v))
  SCALAR(64, std::uint64_t, p = write_varint_before(p, v))
  SCALAR(sint32, std::int32_t, p = write_varint_before(p, zigzag_encode(v)))
  SCALAR(sint64, std::int64_t, p = write_varint_before(p, zigzag_encode(v)))
  SCALAR(bool, bool, *--p = v ? 1 : 0)
  SCALAR(fixed32, std::uint32_t, (p -= 4, std::memcpy(p, &v, 4)))
  SCALAR(fixed64, std::uint64_t, (p -= 8, std::memcpy(p, &v, 8)))

oneof_text:
  if (!HAS_CASE) NEXT;
  text = &memory_at<StringField>(message, e->offset());
  goto put_text;
bit_text:
  if (!HAS_BIT) NEXT;
  text = &memory_at<StringField>(message, e->offset());
  goto put_text;
plain_text:
  text = &memory_at<StringField>(message, e->offset());
  if (text->size == 0) NEXT;
put_text:
  if (__builtin_expect(static_cast<std::size_t>(p - begin) < std::size_t{text->size} + 16, 0)) {
    SAVE;
    write_long_text(writer, *text, e->tag);
    LOAD;
    NEXT;
  }
  p = put_bytes(p, text->data, text->size);
  p = write_varint_before(p, text->size);
  p = put_tag(p, e->tag);
  NEXT;
list_text : {
  const auto& list = memory_at<RepeatedBase>(message, e->offset());
  const auto* first = static_cast<const StringField*>(list.data);
  for (text = first + list.size; text != first;) {
    --text;
    if (__builtin_expect(static_cast<std::size_t>(p - begin) < std::size_t{text->size} + 16, 0)) {
      SAVE;
      write_long_text(writer, *text, e->tag);
      LOAD;
      continue;
    }
    p = put_bytes(p, text->data, text->size);
    p = write_varint_before(p, text->size);
    p = put_tag(p, e->tag);
  }
  NEXT;
}

packed : {
  const auto& list = memory_at<RepeatedBase>(message, e->offset());
  if (list.size == 0) NEXT;
  SAVE;
  write_packed(writer, *e, list);
  LOAD;
  NEXT;
}

oneof_message:
  if (!HAS_CASE) NEXT;
plain_message:
bit_message:
  child = memory_at<Message*>(message, e->offset());
  if (!child) NEXT;
  index = 0;
  goto push;
list_message : {
  const auto& list = memory_at<RepeatedBase>(message, e->offset());
  if (list.size == 0) NEXT;
  index = list.size - 1;
  child = static_cast<const Alias<Message*>*>(list.data)[index];
}
push:
  if (__builtin_expect(frame == frames_end, 0)) {
    const auto count = static_cast<std::size_t>(frame - frames);
    frames = grow_frames(spare, frames, count);
    frame = frames + count;
    frames_end = frames + count * 2;
  }
  *frame++ = {e, message, POSITION, index, order};
  message = child;
  goto begin_message;

end_of_message : {
  if (frame == frames) {
    SAVE;
    return;
  }
  Frame& f = frame[-1];
  e = f.field;
  message = f.message;
  ROOM(16);
  p = write_varint_before(p, POSITION - f.start);
  if (__builtin_expect(e->is_map(), 0)) {
    // The value of a map entry: its tag, then the key.
    index = f.index;
    order = f.order;
    p = put_tag(p, e->message->entries()[2].tag);
    const auto& map = memory_at<MapField>(message, e->offset());
    SAVE;
    finish_map_entry(writer, *e, map.entries + (order ? order[index] : index) * std::size_t{e->message->object_size}, f.start);
    LOAD;
    --frame;
    goto next_map_entry;
  }
  p = put_tag(p, e->tag);
  if (f.index != 0) {  // a list: the element before
    f.index--;
    f.start = POSITION;
    message = static_cast<const Alias<Message*>*>(memory_at<RepeatedBase>(message, e->offset()).data)[f.index];
    goto begin_message;
  }
  --frame;
  NEXT;
}

map : {
  const auto& field = memory_at<MapField>(message, e->offset());
  if (field.size == 0) NEXT;
  order = deterministic && field.size > 1 ? sort_map(spare, field, *e->message) : nullptr;
  index = field.size;
}
next_map_entry : {
  const auto& field = memory_at<MapField>(message, e->offset());
  const MessageTable& entry_table = *e->message;
  const FieldEntry& value = entry_table.entries()[2];
  const std::size_t stride = entry_table.object_size;
  const bool texts = stride == 32;  // key and value are
  while (index-- > 0) {
    const char* entry = field.entries + (order ? order[index] : index) * stride;
    if (value.encoding() == Encoding::kMessage) {
      child = memory_at<Message*>(entry, value.offset());
      goto push;
    }
    const std::size_t start = POSITION;
    if (texts) {
      const auto* k = reinterpret_cast<const StringField*>(entry);
      const StringField* v = k + 1;
      if (__builtin_expect(static_cast<std::size_t>(p - begin) >= std::size_t{k->size} + v->size + 32, 1)) {
        p = put_bytes(p, v->data, v->size);
        p = write_varint_before(p, v->size);
        *--p = 0x12;
        p = put_bytes(p, k->data, k->size);
        p = write_varint_before(p, k->size);
        *--p = 0x0a;
        p = write_varint_before(p, POSITION - start);
        p = put_tag(p, e->tag);
        continue;
      }
    }
    SAVE;
    write_map_part(writer, value, entry);
    finish_map_entry(writer, *e, entry, start);
    LOAD;
  }
  order = nullptr;
  NEXT;
}

gap:
  NEXT;
}

// Messages up to this size need no block.
constexpr std::size_t kScratch = 4096;

}  // namespace

namespace {

[[gnu::noinline]] std::size_t serialize_rest(const Message& message, BackwardWriter& writer, const SerializeOptions& options,
                                             const FieldEntry* e, std::size_t before) {
  run(message, e, writer, options.deterministic);
  return writer.size() - before;
}

[[gnu::noinline]] std::size_t serialize_unknown(const Message& message, BackwardWriter& writer, const SerializeOptions& options) {
  const std::size_t before = writer.size();
  writer.write(message.UnknownFieldBytes());
  const MessageTable& table = message.Table();
  return serialize_rest(message, writer, options, table.entries() + table.entry_count, before);
}

}  // namespace

std::size_t serialize_backwards(const Message& message, BackwardWriter& writer, const SerializeOptions& options) {
  if (__builtin_expect(MessageAccess::unknown(message) != nullptr, 0)) return serialize_unknown(message, writer, options);
  const MessageTable& table = message.Table();
  // The usual fields of small messages, as far as they go, without the set-up of the loop above.
  constexpr auto kind = [](Encoding encoding) { return static_cast<std::uint8_t>(encoding); };
  std::uint8_t* const start = writer.position();
  std::uint8_t* p = start;
  const FieldEntry* e = table.entries() + table.entry_count;
  for (;; --e) {
    const FieldEntry& field = e[-1];
    const auto room = static_cast<std::size_t>(p - writer.begin());
    if (field.kind == kind(Encoding::kString) || field.kind == kind(Encoding::kBytes)) {
      const auto& text = memory_at<StringField>(&message, field.offset());
      if (text.size == 0) continue;
      if (room < std::size_t{text.size} + 16 || text.size >= 0x80 || field.tag >= 0x80) break;
      p = put_bytes(p, text.data, text.size) - 2;
      p[1] = static_cast<std::uint8_t>(text.size);
      p[0] = static_cast<std::uint8_t>(field.tag);
    } else if (field.kind == kind(Encoding::kInt32)) {
      const std::int32_t value = memory_at<std::int32_t>(&message, field.offset());
      if (value == 0) continue;
      if (room < 16) break;
      p = put_tag(write_varint_before(p, static_cast<std::uint64_t>(std::int64_t{value})), field.tag);
    } else if (field.kind == kind(Encoding::kEnd)) {
      writer.set_position(p);
      return static_cast<std::size_t>(start - p);
    } else if (field.kind != kind(Encoding::kGap)) {
      break;
    }
  }
  const std::size_t before = writer.size();
  writer.set_position(p);
  return serialize_rest(message, writer, options, e, before);
}

bool append_serialized(const Message& message, OutputQueue& out, const SerializeOptions& options) {
  std::uint8_t scratch[kScratch];
  BackwardWriter writer{MutableBytes(scratch)};
  if (serialize_backwards(message, writer, options) > kMaxMessageBytes) return false;
  writer.append_to(out);
  return true;
}

bool append_serialized(const Message& message, std::string& out, const SerializeOptions& options) {
  std::uint8_t scratch[kScratch];
  BackwardWriter writer{MutableBytes(scratch)};
  if (serialize_backwards(message, writer, options) > kMaxMessageBytes) return false;
  writer.append_to(out);
  return true;
}

Slice serialize(const Message& message, const SerializeOptions& options) {
  std::uint8_t scratch[kScratch];
  BackwardWriter writer{MutableBytes(scratch)};
  if (serialize_backwards(message, writer, options) > kMaxMessageBytes) return {};
  return writer.to_slice();
}

std::size_t Message::ByteSizeLong() const {
  std::uint8_t scratch[kScratch];
  BackwardWriter writer(MutableBytes(scratch), BackwardWriter::Counting{});
  return serialize_backwards(*this, writer);
}

std::string Message::SerializeAsString() const {
  std::string out;
  append_serialized(*this, out);
  return out;
}
bool Message::SerializeToString(std::string* out) const {
  out->clear();
  return append_serialized(*this, *out);
}
bool Message::AppendToString(std::string* out) const { return append_serialized(*this, *out); }

bool Message::SerializeToArray(void* data, int capacity) const {
  auto* to = static_cast<std::uint8_t*>(data);
  BackwardWriter writer(MutableBytes(to, static_cast<std::size_t>(capacity)));
  serialize_backwards(*this, writer);
  if (writer.size() > static_cast<std::size_t>(capacity)) return false;
  writer.copy_to(to);
  return true;
}

}  // namespace godwit::proto
