#pragma once

#include <cstddef>
#include <cstdint>

// Functions for newer processors, chosen at run time. Their files (*_avx2.cc) are compiled for those processors and
// include nothing that has an inline function other files share: the linker might keep the newer copy for all.

#if defined(__x86_64__) && defined(__GNUC__)
#define GODWIT_PROTO_AVX2 1
#endif

namespace godwit::proto {

#ifdef GODWIT_PROTO_AVX2
// AVX2, BMI and BMI2.
bool cpu_has_avx2();

bool validate_utf8_avx2(const std::uint8_t* p, std::size_t size);
// size > 16
bool copy_utf8_avx2(std::uint8_t* to, const std::uint8_t* from, std::size_t size);

// See packed.h.
std::size_t count_varints_avx2(const std::uint8_t* p, std::size_t size);
bool decode_varints32_avx2(const std::uint8_t* p, const std::uint8_t* end, std::uint32_t* out);
bool decode_varints64_avx2(const std::uint8_t* p, const std::uint8_t* end, std::uint64_t* out);
std::uint8_t* encode_varints32_avx2(std::uint8_t* end, const std::uint32_t* values, std::size_t count);
std::uint8_t* encode_signed32_avx2(std::uint8_t* end, const std::int32_t* values, std::size_t count);
std::uint8_t* encode_varints64_avx2(std::uint8_t* end, const std::uint64_t* values, std::size_t count);
#endif

}  // namespace godwit::proto
