#include "godwit/http/field.h"

#include <gtest/gtest.h>

namespace godwit::http {
namespace {

TEST(FieldToken, EveryKnownNameFindsItsToken) {
  int named = 0;
  for (int t = 0; t < static_cast<int>(FieldToken::kCount); ++t) {
    const auto token = static_cast<FieldToken>(t);
    if (name_of(token).empty()) continue;
    ++named;
    EXPECT_EQ(token_of(name_of(token)), token) << name_of(token);
  }
  EXPECT_EQ(named, static_cast<int>(FieldToken::kCount) - 3);
}

TEST(FieldToken, UnknownNames) {
  EXPECT_EQ(token_of(""), FieldToken::kOther);
  EXPECT_EQ(token_of("x-custom"), FieldToken::kOther);
  EXPECT_EQ(token_of("content-typf"), FieldToken::kOther);
  EXPECT_EQ(token_of(":foo"), FieldToken::kOtherPseudo);
  EXPECT_EQ(token_of("grpc-foo"), FieldToken::kGrpcOtherReserved);
}

TEST(PreparedFields, IdsDiffer) {
  PreparedFields a({{FieldToken::kStatus, "200"}});
  PreparedFields b({{FieldToken::kStatus, "200"}});
  EXPECT_NE(a.id(), b.id());
}

}  // namespace
}  // namespace godwit::http
