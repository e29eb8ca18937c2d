// The binary format: the encoding of each field type, both ways, on a message type made at run time; malformed input;
// random round trips. Expected bytes follow the protobuf encoding specification.
#include <gtest/gtest.h>

#include "godwit/base/random.h"
#include "godwit/proto/generated/google/protobuf/struct.pb.h"
#include "godwit/proto/message/all_types_test.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/parser.h"
#include "godwit/proto/message/reflection.h"
#include "godwit/proto/message/serializer.h"

namespace godwit::proto {
namespace {

// "08 96 01" or "0a 'text'" to bytes.
std::string bytes_of(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == ' ') continue;
    if (text[i] == '\'') {
      for (i++; text[i] != '\''; i++) out += text[i];
    } else {
      out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
      i++;
    }
  }
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    if (!out.empty()) out += ' ';
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

AllTypes& proto3() {
  static AllTypes types(true);
  return types;
}
AllTypes& proto2() {
  static AllTypes types(false);
  return types;
}

std::string serialized(const Message& m) {
  SerializeOptions options;
  options.deterministic = true;
  std::string out;
  EXPECT_TRUE(append_serialized(m, out, options));
  EXPECT_EQ(m.ByteSizeLong(), out.size());
  return out;
}

// --- One field of each kind: bytes in, the same bytes out.

struct EncodingCase {
  const char* name;
  const char* wire;
};

class SameBytes : public testing::TestWithParam<EncodingCase> {};

TEST_P(SameBytes, Proto3) {
  DynamicMessage m(*proto3().table);
  const std::string wire = bytes_of(GetParam().wire);
  const auto parsed = parse(*m, as_bytes(wire));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(hex(serialized(*m)), hex(wire));
  EXPECT_TRUE(m->UnknownFieldBytes().empty());
  DynamicMessage copy(*proto3().table);
  copy->CopyFrom(*m);
  EXPECT_TRUE(copy->Equals(*m));
  EXPECT_EQ(hex(serialized(*copy)), hex(wire));
  // As a part of another message, in a list, and as a map's value.
  std::string outer = bytes_of("c2 3e") + static_cast<char>(wire.size()) + wire;
  outer += bytes_of("ca 3e 00 ca 3e") + static_cast<char>(wire.size()) + wire;
  outer += bytes_of("da 3e") + static_cast<char>(wire.size() + 5) + bytes_of("0a 01 'k' 12") + static_cast<char>(wire.size()) + wire;
  ASSERT_TRUE(parse(*m, as_bytes(outer)).ok());
  EXPECT_EQ(hex(serialized(*m)), hex(outer));
}

INSTANTIATE_TEST_SUITE_P(
    EncodingSpecification, SameBytes,
    testing::Values(
        EncodingCase{"Empty", ""}, EncodingCase{"Double", "09 00 00 00 00 00 00 f8 3f"}, EncodingCase{"Float", "15 00 00 c0 3f"},
        EncodingCase{"NegativeZero", "09 00 00 00 00 00 00 00 80"}, EncodingCase{"Int64", "18 96 01"},
        EncodingCase{"Int64Negative", "18 ff ff ff ff ff ff ff ff ff 01"}, EncodingCase{"Int64Wide", "18 ff ff ff ff ff ff ff ff 7f"},
        EncodingCase{"Uint64", "20 ff ff ff ff ff ff ff ff ff 01"}, EncodingCase{"Int32", "28 ac 02"},
        EncodingCase{"Int32Negative", "28 fe ff ff ff ff ff ff ff ff 01"}, EncodingCase{"Fixed64", "31 01 02 03 04 05 06 07 08"},
        EncodingCase{"Fixed32", "3d 01 02 03 04"}, EncodingCase{"Bool", "40 01"}, EncodingCase{"String", "4a 07 'testing'"},
        EncodingCase{"StringUtf8", "4a 06 e4 bd a0 e5 a5 bd"}, EncodingCase{"Bytes", "62 03 00 ff 80"},
        EncodingCase{"Uint32", "68 ff ff ff ff 0f"}, EncodingCase{"Enum", "70 02"}, EncodingCase{"EnumUnnamed", "70 63"},
        EncodingCase{"EnumNegative", "70 ff ff ff ff ff ff ff ff ff 01"}, EncodingCase{"Sfixed32", "7d fe ff ff ff"},
        EncodingCase{"Sfixed64", "81 01 fe ff ff ff ff ff ff ff"}, EncodingCase{"Sint32", "88 01 03"},
        EncodingCase{"Sint64", "90 01 ff ff ff ff ff ff ff ff ff 01"}, EncodingCase{"OptionalZero", "c8 01 00"},
        EncodingCase{"OptionalEmptyString", "ea 01 00"}, EncodingCase{"OptionalBool", "e0 01 00"}, EncodingCase{"OptionalEnum", "90 02 00"},
        EncodingCase{"OneofZero", "e8 02 00"}, EncodingCase{"OneofString", "8a 03 02 'hi'"}, EncodingCase{"OneofEmptyString", "8a 03 00"},
        EncodingCase{"OneofDouble", "c9 02 00 00 00 00 00 00 00 00"}, EncodingCase{"OneofMessage", "d2 3e 02 40 01"},
        EncodingCase{"OneofEmptyMessage", "d2 3e 00"}, EncodingCase{"PackedInt32", "8a 04 06 03 8e 02 9e a7 05"},
        EncodingCase{"PackedDouble", "ea 03 08 00 00 00 00 00 00 f8 3f"}, EncodingCase{"PackedBool", "a2 04 03 01 00 01"},
        EncodingCase{"PackedSint32", "ea 04 02 01 02"}, EncodingCase{"PackedEnum", "d2 04 02 00 63"},
        EncodingCase{"RepeatedString", "ca 05 01 'a' ca 05 00 ca 05 01 'c'"}, EncodingCase{"UnpackedInt32", "a8 05 01 a8 05 02"},
        EncodingCase{"UnpackedFixed32", "bd 05 01 00 00 00 bd 05 02 00 00 00"}, EncodingCase{"MapKeyString", "ea 06 06 0a 01 'k' 12 01 'v'"},
        EncodingCase{"MapKeyInt32", "ca 06 06 08 96 01 12 01 'v'"}, EncodingCase{"MapKeyZero", "ca 06 04 08 00 12 00"},
        EncodingCase{"MapKeyBool", "e2 06 05 08 01 12 01 'v'"}, EncodingCase{"MapValueBytes", "a2 08 06 08 07 12 02 00 ff"},
        EncodingCase{"MapValueDouble", "ca 07 0b 08 07 11 00 00 00 00 00 00 f8 3f"}, EncodingCase{"MapValueEnum", "b2 08 04 08 07 10 02"}),
    [](const auto& info) { return info.param.name; });

// --- Other forms of the same content.

struct FormCase {
  const char* name;
  const char* in;
  const char* out;
};
class OtherForms : public testing::TestWithParam<FormCase> {};

TEST_P(OtherForms, Proto3) {
  DynamicMessage m(*proto3().table);
  const auto parsed = parse(*m, as_bytes(bytes_of(GetParam().in)));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(hex(serialized(*m)), hex(bytes_of(GetParam().out)));
}

INSTANTIATE_TEST_SUITE_P(
    EncodingSpecification, OtherForms,
    testing::Values(
        FormCase{"LastSingleValueWins", "28 01 28 02", "28 02"}, FormCase{"ImplicitZeroIsNotWritten", "28 00 4a 00 40 00", ""},
        FormCase{"LongVarint", "28 81 80 80 00", "28 01"}, FormCase{"LongTag", "a8 80 00 07", "28 07"},
        FormCase{"LongLength", "4a 81 00 'x'", "4a 01 'x'"}, FormCase{"Int32KeepsLowBits", "28 81 80 80 80 f0 01", "28 01"},
        FormCase{"BoolOfAnyNumber", "40 80 80 01", "40 01"}, FormCase{"LastOneofMemberWins", "e8 02 05 8a 03 01 'x'", "8a 03 01 'x'"},
        FormCase{"OneofMessagesMerge", "d2 3e 02 28 01 d2 3e 02 40 01", "d2 3e 04 28 01 40 01"},
        FormCase{"OneofMessageAfterOther", "d2 3e 02 28 01 e8 02 01 d2 3e 02 40 01", "d2 3e 02 40 01"},
        FormCase{"MessagesMerge", "c2 3e 02 28 01 c2 3e 02 40 01", "c2 3e 04 28 01 40 01"},
        FormCase{"PackedAsSingles", "88 04 03 88 04 04", "8a 04 02 03 04"}, FormCase{"SinglesAsPacked", "aa 05 02 03 04", "a8 05 03 a8 05 04"},
        FormCase{"PackedInPieces", "8a 04 01 01 8a 04 00 8a 04 02 02 03", "8a 04 03 01 02 03"},
        FormCase{"PackedSint64AsSingles", "f0 04 01", "f2 04 01 01"}, FormCase{"Fixed32AsPacked", "ba 05 04 01 00 00 00", "bd 05 01 00 00 00"},
        FormCase{"FieldsInAnyOrder", "40 01 28 01", "28 01 40 01"}, FormCase{"MapValueFirst", "ea 06 06 12 01 'v' 0a 01 'k'", "ea 06 06 0a 01 'k' 12 01 'v'"},
        FormCase{"MapWithoutValue", "ea 06 03 0a 01 'k'", "ea 06 05 0a 01 'k' 12 00"}, FormCase{"MapWithoutKey", "ea 06 03 12 01 'v'", "ea 06 05 0a 00 12 01 'v'"},
        FormCase{"MapEmptyEntry", "ea 06 00", "ea 06 04 0a 00 12 00"},
        FormCase{"MapLastEntryWins", "ea 06 06 0a 01 'k' 12 01 'v' ea 06 06 0a 01 'k' 12 01 'w'", "ea 06 06 0a 01 'k' 12 01 'w'"},
        FormCase{"MapUnknownFieldIsDropped", "ea 06 08 0a 01 'k' 18 05 12 01 'v'", "ea 06 06 0a 01 'k' 12 01 'v'"},
        FormCase{"MapMessageWithoutValue", "da 3e 03 0a 01 'k'", "da 3e 05 0a 01 'k' 12 00"},
        FormCase{"MapMessageFirst", "da 3e 07 12 02 28 01 0a 01 'k'", "da 3e 07 0a 01 'k' 12 02 28 01"},
        FormCase{"MapMessageInTwoParts", "da 3e 0b 12 02 28 01 0a 01 'k' 12 02 40 01", "da 3e 09 0a 01 'k' 12 04 28 01 40 01"},
        FormCase{"MapMessageReplacedNotMerged", "da 3e 07 0a 01 'k' 12 02 28 01 da 3e 07 0a 01 'k' 12 02 40 01", "da 3e 07 0a 01 'k' 12 02 40 01"},
        FormCase{"UnknownKeptAtTheEnd", "f8 3f 01 28 01", "28 01 f8 3f 01"},
        FormCase{"UnknownOfEachWireType", "f8 3f 01 f9 3f 01 02 03 04 05 06 07 08 fa 3f 01 'x' fd 3f 01 02 03 04 fb 3f 08 01 fc 3f",
                 "f8 3f 01 f9 3f 01 02 03 04 05 06 07 08 fa 3f 01 'x' fd 3f 01 02 03 04 fb 3f 08 01 fc 3f"},
        FormCase{"UnknownInOrder", "f8 3f 02 28 01 f0 3f 03 f8 3f 01", "28 01 f8 3f 02 f0 3f 03 f8 3f 01"},
        FormCase{"WrongWireTypeIsUnknown", "2d 01 02 03 04", "2d 01 02 03 04"}, FormCase{"StringAsVarintIsUnknown", "48 05", "48 05"},
        FormCase{"UnknownInSubmessage", "c2 3e 05 f8 3f 01 28 01", "c2 3e 05 28 01 f8 3f 01"}),
    [](const auto& info) { return info.param.name; });

TEST(Proto2, PresenceAndClosedEnums) {
  const std::vector<FormCase> cases = {
      {"ZeroIsPresent", "28 00 4a 00", "28 00 4a 00"},
      {"NamedEnum", "70 02", "70 02"},
      {"UnnamedEnumIsUnknown", "70 63", "70 63"},
      {"UnnamedPackedEnum", "d2 04 03 00 63 01", "d2 04 02 00 01 d0 04 63"},
      {"UnnamedRepeatedEnum", "f0 05 01 f0 05 63 f0 05 02", "f0 05 01 f0 05 02 f0 05 63"},
      {"UnnamedEnumInMap", "b2 08 04 08 07 10 63", "b2 08 04 08 07 10 63"},
      {"NamedEnumInMap", "b2 08 04 08 07 10 02", "b2 08 04 08 07 10 02"},
      {"StringsAreNotChecked", "4a 01 ff", "4a 01 ff"}};
  for (const FormCase& c : cases) {
    DynamicMessage m(*proto2().table);
    ASSERT_TRUE(parse(*m, as_bytes(bytes_of(c.in))).ok()) << c.name;
    EXPECT_EQ(hex(serialized(*m)), hex(bytes_of(c.out))) << c.name;
  }
  DynamicMessage m(*proto2().table);
  ASSERT_TRUE(parse(*m, as_bytes(bytes_of("b2 08 04 08 07 10 63 70 63"))).ok());
  EXPECT_FALSE(has(*m, *m->Table().find(14)));
  EXPECT_EQ(count(*m, *m->Table().find(134)), 0u);
}

// --- What is not a message.

struct ErrorCase {
  const char* name;
  const char* wire;
  DecodeErrorKind kind;
  std::size_t offset;
  const char* field;
};
class Malformed : public testing::TestWithParam<ErrorCase> {};

TEST_P(Malformed, IsRefusedWithItsPlace) {
  DynamicMessage m(*proto3().table);
  const auto parsed = parse(*m, as_bytes(bytes_of(GetParam().wire)));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(describe(parsed.error().kind), std::string(describe(GetParam().kind)));
  EXPECT_EQ(parsed.error().offset, GetParam().offset);
  EXPECT_EQ(parsed.error().field, GetParam().field);
  (void)serialized(*m);  // what was read so far is a message
}

INSTANTIATE_TEST_SUITE_P(
    EncodingSpecification, Malformed,
    testing::Values(
        ErrorCase{"TagCut", "28 01 a8", DecodeErrorKind::kTruncated, 2, ""}, ErrorCase{"ValueMissing", "28", DecodeErrorKind::kTruncated, 1, "f_int32"},
        ErrorCase{"VarintCut", "28 ff ff", DecodeErrorKind::kTruncated, 1, "f_int32"},
        ErrorCase{"VarintTooLong", "28 80 80 80 80 80 80 80 80 80 80 01", DecodeErrorKind::kBadVarint, 1, "f_int32"},
        ErrorCase{"FixedCut", "3d 01 02", DecodeErrorKind::kTruncated, 1, "f_fixed32"},
        ErrorCase{"LengthTooLarge", "4a 05 'abc'", DecodeErrorKind::kBadLength, 2, "f_string"},
        ErrorCase{"LengthHuge", "4a ff ff ff ff ff ff ff ff ff 01", DecodeErrorKind::kBadLength, 1, "f_string"},
        ErrorCase{"FieldNumberZero", "28 01 00 01", DecodeErrorKind::kBadTag, 3, ""},
        ErrorCase{"TagTooLarge", "f8 ff ff ff ff 01 01", DecodeErrorKind::kBadTag, 0, ""},
        ErrorCase{"WireType6", "2e 01", DecodeErrorKind::kBadWireType, 1, "f_int32"},
        ErrorCase{"WireType7", "ff 3f 01", DecodeErrorKind::kBadWireType, 2, ""},
        ErrorCase{"EndWithoutStart", "fc 3f", DecodeErrorKind::kBadGroup, 2, ""},
        ErrorCase{"GroupNotClosed", "fb 3f 08 01", DecodeErrorKind::kBadGroup, 4, ""},
        ErrorCase{"GroupClosedByOther", "fb 3f f4 3f", DecodeErrorKind::kBadGroup, 4, ""},
        ErrorCase{"NotUtf8", "4a 02 c3 28", DecodeErrorKind::kBadUtf8, 2, "f_string"},
        ErrorCase{"NotUtf8InList", "ca 05 01 'a' ca 05 01 ff", DecodeErrorKind::kBadUtf8, 7, "r_string[1]"},
        ErrorCase{"NotUtf8InOneof", "8a 03 01 80", DecodeErrorKind::kBadUtf8, 3, "c_string"},
        ErrorCase{"NotUtf8Key", "ea 06 06 0a 01 ff 12 01 'v'", DecodeErrorKind::kBadUtf8, 5, "kstring"},
        ErrorCase{"NotUtf8Value", "ea 06 06 0a 01 'k' 12 01 ff", DecodeErrorKind::kBadUtf8, 8, "kstring"},
        ErrorCase{"NotUtf8ValueFirst", "ea 06 06 12 01 ff 0a 01 'k'", DecodeErrorKind::kBadUtf8, 5, "kstring"},
        ErrorCase{"SubmessageCut", "c2 3e 02 28", DecodeErrorKind::kBadLength, 3, "m"},
        ErrorCase{"VarintBeyondSubmessage", "c2 3e 02 28 ff 01", DecodeErrorKind::kTruncated, 4, "m.f_int32"},
        ErrorCase{"InListOfMessages", "ca 3e 00 ca 3e 04 4a 02 c3 28", DecodeErrorKind::kBadUtf8, 8, "rm[1].f_string"},
        ErrorCase{"Deeper", "ca 3e 08 c2 3e 05 d2 3e 02 28 ff", DecodeErrorKind::kTruncated, 10, "rm[0].m.cm.f_int32"},
        ErrorCase{"InMapOfMessages", "da 3e 07 0a 01 'k' 12 02 28 ff", DecodeErrorKind::kTruncated, 9, "vm.f_int32"},
        ErrorCase{"PackedCut", "8a 04 02 01 80", DecodeErrorKind::kTruncated, 5, "p_int32[0]"},
        ErrorCase{"PackedFixedNotWhole", "9a 04 03 01 02 03", DecodeErrorKind::kTruncated, 6, "p_fixed32[0]"},
        ErrorCase{"MapEntryCut", "ea 06 03 0a 05 'k'", DecodeErrorKind::kBadLength, 4, "kstring"}),
    [](const auto& info) { return info.param.name; });

TEST(Malformed, EveryCutOfAMessageIsHandled) {
  std::string wire;
  for (const char* part : {"09 00 00 00 00 00 00 f8 3f", "28 fe ff ff ff ff ff ff ff ff 01", "4a 07 'testing'", "8a 04 06 03 8e 02 9e a7 05",
                           "ea 06 06 0a 01 'k' 12 01 'v'", "c2 3e 02 28 01", "da 3e 07 0a 01 'k' 12 02 28 01", "fb 3f 08 01 fc 3f"}) {
    wire += bytes_of(part);
  }
  for (std::size_t cut = 0; cut <= wire.size(); cut++) {
    const std::vector<std::uint8_t> part(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(cut));  // exact, for sanitizers
    DynamicMessage m(*proto3().table);
    const auto parsed = parse(*m, Bytes(part));
    EXPECT_TRUE(parsed.ok() || cut < wire.size());
    EXPECT_TRUE(parsed.ok() || parsed.error().offset <= cut);
  }
}

TEST(Malformed, WhatWasReadBeforeIsAMessage) {
  // A place in a oneof or a list that a refused text should have filled.
  for (const char* wire : {"c9 02 00 00 00 00 00 00 f8 3f 8a 03 05 'x'", "d2 3e 00 8a 03 01 ff", "c9 02 00 00 00 00 00 00 f8 3f a2 03 7f",
                           "ca 05 01 'a' ca 05 01 ff", "e2 05 01 'a' e2 05 09"}) {
    DynamicMessage m(*proto3().table), back(*proto3().table);
    ASSERT_FALSE(parse(*m, as_bytes(bytes_of(wire))).ok());
    EXPECT_TRUE(parse(*back, as_bytes(serialized(*m))).ok()) << wire;
  }
}

TEST(DepthLimit, HoldsOnBothSides) {
  const auto nested = [](int levels) {
    std::string wire;
    for (int i = 0; i < levels; i++) {
      std::string next = bytes_of("c2 3e");
      for (std::size_t n = wire.size();;) {
        next += static_cast<char>(n >= 128 ? (n & 127) | 128 : n);
        if (n < 128) break;
        n >>= 7;
      }
      wire = next + wire;
    }
    return wire;
  };
  DynamicMessage m(*proto3().table);
  EXPECT_TRUE(parse(*m, as_bytes(nested(100))).ok());
  const auto refused = parse(*m, as_bytes(nested(101)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, DecodeErrorKind::kTooDeep);
  ParseOptions options;
  options.depth_limit = 1000;
  EXPECT_TRUE(parse(*m, as_bytes(nested(1000)), options).ok());
  EXPECT_EQ(serialized(*m), nested(1000));
  EXPECT_FALSE(parse(*m, as_bytes(nested(1001)), options).ok());
  options.depth_limit = 3;
  EXPECT_TRUE(parse(*m, as_bytes(nested(3)), options).ok());
  EXPECT_FALSE(parse(*m, as_bytes(nested(4)), options).ok());

  // Groups that nobody knows.
  std::string groups;
  for (int i = 0; i < 101; i++) groups += bytes_of("fb 3f");
  for (int i = 0; i < 101; i++) groups += bytes_of("fc 3f");
  EXPECT_FALSE(parse(*m, as_bytes(groups)).ok());
  EXPECT_TRUE(parse(*m, as_bytes(groups.substr(2, 400))).ok());
}

TEST(LongStrings, ShareTheBlockOfASlice) {
  const std::string text(5000, 'x');
  std::string wire = bytes_of("4a 88 27") + text + bytes_of("62 05 'short'");
  DynamicMessage m(*proto3().table);
  {
    const Slice slice = Slice::copy_of(as_bytes(wire));
    ASSERT_TRUE(parse(*m, slice).ok());
    const std::string_view read = get(*m, *m->Table().find(9)).text();
    EXPECT_EQ(read, text);
    EXPECT_EQ(reinterpret_cast<const std::uint8_t*>(read.data()), slice.data() + 3);
    EXPECT_FALSE(slice.owner()->unique());
    const std::string_view copied = get(*m, *m->Table().find(12)).text();
    EXPECT_TRUE(reinterpret_cast<const std::uint8_t*>(copied.data()) < slice.data() ||
                reinterpret_cast<const std::uint8_t*>(copied.data()) > slice.data() + slice.size());
  }
  EXPECT_EQ(get(*m, *m->Table().find(9)).text(), text);  // the message keeps the block
  set(*m, *m->Table().find(9), Value::of_string("y"));
  EXPECT_EQ(get(*m, *m->Table().find(9)).text(), "y");
}

TEST(UnknownFields, CanBeDropped) {
  ParseOptions options;
  options.discard_unknown = true;
  DynamicMessage m(*proto3().table);
  ASSERT_TRUE(parse(*m, as_bytes(bytes_of("f8 3f 01 28 01")), options).ok());
  EXPECT_EQ(hex(serialized(*m)), "28 01");
}

TEST(Serializer, LargeMessagesInPieces) {
  google::protobuf::ListValue list;
  for (int i = 0; i < 20000; i++) list.add_values()->set_string_value(std::string(static_cast<std::size_t>(i % 200), 'a' + static_cast<char>(i % 26)));
  const std::string whole = list.SerializeAsString();
  EXPECT_EQ(list.ByteSizeLong(), whole.size());
  google::protobuf::ListValue back;
  ASSERT_TRUE(back.ParseFromString(whole));
  EXPECT_EQ(back, list);
  EXPECT_TRUE(as_text(serialize(list).bytes()) == whole);
  for (std::size_t lent : {0u, 1u, 15u, 16u, 17u, 100u, 5000u}) {
    std::vector<std::uint8_t> memory(lent);
    BackwardWriter writer{MutableBytes(memory)};
    writer.write(as_bytes("after"));
    EXPECT_EQ(serialize_backwards(list, writer), whole.size());
    std::string out;
    writer.append_to(out);
    EXPECT_TRUE(out == whole + "after");
  }
  std::string array(whole.size(), 0);
  EXPECT_TRUE(list.SerializeToArray(array.data(), static_cast<int>(array.size())));
  EXPECT_TRUE(array == whole);
  EXPECT_FALSE(list.SerializeToArray(array.data(), static_cast<int>(array.size() - 1)));
}

// --- Random messages: serialized in memory of each size, parsed back, equal; and damaged in random places.

class RandomMessages {
 public:
  RandomMessages(const MessageTable& table, std::uint64_t seed) : table_(table), random_(seed) {}

  void fill(Message& m, int depth) {
    for (const FieldEntry& field : table_.all_entries()) {
      if (!field.is_field() || random_.below(4) != 0) continue;
      const bool is_message = field.field_type() == FieldType::kMessage;
      if (field.is_map()) {
        const FieldEntry& key = field.message->entries()[1];
        const FieldEntry& value = field.message->entries()[2];
        for (std::uint64_t n = random_.below(12); n > 0; n--) {
          if (value.field_type() == FieldType::kMessage) {
            if (depth > 0) fill(mutable_map_message(m, field, scalar(key)), depth - 1);
          } else {
            map_set(m, field, scalar(key), scalar(value));
          }
        }
      } else if (field.is_repeated()) {
        for (std::uint64_t n = random_.below(random_.below(10) == 0 ? 300 : 5); n > 0; n--) {
          if (!is_message) {
            add(m, field, scalar(field));
          } else if (depth > 0 && n < 3) {
            fill(add_message(m, field), depth - 1);
          }
        }
      } else if (!is_message) {
        set(m, field, scalar(field));
      } else if (depth > 0) {
        fill(mutable_message(m, field), depth - 1);
      }
    }
  }
  SeededRandom& random() { return random_; }

 private:
  Value scalar(const FieldEntry& field) {
    const std::uint64_t bits = random_.next() >> random_.below(64);
    const auto sign = static_cast<std::int64_t>(random_.below(2) ? bits : 0 - bits);
    switch (field.field_type()) {
      case FieldType::kDouble: return Value::of_double(static_cast<double>(sign) / 8);
      case FieldType::kFloat: return Value::of_float(static_cast<float>(sign) / 8);
      case FieldType::kInt64:
      case FieldType::kSint64:
      case FieldType::kSfixed64: return Value::of_int64(sign);
      case FieldType::kUint64:
      case FieldType::kFixed64: return Value::of_uint64(bits);
      case FieldType::kInt32:
      case FieldType::kSint32:
      case FieldType::kSfixed32: return Value::of_int32(static_cast<std::int32_t>(sign));
      case FieldType::kUint32:
      case FieldType::kFixed32: return Value::of_uint32(static_cast<std::uint32_t>(bits));
      case FieldType::kBool: return Value::of_bool(bits & 1);
      case FieldType::kEnum: return Value::of_enum(static_cast<std::int32_t>(random_.below(3)));
      default: break;
    }
    std::string& text = texts_[next_text_++ % 2];  // a key and a value are needed at once
    text.clear();
    for (std::uint64_t n = random_.below(random_.below(8) == 0 ? 1500 : 24); n > 0; n--) text += random_.below(6) == 0 ? "é" : "x";
    return field.field_type() == FieldType::kString ? Value::of_string(text) : Value::of_bytes(text);
  }

  const MessageTable& table_;
  SeededRandom random_;
  std::string texts_[2];
  unsigned next_text_ = 0;
};

TEST(RandomRoundTrip, SerializedAndParsedBack) {
  for (AllTypes* types : {&proto3(), &proto2()}) {
    for (std::uint64_t seed = 1; seed <= 150; seed++) {
      RandomMessages make(*types->table, seed);
      DynamicMessage m(*types->table), back(*types->table), merged(*types->table);
      make.fill(*m, 3);
      const std::string wire = serialized(*m);
      const auto parsed = parse(*back, as_bytes(wire));
      ASSERT_TRUE(parsed.ok()) << seed << ": " << parsed.error().message();
      ASSERT_TRUE(back->Equals(*m)) << seed;
      ASSERT_EQ(serialized(*back), wire) << seed;
      ASSERT_TRUE(parse(*back, Slice::copy_of(as_bytes(wire))).ok());
      ASSERT_TRUE(back->Equals(*m)) << seed;
      merged->MergeFrom(*m);
      ASSERT_TRUE(merged->Equals(*m)) << seed;
      // In memory of any size, the rest in blocks.
      std::vector<std::uint8_t> memory(make.random().below(wire.size() + 50));
      BackwardWriter writer{MutableBytes(memory)};
      ASSERT_EQ(serialize_backwards(*m, writer, {.deterministic = true}), wire.size());
      std::string out;
      writer.append_to(out);
      ASSERT_EQ(out, wire) << seed;
    }
  }
}

TEST(RandomRoundTrip, DamagedMessagesAreReadOrRefused) {
  int read = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 60; seed++) {
    RandomMessages make(*proto3().table, seed);
    DynamicMessage m(*proto3().table), back(*proto3().table), again(*proto3().table);
    make.fill(*m, 2);
    const std::string wire = serialized(*m);
    for (int round = 0; round < 100 && !wire.empty(); round++) {
      std::vector<std::uint8_t> bytes(wire.begin(), wire.end());
      for (std::uint64_t n = 1 + make.random().below(4); n > 0; n--) {
        bytes[make.random().below(bytes.size())] = static_cast<std::uint8_t>(make.random().next());
      }
      if (round % 3 == 0) bytes.resize(make.random().below(bytes.size() + 1));
      bytes.shrink_to_fit();
      const auto parsed = parse(*back, Bytes(bytes));
      if (!parsed.ok()) {
        refused++;
        EXPECT_LE(parsed.error().offset, bytes.size());
        continue;
      }
      read++;
      const std::string once = serialized(*back);
      ASSERT_TRUE(parse(*again, as_bytes(once)).ok());
      ASSERT_EQ(serialized(*again), once);
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace godwit::proto
