#include "godwit/proto/wire/skip.h"

#include <algorithm>

#include "godwit/proto/wire/varint.h"
#include "godwit/proto/wire/wire_type.h"

namespace godwit::proto {
namespace {

DecodeErrorKind varint_error(const Varint& v) {
  return v.value ? DecodeErrorKind::kBadVarint : DecodeErrorKind::kTruncated;
}

}  // namespace

Skipped skip_value(std::uint32_t tag, const std::uint8_t* p, const std::uint8_t* end, std::uint32_t depth_limit) {
  constexpr std::uint32_t kMaxDepth = 100;
  std::uint32_t open[kMaxDepth];  // numbers of the groups that have begun
  std::uint32_t depth = 0;
  for (;;) {
    if (tag_number(tag) == 0) return {p, DecodeErrorKind::kBadTag};
    switch (tag_wire_type(tag)) {
      case WireType::kVarint: {
        const Varint v = read_varint(p, end);
        if (!v.next) return {p, varint_error(v)};
        p = v.next;
        break;
      }
      case WireType::kFixed64:
        if (end - p < 8) return {p, DecodeErrorKind::kTruncated};
        p += 8;
        break;
      case WireType::kFixed32:
        if (end - p < 4) return {p, DecodeErrorKind::kTruncated};
        p += 4;
        break;
      case WireType::kLengthDelimited: {
        const Varint v = read_varint(p, end);
        if (!v.next) return {p, varint_error(v)};
        if (v.value > static_cast<std::uint64_t>(end - v.next)) return {p, DecodeErrorKind::kBadLength};
        p = v.next + v.value;
        break;
      }
      case WireType::kStartGroup:
        if (depth == std::min(depth_limit, kMaxDepth)) return {p, DecodeErrorKind::kTooDeep};
        open[depth++] = tag_number(tag);
        break;
      case WireType::kEndGroup:
        if (depth == 0 || open[depth - 1] != tag_number(tag)) return {p, DecodeErrorKind::kBadGroup};
        depth--;
        break;
      default:
        return {p, DecodeErrorKind::kBadWireType};
    }
    if (depth == 0) return {p, DecodeErrorKind::kNone};
    const Varint next = read_varint(p, end);
    if (!next.next) return {p, next.value ? DecodeErrorKind::kBadTag : DecodeErrorKind::kBadGroup};
    if (next.value > 0xffffffffu) return {p, DecodeErrorKind::kBadTag};
    tag = static_cast<std::uint32_t>(next.value);
    p = next.next;
  }
}

}  // namespace godwit::proto
