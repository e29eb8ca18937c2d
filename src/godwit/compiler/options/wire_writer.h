#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "godwit/proto/wire/wire_type.h"

namespace godwit::compiler {

// Appends values of the wire format to a string. For options: small, made once, so plain.
inline void put_varint(std::uint64_t v, std::string& out) {
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  out += static_cast<char>(v);
}
inline void put_tag(std::int32_t number, proto::WireType type, std::string& out) {
  put_varint(proto::make_tag(static_cast<std::uint32_t>(number), type), out);
}
template <typename T>
void put_fixed(T v, std::string& out) {  // little-endian, as the machines are that this builds on
  char bytes[sizeof v];
  std::memcpy(bytes, &v, sizeof v);
  out.append(bytes, sizeof v);
}
inline void put_bytes(std::string_view bytes, std::string& out) {
  put_varint(bytes.size(), out);
  out += bytes;
}

}  // namespace godwit::compiler
