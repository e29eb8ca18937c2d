#include "godwit/proto/message/message.h"

#include <gtest/gtest.h>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "godwit/proto/generated/google/protobuf/struct.pb.h"
#include "godwit/proto/generated/google/protobuf/type.pb.h"
#include "godwit/proto/generated/google/protobuf/wrappers.pb.h"
#include "godwit/proto/message/dynamic_message.h"
#include "godwit/proto/message/generated_file.h"

namespace godwit::proto {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodOptions;
using google::protobuf::Struct;
using google::protobuf::Value;

TEST(GeneratedMessage, SingleFieldsWithPresence) {
  FieldDescriptorProto f;
  EXPECT_FALSE(f.has_name());
  EXPECT_EQ(f.name(), "");
  f.set_name("");
  EXPECT_TRUE(f.has_name());
  f.set_number(7);
  f.set_type(FieldDescriptorProto::TYPE_SINT64);
  EXPECT_EQ(f.number(), 7);
  EXPECT_EQ(f.type(), FieldDescriptorProto::TYPE_SINT64);
  f.clear_number();
  EXPECT_FALSE(f.has_number());
  EXPECT_EQ(f.number(), 0);
  f.Clear();
  EXPECT_FALSE(f.has_name());
  EXPECT_EQ(f.GetTypeName(), "google.protobuf.FieldDescriptorProto");
  EXPECT_EQ(int{FieldDescriptorProto::kNameFieldNumber}, 1);
}

TEST(GeneratedMessage, DefaultsOfProto2) {
  EXPECT_EQ(FieldDescriptorProto::default_instance().type(), FieldDescriptorProto::TYPE_DOUBLE);
  MethodOptions options;
  EXPECT_EQ(options.idempotency_level(), MethodOptions::IDEMPOTENCY_UNKNOWN);
  google::protobuf::FileOptions file;
  EXPECT_EQ(file.optimize_for(), google::protobuf::FileOptions::SPEED);
  file.set_optimize_for(google::protobuf::FileOptions::LITE_RUNTIME);
  file.clear_optimize_for();
  EXPECT_EQ(file.optimize_for(), google::protobuf::FileOptions::SPEED);
}

TEST(GeneratedMessage, MessagesAndLists) {
  FileDescriptorProto file;
  EXPECT_FALSE(file.has_options());
  EXPECT_FALSE(file.options().has_go_package());
  file.mutable_options()->set_go_package("x");
  EXPECT_TRUE(file.has_options());
  for (int i = 0; i < 20; i++) {
    DescriptorProto* m = file.add_message_type();
    m->set_name("M" + std::to_string(i));
    m->add_reserved_name("r");
    file.add_dependency("file" + std::to_string(i));
    file.add_public_dependency(i);
  }
  ASSERT_EQ(file.message_type_size(), 20);
  EXPECT_EQ(file.message_type(19).name(), "M19");
  EXPECT_EQ(file.dependency(3), "file3");
  EXPECT_EQ(file.dependency().size(), 20u);
  int n = 0;
  for (const DescriptorProto& m : file.message_type()) EXPECT_EQ(m.name(), "M" + std::to_string(n++));
  n = 0;
  for (std::string_view s : file.dependency()) EXPECT_EQ(s, "file" + std::to_string(n++));
  n = 0;
  for (std::int32_t i : file.public_dependency()) EXPECT_EQ(i, n++);
  file.mutable_message_type()->RemoveLast();
  EXPECT_EQ(file.message_type_size(), 19);
  for (DescriptorProto& m : file.mutable_message_type()) m.clear_name();
  EXPECT_EQ(file.message_type(0).name(), "");
  file.set_dependency(0, "new");
  file.set_public_dependency(1, 77);
  EXPECT_EQ(file.dependency(0), "new");
  EXPECT_EQ(file.public_dependency(1), 77);
  file.clear_message_type();
  EXPECT_EQ(file.message_type_size(), 0);
}

TEST(GeneratedMessage, OneofHoldsOneMember) {
  Value v;
  EXPECT_EQ(v.kind_case(), Value::KIND_NOT_SET);
  v.set_string_value("text");
  EXPECT_EQ(v.kind_case(), Value::kStringValue);
  EXPECT_EQ(v.string_value(), "text");
  v.set_number_value(2.5);
  EXPECT_FALSE(v.has_string_value());
  EXPECT_EQ(v.string_value(), "");
  EXPECT_EQ(v.number_value(), 2.5);
  v.mutable_list_value()->add_values()->set_bool_value(true);
  EXPECT_EQ(v.number_value(), 0);
  EXPECT_TRUE(v.list_value().values(0).bool_value());
  v.clear_number_value();
  EXPECT_TRUE(v.has_list_value());
  v.set_string_value("again");
  v.clear_kind();
  EXPECT_EQ(v.kind_case(), Value::KIND_NOT_SET);
}

TEST(GeneratedMessage, Maps) {
  Struct s;
  (*s.mutable_fields())["a"].set_number_value(1);
  s.mutable_fields()["b"].set_string_value("two");
  EXPECT_EQ(s.fields_size(), 2);
  EXPECT_TRUE(s.fields().contains("a"));
  EXPECT_EQ(s.fields().at("b").string_value(), "two");
  const auto found = s.fields().find("a");
  ASSERT_NE(found, s.fields().end());
  EXPECT_EQ(found->second.number_value(), 1);
  EXPECT_EQ(s.fields().find("zz"), s.fields().end());
  EXPECT_EQ(s.mutable_fields()->erase("a"), 1u);
  EXPECT_EQ(s.fields_size(), 1);
}

Struct sample() {
  Struct s;
  for (int i = 0; i < 30; i++) {
    Value& v = s.mutable_fields()["key" + std::to_string(i)];
    if (i % 3 == 0) v.set_number_value(i);
    if (i % 3 == 1) v.set_string_value(std::string(static_cast<std::size_t>(i) * 10, 'x'));
    if (i % 3 == 2) v.mutable_struct_value()->mutable_fields()["inner"].mutable_list_value()->add_values()->set_bool_value(true);
  }
  s.AppendUnknownFieldBytes(as_bytes("\x10\x01"));
  return s;
}

TEST(GeneratedMessage, CopyMoveSwapCompare) {
  const Struct a = sample();
  Struct copy = a;
  EXPECT_EQ(copy, a);
  copy.mutable_fields()["key2"].mutable_struct_value()->mutable_fields()["inner"].mutable_list_value()->add_values();
  EXPECT_FALSE(copy == a);
  copy = a;
  EXPECT_EQ(copy, a);
  Struct moved = std::move(copy);
  EXPECT_EQ(moved, a);
  EXPECT_EQ(copy.fields_size(), 0);  // NOLINT: what is left is defined
  Struct other;
  other.mutable_fields()["only"].set_bool_value(true);
  swap(moved, other);
  EXPECT_EQ(other, a);
  EXPECT_EQ(moved.fields_size(), 1);

  Arena arena;
  auto* in_arena = create<Struct>(arena);
  *in_arena = a;
  EXPECT_EQ(*in_arena, a);
  in_arena->Swap(&moved);
  EXPECT_EQ(moved, a);
  EXPECT_EQ(in_arena->fields_size(), 1);
  *in_arena = std::move(moved);
  EXPECT_EQ(*in_arena, a);
  Struct self = a;
  self = *&self;
  EXPECT_EQ(self, a);
}

TEST(GeneratedMessage, CopiesFromItsOwnPart) {
  Value v;
  v.mutable_struct_value()->mutable_fields()["x"].mutable_list_value()->add_values()->set_string_value("deep");
  const Value expected = v.struct_value().fields().at("x");
  v.CopyFrom(v.struct_value().fields().at("x"));
  EXPECT_EQ(v, expected);
}

TEST(GeneratedMessage, MergeAppendsAndReplaces) {
  FileDescriptorProto a, b;
  a.set_name("a");
  a.add_dependency("one");
  a.mutable_options()->set_go_package("g");
  b.add_dependency("two");
  b.mutable_options()->set_java_package("j");
  b.set_package("p");
  a.MergeFrom(b);
  EXPECT_EQ(a.name(), "a");
  EXPECT_EQ(a.package(), "p");
  EXPECT_EQ(a.dependency_size(), 2);
  EXPECT_EQ(a.options().go_package(), "g");
  EXPECT_EQ(a.options().java_package(), "j");
}

TEST(GeneratedMessage, StringSetAgainAndAgainNeedsNoMoreMemory) {
  Arena arena;
  auto* v = create<google::protobuf::StringValue>(arena);
  for (std::size_t i = 0; i < 100000; i++) v->set_value(std::string(i % 100, 'x'));
  EXPECT_LT(arena.allocated(), 10000u);
  v->set_value("a part of itself");
  v->set_value(v->value().substr(2, 4));
  EXPECT_EQ(v->value(), "part");
}

TEST(DynamicTypes, AMapEntryIsNoMessage) {
  const MessageDescriptor* entry = Struct::descriptor().find_message("FieldsEntry");
  ASSERT_NE(entry, nullptr);
  DynamicTypes types;
  EXPECT_FALSE(types.table(*entry).ok());
  EXPECT_TRUE(types.table(Struct::descriptor()).ok());
}

TEST(GeneratedEnum, NamesAndNumbers) {
  using google::protobuf::FieldDescriptorProto_Type_IsValid;
  EXPECT_TRUE(FieldDescriptorProto_Type_IsValid(18));
  EXPECT_FALSE(FieldDescriptorProto_Type_IsValid(0));
  EXPECT_EQ(FieldDescriptorProto::Type_Name(9), "TYPE_STRING");
  EXPECT_EQ(FieldDescriptorProto::Type_Name(99), "");
  FieldDescriptorProto::Type type;
  ASSERT_TRUE(FieldDescriptorProto::Type_Parse("TYPE_BOOL", &type));
  EXPECT_EQ(type, FieldDescriptorProto::TYPE_BOOL);
  EXPECT_FALSE(FieldDescriptorProto::Type_Parse("type_bool", &type));
  EXPECT_EQ(google::protobuf::Edition_Name(google::protobuf::EDITION_2023), "EDITION_2023");  // numbers with gaps
}

TEST(GeneratedFiles, AreFoundWithoutCodeBeforeMain) {
  bool found = false;
  for (const GeneratedFile* file : generated_files()) found = found || file->name == "google/protobuf/struct.proto";
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace godwit::proto
