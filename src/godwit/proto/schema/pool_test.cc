#include "godwit/proto/schema/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::proto {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using testing::HasSubstr;

FieldDescriptorProto& add_field(DescriptorProto& m, std::string_view name, int number, FieldDescriptorProto::Type type) {
  FieldDescriptorProto& f = *m.add_field();
  f.set_name(name);
  f.set_number(number);
  f.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  f.set_type(type);
  return f;
}

FileDescriptorProto example() {
  FileDescriptorProto file;
  file.set_name("shop/a.proto");
  file.set_package("shop");
  file.set_syntax("proto3");
  DescriptorProto& m = *file.add_message_type();
  m.set_name("Article");
  add_field(m, "id", 1, FieldDescriptorProto::TYPE_INT32);
  add_field(m, "create_time", 2, FieldDescriptorProto::TYPE_STRING);
  FieldDescriptorProto& parent = add_field(m, "parent", 100, FieldDescriptorProto::TYPE_MESSAGE);
  parent.set_type_name("Article");
  FieldDescriptorProto& numbers = add_field(m, "numbers", 50, FieldDescriptorProto::TYPE_SINT64);
  numbers.set_label(FieldDescriptorProto::LABEL_REPEATED);
  auto& service = *file.add_service();
  service.set_name("Shop");
  auto& method = *service.add_method();
  method.set_name("Get");
  method.set_input_type(".shop.Article");
  method.set_output_type("Article");
  method.set_server_streaming(true);
  return file;
}

TEST(DescriptorPoolTest, LinksAFile) {
  DescriptorPool pool;
  auto added = pool.add(example());
  ASSERT_TRUE(added.ok());
  const MessageDescriptor* m = pool.find_message("shop.Article");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(m->fields().size(), 4u);
  EXPECT_EQ(m->find_field(1)->name(), "id");
  EXPECT_EQ(m->find_field(50)->name(), "numbers");
  EXPECT_EQ(m->find_field(100)->name(), "parent");
  EXPECT_EQ(m->find_field(3), nullptr);
  EXPECT_EQ(m->find_field("create_time")->json_name(), "createTime");
  EXPECT_EQ(m->find_field("parent")->message_type(), m);
  EXPECT_TRUE(m->find_field("parent")->has_presence());
  EXPECT_FALSE(m->find_field("id")->has_presence());
  EXPECT_TRUE(m->find_field("numbers")->is_packed());
  const MethodDescriptor* method = pool.find_method("shop.Shop.Get");
  ASSERT_NE(method, nullptr);
  EXPECT_EQ(&method->output_type(), m);
  EXPECT_TRUE(method->server_streaming());
  EXPECT_EQ(pool.find_file_containing("shop.Article.id"), *added);
}

struct Refusal {
  const char* name;
  void (*change)(FileDescriptorProto& file);
  const char* element;
  const char* message;
};

class RefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, NamesTheElementAndLeavesThePoolAsItWas) {
  FileDescriptorProto file = example();
  GetParam().change(file);
  DescriptorPool pool;
  auto added = pool.add(file);
  ASSERT_FALSE(added.ok());
  ASSERT_FALSE(added.error().empty());
  EXPECT_EQ(added.error()[0].element, GetParam().element);
  EXPECT_THAT(added.error()[0].message, HasSubstr(GetParam().message));
  EXPECT_EQ(pool.find_message("shop.Article"), nullptr);
  EXPECT_EQ(pool.find_file("shop/a.proto"), nullptr);
  EXPECT_TRUE(pool.files().empty());
  EXPECT_TRUE(pool.add(example()).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Pool, RefusalTest,
    testing::Values(
        Refusal{"undefined",
                [](FileDescriptorProto& f) { f.mutable_message_type(0)->mutable_field(2)->set_type_name("Nothing"); },
                "shop.Article.parent", "not defined"},
        Refusal{"number_twice",
                [](FileDescriptorProto& f) { f.mutable_message_type(0)->mutable_field(3)->set_number(1); },
                "shop.Article.numbers", "already been used"},
        Refusal{"number_zero",
                [](FileDescriptorProto& f) { f.mutable_message_type(0)->mutable_field(0)->set_number(0); },
                "shop.Article.id", "positive"},
        Refusal{"bad_name", [](FileDescriptorProto& f) { f.mutable_message_type(0)->mutable_field(0)->set_name("1x"); },
                "shop.Article.1x", "not a valid identifier"},
        Refusal{"oneof_index",
                [](FileDescriptorProto& f) { f.mutable_message_type(0)->mutable_field(0)->set_oneof_index(3); },
                "shop.Article.id", "out of range"},
        Refusal{"missing_import", [](FileDescriptorProto& f) { f.add_dependency("b.proto"); }, "b.proto",
                "was not found"},
        Refusal{"no_type", [](FileDescriptorProto& f) { f.mutable_message_type(0)->mutable_field(0)->clear_type(); },
                "shop.Article.id", "no type"},
        Refusal{"map_entry",
                [](FileDescriptorProto& f) {
                  f.clear_service();
                  f.mutable_message_type(0)->mutable_field()->RemoveLast();
                  f.mutable_message_type(0)->mutable_field()->RemoveLast();
                  f.mutable_message_type(0)->mutable_options()->set_map_entry(true);
                },
                "shop.Article", "map_entry"},
        Refusal{"empty_enum", [](FileDescriptorProto& f) { f.add_enum_type()->set_name("E"); }, "shop.E",
                "at least one value"}),
    [](const auto& info) { return info.param.name; });

// shop.Article with `map<string, int32> prices`; its entry is nested_type(0).
FileDescriptorProto example_with_map() {
  FileDescriptorProto file = example();
  DescriptorProto& m = *file.mutable_message_type(0);
  DescriptorProto& entry = *m.add_nested_type();
  entry.set_name("PricesEntry");
  entry.mutable_options()->set_map_entry(true);
  add_field(entry, "key", 1, FieldDescriptorProto::TYPE_STRING);
  add_field(entry, "value", 2, FieldDescriptorProto::TYPE_INT32);
  FieldDescriptorProto& prices = add_field(m, "prices", 7, FieldDescriptorProto::TYPE_MESSAGE);
  prices.set_type_name(".shop.Article.PricesEntry");
  prices.set_label(FieldDescriptorProto::LABEL_REPEATED);
  return file;
}

FieldDescriptorProto& add_entry_field(DescriptorProto& m, std::string_view name, int number) {
  FieldDescriptorProto& f = add_field(m, name, number, FieldDescriptorProto::TYPE_MESSAGE);
  f.set_type_name(".shop.Article.PricesEntry");
  return f;
}

// Descriptors that no compiler writes, and a peer may send. The memory of an entry is not that of a message.
TEST(DescriptorPoolTest, AMapEntryIsHeldByItsMapAlone) {
  struct Case {
    const char* name;
    void (*change)(FileDescriptorProto& file, DescriptorProto& m, DescriptorProto& entry);
    const char* element;
  };
  using F = FileDescriptorProto;
  using D = DescriptorProto;
  const Case cases[] = {
      {"no fields", [](F&, D&, D& entry) { entry.clear_field(); }, "shop.Article.PricesEntry"},
      {"no value", [](F&, D&, D& entry) { entry.mutable_field()->RemoveLast(); }, "shop.Article.PricesEntry"},
      {"a third field", [](F&, D&, D& entry) { add_field(entry, "more", 3, FieldDescriptorProto::TYPE_BOOL); },
       "shop.Article.PricesEntry"},
      {"the value in a oneof",
       [](F&, D&, D& entry) {
         entry.add_oneof_decl()->set_name("o");
         entry.mutable_field(1)->set_oneof_index(0);
       },
       "shop.Article.PricesEntry"},
      {"a single field", [](F&, D& m, D&) { add_entry_field(m, "one", 8); }, "shop.Article.one"},
      {"another list",
       [](F&, D& m, D&) { add_entry_field(m, "many", 8).set_label(FieldDescriptorProto::LABEL_REPEATED); },
       "shop.Article.many"},
      {"another message",
       [](F& file, D&, D&) {
         D& other = *file.add_message_type();
         other.set_name("Other");
         add_entry_field(other, "prices", 1).set_label(FieldDescriptorProto::LABEL_REPEATED);
       },
       "shop.Other.prices"},
      {"a map of it",
       [](F&, D&, D& entry) {
         entry.mutable_field(1)->set_type(FieldDescriptorProto::TYPE_MESSAGE);
         entry.mutable_field(1)->set_type_name(".shop.Article.PricesEntry");
       },
       "shop.Article.PricesEntry.value"},
      {"a method",
       [](F& file, D&, D&) { file.mutable_service(0)->mutable_method(0)->set_input_type(".shop.Article.PricesEntry"); },
       "shop.Shop.Get"},
  };
  EXPECT_TRUE(DescriptorPool().add(example_with_map()).ok());
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    FileDescriptorProto file = example_with_map();
    c.change(file, *file.mutable_message_type(0), *file.mutable_message_type(0)->mutable_nested_type(0));
    DescriptorPool pool;
    const auto added = pool.add(file);
    ASSERT_FALSE(added.ok());
    EXPECT_TRUE(std::any_of(added.error().begin(), added.error().end(),
                            [&](const SchemaError& e) { return e.element == c.element; }));
  }
}

