#pragma once

#include <cstddef>
#include <cstdint>

#include "godwit/proto/message/message.h"

namespace godwit::proto {

// How the table walkers of this folder reach into messages. Not for users.
struct MessageAccess {
  static UnknownFields*& unknown(Message& m) { return m.unknown_; }
  static const UnknownFields* unknown(const Message& m) { return m.unknown_; }
  static std::uintptr_t& memory(Message& m) { return m.memory_; }
  static std::uintptr_t memory(const Message& m) { return m.memory_; }
  static Arena& arena(Message& m, std::size_t expected) {
    return m.memory_ > Message::kOwned ? *reinterpret_cast<Arena*>(m.memory_ & ~Message::kOwned) : m.make_arena(expected);
  }
  static constexpr std::uintptr_t kOwned = Message::kOwned;
};

// A piece of memory inside of a message or map entry, as the type that the table says.
template <typename T>
struct MemoryType {
  using type = Alias<T>;
};
template <typename T>
  requires std::is_class_v<T>
struct MemoryType<T> {
  using type = T;
};
template <typename T>
typename MemoryType<T>::type& memory_at(void* base, std::size_t offset) {
  return *reinterpret_cast<typename MemoryType<T>::type*>(static_cast<char*>(base) + offset);
}
template <typename T>
const typename MemoryType<T>::type& memory_at(const void* base, std::size_t offset) {
  return *reinterpret_cast<const typename MemoryType<T>::type*>(static_cast<const char*>(base) + offset);
}

// Copies `size` bytes, a multiple of 8 and at least 24. In place of memcpy, which is a call when the size is not known.
inline void copy_object(void* to, const void* from, std::size_t size) {
  char* t = static_cast<char*>(to);
  const char* f = static_cast<const char*>(from);
  std::size_t i = 0;
  if (size & 8) {
    __builtin_memcpy(t, f, 8);
    i = 8;
  }
  for (; i < size; i += 16) {
    __builtin_memcpy(t + i, f + i, 16);
    asm volatile("" : : : );  // keeps the compiler from making a call of memcpy out of the loop
  }
}

// A new message with its default values.
inline Message* new_message(const MessageTable& table, Arena& arena) {
  void* memory = arena.allocate(table.object_size, 8);
  copy_object(memory, table.default_object, table.object_size);
  auto* message = static_cast<Message*>(memory);
  MessageAccess::memory(*message) = reinterpret_cast<std::uintptr_t>(&arena);
  return message;
}

// Room for `count` more bytes of unknown fields, counted in their size already. Null above 2 GiB.
std::uint8_t* extend_unknown(UnknownFields*& unknown, std::size_t count, Arena& arena);

// Whether a field that is not repeated and not a map is present.
bool field_is_present(const void* message, const FieldEntry& field);

// Bytes of one value in memory.
inline std::size_t value_size(Encoding encoding) {
  switch (encoding) {
    case Encoding::kInt64:
    case Encoding::kSint64:
    case Encoding::kFixed64:
    case Encoding::kMessage:
    case Encoding::kGroup:
      return 8;
    case Encoding::kString:
    case Encoding::kBytes:
      return 16;
    case Encoding::kBool:
      return 1;
    default:
      return 4;
  }
}

}  // namespace godwit::proto
