#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "godwit/proto/schema/descriptor.h"
#include "odd_names.pb.h"
#include "proto2_defaults.pb.h"

namespace {

namespace odd = class_::namespace_::x;

TEST(GeneratedCode, DefaultsOfProto2) {
  const proto2_defaults::Defaults d;
  EXPECT_EQ(d.a(), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(d.b(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(d.c(), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(d.d()));
  EXPECT_EQ(d.e(), 1e300);
  EXPECT_EQ(d.f(), std::string_view("a\"b\\c\0d?\?=\n\xc3\xa9", 13));
  EXPECT_EQ(d.g(), "\xff\x01");
  EXPECT_TRUE(d.h());
  EXPECT_EQ(d.i(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(d.j(), proto2_defaults::Defaults::Y);
  EXPECT_FALSE(d.has_j());
  EXPECT_EQ(d.o_case(), proto2_defaults::Defaults::O_NOT_SET);
  EXPECT_EQ(d.ot(), "zz");
  EXPECT_EQ(d.oe(), proto2_defaults::Defaults::Y);
  EXPECT_EQ(d.oi(), 7);
  EXPECT_TRUE(std::signbit(d.od()));
  proto2_defaults::Defaults changed;
  changed.set_f("other");
  changed.set_a(3);
  changed.clear_f();
  changed.Clear();
  EXPECT_EQ(changed, d);
}

TEST(GeneratedCode, NamesThatAreHardOnCpp) {
  odd::Detail detail;
  detail.mutable_article()->set_id(3);  // a field with the name of its type
  EXPECT_EQ(detail.article().id(), 3);
  EXPECT_EQ(odd::NULL_, 0);
  EXPECT_EQ(odd::int__Name(2), "static");

  odd::Outer o;
  o.mutable_inner()->set_x(5);
  o.add_delete_(3);
  o.set_arena_(7);
  o.set_x(9);  // the largest field number
  o.set_has(1);
  o.set_std(2);
  o.set_set_foo("the field set_foo");
  o.set_swap_(odd::DOMAIN_);
  (*o.mutable_mt())[true].set_seconds(4);
  o.set_cbool(true);
  odd::Outer back;
  ASSERT_TRUE(back.ParseFromString(o.SerializeAsString()));
  EXPECT_EQ(back, o);
  EXPECT_EQ(back.choice_case(), odd::Outer::kCbool);
  EXPECT_EQ(back.mt().at(true).seconds(), 4);
  EXPECT_EQ(back.descriptor().full_name(), "class.namespace.x.Outer");

  odd::article list;
  list.add_self()->mutable_article_()->add_self();
  EXPECT_EQ(list.self(0).article_().self_size(), 1);
}

}  // namespace
