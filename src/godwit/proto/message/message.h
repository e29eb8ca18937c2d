#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "godwit/base/arena.h"
#include "godwit/proto/message/map.h"
#include "godwit/proto/message/repeated.h"
#include "godwit/proto/message/string_field.h"
#include "godwit/proto/message/table.h"

namespace godwit::proto {

// Fields that the table does not know, as they came, tags included, in their order.
struct UnknownFields {
  std::uint32_t size;
  std::uint32_t capacity;
  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  Bytes bytes() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size}; }
};

class MessageDescriptor;
// The linked descriptor of a generated message's type.
const MessageDescriptor& message_descriptor(const MessageTable& table);

// What all messages, generated and dynamic, have in common: the table that describes them, and the arena that holds
// their strings and submessages. No virtual functions: everything that works on any message walks the table.
//
// Memory: a message made with create<T>(arena) belongs to that arena and so do all messages below it; none of them is
// destroyed. A message that the program declares itself owns an arena of its own from the first time that it needs one.
// A message that is not const belongs to one thread at a time; const messages may be read by many.
class Message {
 public:
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  const MessageTable& Table() const { return *table_; }
  // "package.Name"
  std::string GetTypeName() const { return table_->full_name(); }

  // Back to the default values. A message that owns its arena gives the memory back; one in another's arena cannot.
  void Clear();
  // These replace the content; false when the bytes are not a message of this type, and then what was read so far is
  // there. parse() of parser.h tells the reason.
  [[nodiscard]] bool ParseFromString(std::string_view bytes);
  [[nodiscard]] bool ParseFromArray(const void* data, int size);
  // Like Parse, but the fields are added to the content: single values replaced, messages merged, lists appended.
  [[nodiscard]] bool MergeFromString(std::string_view bytes);

  // Bytes of the serialized message. Takes a walk over the whole tree.
  std::size_t ByteSizeLong() const;
  // Serializing fails (false, or an empty string) only above 2 GiB.
  std::string SerializeAsString() const;
  bool SerializeToString(std::string* out) const;
  bool AppendToString(std::string* out) const;
  // False also when `capacity` is too small; then the bytes are undefined.
  bool SerializeToArray(void* data, int capacity) const;

  // `other` must be of the same type: same table.
  void CopyFrom(const Message& other);
  void MergeFrom(const Message& other);
  // Same type and same values: of fields with presence also the same presence; maps without regard to order; unknown
  // fields byte by byte. NaN is unequal to itself.
  bool Equals(const Message& other) const;

  // Where this message's parts live: the arena that it was made in, else its own, made now if need be.
  Arena& arena() {
    if (memory_ > kOwned) return *reinterpret_cast<Arena*>(memory_ & ~kOwned);
    return make_arena(0);
  }
  // The arena that the message was made in; null when it owns its own or has none.
  Arena* GetArena() const { return memory_ & kOwned ? nullptr : reinterpret_cast<Arena*>(memory_); }

  // Fields that the .proto file does not declare: serialized bytes, tags included.
  Bytes UnknownFieldBytes() const { return unknown_ ? unknown_->bytes() : Bytes{}; }
  void AppendUnknownFieldBytes(Bytes bytes);
  void ClearUnknownFields() { unknown_ = nullptr; }

  // Makes a new message of a table's type.
  static Message* create(const MessageTable& table, Arena& arena);

 protected:
  constexpr explicit Message(const MessageTable* table) : table_(table) {}
  constexpr ~Message() {
    if (memory_ & kOwned) destroy_arena();
  }

  // What generated accessors stand on. Their names cannot be those of accessors, which are all lower case.
  void SetString(StringField& field, std::string_view value) { assign_string(field, value, arena()); }
  void AddString(RepeatedField<StringField>& field, std::string_view value) {
    MutableRepeated<StringField>(field, arena()).Add(value);
  }
  template <typename M>
  static const M& GetMessage(const M* field) {
    return field ? *field : M::default_instance();
  }
  template <typename M>
  M* MutableMessage(M*& field) {
    if (!field) field = create_in<M>(arena());
    return field;
  }
  template <typename M>
  M* AddMessage(RepeatedField<M*>& field) {
    Arena& memory = arena();
    return field.add(create_in<M>(memory), memory);
  }
  static bool HasBit(const std::uint32_t* words, unsigned bit) { return (words[bit / 32] >> bit % 32 & 1) != 0; }
  static void SetBit(std::uint32_t* words, unsigned bit) { words[bit / 32] |= 1u << bit % 32; }
  static void ClearBit(std::uint32_t* words, unsigned bit) { words[bit / 32] &= ~(1u << bit % 32); }

