#include "godwit/proto/wire/packed.h"

#include "godwit/proto/wire/simd.h"
#include "godwit/proto/wire/varint.h"

namespace godwit::proto {
namespace {

template <typename T>
bool decode_portable(const std::uint8_t* p, const std::uint8_t* end, T* out) {
  while (p < end) {
    const Varint v = read_varint(p, end);
    if (!v.next) return false;
    *out++ = static_cast<T>(v.value);
    p = v.next;
  }
  return true;
}

template <typename T>
std::uint8_t* encode_portable(std::uint8_t* end, const T* values, std::size_t count) {
  for (const T* v = values + count; v != values;) end = write_varint_before(end, static_cast<std::uint64_t>(static_cast<std::int64_t>(*--v)));
  return end;
}

// Fewer bytes or values than this are not worth the set-up.
constexpr std::ptrdiff_t kShort = 96;

}  // namespace

#ifdef GODWIT_PROTO_AVX2
bool cpu_has_avx2() {
  // Reads a variable that libgcc fills once; the answer never changes.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#define GODWIT_TRY(call, size) \
  if ((size) >= kShort && cpu_has_avx2()) return call
#else
#define GODWIT_TRY(call, size)
#endif

std::size_t count_varints(Bytes bytes) {
  GODWIT_TRY(count_varints_avx2(bytes.data(), bytes.size()), static_cast<std::ptrdiff_t>(bytes.size()));
  std::size_t count = 0, i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t w;
    std::memcpy(&w, bytes.data() + i, 8);
    // One bit in each byte that ends a varint; the multiplication adds them up in the top byte.
    count += ((~w & 0x8080808080808080u) >> 7) * 0x0101010101010101u >> 56;
  }
  for (; i < bytes.size(); i++) count += bytes[i] < 0x80;
  return count;
}

bool decode_varints(const std::uint8_t* p, const std::uint8_t* end, std::uint32_t* out) {
  GODWIT_TRY(decode_varints32_avx2(p, end, out), end - p);
  return decode_portable(p, end, out);
}

bool decode_varints(const std::uint8_t* p, const std::uint8_t* end, std::uint64_t* out) {
  GODWIT_TRY(decode_varints64_avx2(p, end, out), end - p);
  return decode_portable(p, end, out);
}

std::uint8_t* encode_varints_before(std::uint8_t* end, const std::uint32_t* values, std::size_t count) {
  GODWIT_TRY(encode_varints32_avx2(end, values, count), static_cast<std::ptrdiff_t>(count) * 8);
  for (const std::uint32_t* v = values + count; v != values;) end = write_varint_before(end, *--v);
  return end;
}

std::uint8_t* encode_varints_before(std::uint8_t* end, const std::int32_t* values, std::size_t count) {
  GODWIT_TRY(encode_signed32_avx2(end, values, count), static_cast<std::ptrdiff_t>(count) * 8);
  return encode_portable(end, values, count);
}

std::uint8_t* encode_varints_before(std::uint8_t* end, const std::uint64_t* values, std::size_t count) {
  GODWIT_TRY(encode_varints64_avx2(end, values, count), static_cast<std::ptrdiff_t>(count) * 8);
  return encode_portable(end, values, count);
}

}  // namespace godwit::proto
