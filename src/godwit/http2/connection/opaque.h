#pragma once

#include <cstdint>

// The PINGs that the engine sends by itself are told apart by their opaque data.
namespace godwit::http2::opaque {

inline constexpr std::uint64_t kReserved = 0xffff'0000'0000'0000;
inline constexpr std::uint64_t kWindowProbe = kReserved | 1;
inline constexpr std::uint64_t kShutdown = kReserved | 2;

constexpr bool is_reserved(std::uint64_t value) { return (value & kReserved) == kReserved; }

}  // namespace godwit::http2::opaque