  template <typename M>
  static M* create_in(Arena& arena) {
    M* message = ::new (arena.allocate(sizeof(M), alignof(M))) M();
    static_cast<Message*>(message)->memory_ = reinterpret_cast<std::uintptr_t>(&arena);
    return message;
  }
  // Takes the other's content: at once when it owns its arena and this message is not in one, else by copying.
  void MoveFrom(Message& other) noexcept;
  void SwapWith(Message& other) noexcept;

 private:
  friend struct MessageAccess;
  template <typename M>
  friend M* create(Arena& arena);

  static constexpr std::uintptr_t kOwned = 1;
  Arena& make_arena(std::size_t expected);
  void destroy_arena();

  const MessageTable* table_;
  std::uintptr_t memory_ = 0;  // Arena*; the lowest bit says that the message owns it
  UnknownFields* unknown_ = nullptr;
};

// A message that lives as long as the arena and is not destroyed.
template <typename M>
M* create(Arena& arena) {
  return M::template create_in<M>(arena);
}

// Changes a repeated field of messages: what mutable_x() returns. Used like a pointer; valid as long as the message.
template <typename M>
class MutableRepeated<M*> {
 public:
  MutableRepeated(RepeatedField<M*>& field, Arena& arena) : field_(&field), arena_(&arena) {}
  MutableRepeated* operator->() { return this; }
  MutableRepeated& operator*() { return *this; }
  std::size_t size() const { return field_->size; }
  bool empty() const { return field_->size == 0; }
  M& operator[](std::size_t i) const { return *field_->at(i); }
  M* Mutable(int i) const { return field_->at(static_cast<std::size_t>(i)); }
  const M& Get(int i) const { return *field_->at(static_cast<std::size_t>(i)); }
  M* Add() { return field_->add(proto::create<M>(*arena_), *arena_); }
  void Reserve(int count) { field_->reserve(static_cast<std::size_t>(count), sizeof(M*), *arena_); }
  IndexIterator<MutableRepeated> begin() const { return {*this, 0}; }
  IndexIterator<MutableRepeated> end() const { return {*this, static_cast<std::ptrdiff_t>(size())}; }
  void SwapElements(int i, int j) {
    std::swap(field_->at(static_cast<std::size_t>(i)), field_->at(static_cast<std::size_t>(j)));
  }
  void RemoveLast() {
    GODWIT_ASSERT(field_->size > 0);
    field_->size--;
  }
  void Truncate(int count) {
    GODWIT_ASSERT(static_cast<std::uint32_t>(count) <= field_->size);
    field_->size = static_cast<std::uint32_t>(count);
  }
  void Clear() { field_->size = 0; }

 private:
  friend class IndexIterator<MutableRepeated>;
  MutableRepeated() = default;
  RepeatedField<M*>* field_ = nullptr;
  Arena* arena_ = nullptr;
};

// Typed operations of generated classes.
template <typename T>
class MessageOf : public Message {
 public:
  // "package.Name"
  static std::string_view full_name() { return T::internal_table().full_name(); }
  // The linked form of the type's declaration (schema/descriptor.h), made on first use.
  static const MessageDescriptor& descriptor() { return message_descriptor(T::internal_table()); }
  void CopyFrom(const T& other) { Message::CopyFrom(other); }
  void MergeFrom(const T& other) { Message::MergeFrom(other); }
  using Message::CopyFrom;
  using Message::MergeFrom;
  void Swap(T* other) { SwapWith(*other); }
  friend void swap(T& a, T& b) noexcept { a.SwapWith(b); }
  friend bool operator==(const T& a, const T& b) { return a.Equals(b); }

 protected:
  constexpr explicit MessageOf(const MessageTable* table) : Message(table) {}
  constexpr ~MessageOf() = default;
};

// The bytes of Message itself, in front of the has-words and fields of every message.
inline constexpr std::size_t kMessageHeader = 24;
static_assert(sizeof(Message) == kMessageHeader);

}  // namespace godwit::proto
