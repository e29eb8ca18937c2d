#pragma once

#include <cstdint>
#include <string_view>

namespace godwit {

// The four kinds of call.
enum class MethodKind : std::uint8_t { kUnary, kServerStreaming, kClientStreaming, kBidiStreaming };

constexpr bool client_streams(MethodKind kind) {
  return kind == MethodKind::kClientStreaming || kind == MethodKind::kBidiStreaming;
}
constexpr bool server_streams(MethodKind kind) {
  return kind == MethodKind::kServerStreaming || kind == MethodKind::kBidiStreaming;
}

// What a message is, for those who see messages without knowing their class (interceptors). One object for each class,
// made by the typed layer; compare addresses.
struct MessageType {
  std::string_view full_name;  // "helloworld.HelloRequest"; "" for raw bytes
};

// A message as an interceptor sees it. Valid during the call that hands it over.
struct MessageHandle {
  const void* message = nullptr;
  const MessageType* type = nullptr;
};

}  // namespace godwit
