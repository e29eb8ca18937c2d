#pragma once

#include <cstdint>

namespace godwit::proto {

// The lowest three bits of a tag (protobuf encoding, "Message Structure").
enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kLengthDelimited = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

// Field numbers run from 1 to this.
inline constexpr std::uint32_t kMaxFieldNumber = (1u << 29) - 1;
// A serialized message, and a string or bytes value, is at most this many bytes.
inline constexpr std::uint32_t kMaxMessageBytes = 0x7fffffff;

constexpr std::uint32_t make_tag(std::uint32_t number, WireType type) { return number << 3 | static_cast<std::uint32_t>(type); }
constexpr std::uint32_t tag_number(std::uint32_t tag) { return tag >> 3; }
constexpr WireType tag_wire_type(std::uint32_t tag) { return static_cast<WireType>(tag & 7); }

}  // namespace godwit::proto