// To look for one takes a walk over all names.
TEST(DescriptorPoolTest, OnlyTheFirstUndefinedNamesGetASuggestion) {
  FileDescriptorProto file = example();
  for (int i = 0; i < 50; ++i) {
    add_field(*file.mutable_message_type(0), "x" + std::to_string(i), 200 + i, FieldDescriptorProto::TYPE_MESSAGE)
        .set_type_name("Artikle");
  }
  DescriptorPool pool;
  const auto added = pool.add(file);
  ASSERT_FALSE(added.ok());
  ASSERT_EQ(added.error().size(), 50u);
  EXPECT_EQ(added.error().front().help, "did you mean \"Article\"?");
  EXPECT_EQ(added.error().back().help, "");
  EXPECT_THAT(added.error().back().message, HasSubstr("not defined"));
}

TEST(DescriptorPoolTest, RefusesBytesThatAreNoDescriptor) {
  DescriptorPool pool;
  EXPECT_FALSE(pool.add_serialized(as_bytes("\xff\xff\xff")).ok());
}

TEST(DescriptorPoolTest, AddsASetInAnyOrder) {
  google::protobuf::FileDescriptorSet set;
  FileDescriptorProto& user = *set.add_file();
  user.set_name("user.proto");
  user.add_dependency("shop/a.proto");
  user.add_message_type()->set_name("User");
  FieldDescriptorProto& f = add_field(*user.mutable_message_type(0), "a", 1, FieldDescriptorProto::TYPE_MESSAGE);
  f.set_type_name("shop.Article");
  set.add_file()->CopyFrom(example());
  DescriptorPool pool;
  ASSERT_TRUE(pool.add(set).ok());
  EXPECT_EQ(pool.find_message("User")->find_field(1)->message_type(), pool.find_message("shop.Article"));
}

TEST(GeneratedDescriptorsTest, DescribeThemselves) {
  const MessageDescriptor& m = google::protobuf::FieldDescriptorProto::descriptor();
  EXPECT_EQ(m.full_name(), "google.protobuf.FieldDescriptorProto");
  EXPECT_EQ(m.find_field("type")->enum_type()->find_value(9)->name(), "TYPE_STRING");
  EXPECT_TRUE(m.find_field("type")->enum_type()->is_closed());
  EXPECT_EQ(find_generated_file("google/protobuf/descriptor.proto"), &m.file());
}

}  // namespace
}  // namespace godwit::proto
