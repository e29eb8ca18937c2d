#include "godwit/proto/message/layout.h"

namespace godwit::proto {

std::uint32_t choose_dense_max(std::span<const std::uint32_t> numbers) {
  std::uint32_t dense = 0;
  for (std::size_t i = 0; i < numbers.size(); i++) {
    if (numbers[i] > 15 && numbers[i] > 2 * (i + 1)) break;
    dense = numbers[i];
  }
  return dense;
}

Encoding choose_encoding(FieldType type, bool closed, bool checked_utf8) {
  switch (type) {
    case FieldType::kDouble:
    case FieldType::kFixed64:
    case FieldType::kSfixed64: return Encoding::kFixed64;
    case FieldType::kFloat:
    case FieldType::kFixed32:
    case FieldType::kSfixed32: return Encoding::kFixed32;
    case FieldType::kInt64:
    case FieldType::kUint64: return Encoding::kInt64;
    case FieldType::kInt32: return Encoding::kInt32;
    case FieldType::kUint32: return Encoding::kUint32;
    case FieldType::kSint32: return Encoding::kSint32;
    case FieldType::kSint64: return Encoding::kSint64;
    case FieldType::kBool: return Encoding::kBool;
    case FieldType::kString: return checked_utf8 ? Encoding::kString : Encoding::kBytes;
    case FieldType::kBytes: return Encoding::kBytes;
    case FieldType::kMessage: return Encoding::kMessage;
    case FieldType::kGroup: return Encoding::kGroup;
    case FieldType::kEnum: return closed ? Encoding::kClosedEnum : Encoding::kInt32;
  }
  return Encoding::kGap;
}

WireType wire_type_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kFixed32: return WireType::kFixed32;
    case Encoding::kFixed64: return WireType::kFixed64;
    case Encoding::kString:
    case Encoding::kBytes:
    case Encoding::kMessage: return WireType::kLengthDelimited;
    case Encoding::kGroup: return WireType::kStartGroup;
    default: return WireType::kVarint;
  }
}

std::size_t slot_size(Encoding encoding) {
  switch (encoding) {
    case Encoding::kString:
    case Encoding::kBytes: return 16;
    case Encoding::kInt64:
    case Encoding::kSint64:
    case Encoding::kFixed64:
    case Encoding::kMessage:
    case Encoding::kGroup: return 8;
    default: return 4;
  }
}

}  // namespace godwit::proto
