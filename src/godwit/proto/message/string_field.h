#pragma once

#include <cstdint>
#include <string_view>

namespace godwit::proto {

// Makes reads and writes through it legal whatever the declared type of the memory is: tables describe memory as int32_t
// or Message* where generated classes declare an enum or a pointer to the very message.
template <typename T>
using Alias __attribute__((may_alias)) = T;  // of numbers and pointers

// A string or bytes value inside of a message. The bytes lie in the message's arena (capacity > 0), or somewhere that
// outlives the message: a literal, or a received block that the arena keeps (capacity 0).
struct StringField {
  const char* data = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;  // bytes at `data` that may be overwritten

  constexpr StringField() = default;
  // A default value: text that lives for ever. Generated constants are written as plain literals.
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr StringField(std::string_view literal) : data(literal.data()), size(static_cast<std::uint32_t>(literal.size())) {}

  constexpr std::string_view view() const { return {data, size}; }
};

}  // namespace godwit::proto
