#include "godwit/compiler/lexer/lexer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "godwit/compiler/lexer/comments.h"

namespace godwit::compiler {
namespace {

struct LexCase {
  const char* text;
  std::vector<std::string> tokens;
};

TEST(LexerTest, CutsTextIntoTokens) {
  const LexCase kCases[] = {
      {"message M{}", {"message", "M", "{", "}"}},
      {"a.b .5 5. 1e-3 0x1F 017", {"a", ".", "b", ".5", "5.", "1e-3", "0x1F", "017"}},
      {"'it''s' \"a\\\"b\"", {"'it'", "'s'", "\"a\\\"b\""}},
      {"a// b\nc/* d\n */e", {"a", "c", "e"}},
      {"\xEF\xBB\xBFsyntax", {"syntax"}},
      {"", {}},
  };
  for (const LexCase& c : kCases) {
    SCOPED_TRACE(c.text);
    SourceFile file("a.proto", "a.proto", c.text);
    Report report;
    TokenList list = lex(file, report);
    EXPECT_EQ(report.error_count(), 0u);
    ASSERT_EQ(list.tokens.size(), c.tokens.size() + 1);
    for (std::size_t i = 0; i < c.tokens.size(); ++i) EXPECT_EQ(list.text(static_cast<TokenIndex>(i)), c.tokens[i]);
  }
}

TEST(LexerTest, ColumnsJumpAtTabs) {
  SourceFile file("a.proto", "a.proto", "\ta\t'x\ty' b");
  Report report;
  TokenList list = lex(file, report);
  EXPECT_EQ(list.tokens[0].begin.column, 8u);
  EXPECT_EQ(list.tokens[1].begin.column, 16u);
  EXPECT_EQ(list.tokens[1].end_column, 26u);
  EXPECT_EQ(list.tokens[2].begin.column, 27u);
}

TEST(LexerTest, Integers) {
  std::uint64_t v = 0;
  EXPECT_TRUE(parse_integer("18446744073709551615", UINT64_MAX, v));
  EXPECT_EQ(v, UINT64_MAX);
  EXPECT_FALSE(parse_integer("18446744073709551616", UINT64_MAX, v));
  EXPECT_TRUE(parse_integer("0xFf", 255, v));
  EXPECT_EQ(v, 255u);
  EXPECT_TRUE(parse_integer("017", 15, v));
  EXPECT_EQ(v, 15u);
  EXPECT_FALSE(parse_integer("16", 15, v));
}

TEST(LexerTest, Floats) {
  EXPECT_EQ(parse_float("1.5e3"), 1500);
  EXPECT_EQ(parse_float("0x10"), 16);
  EXPECT_EQ(parse_float(".5"), 0.5);
  EXPECT_TRUE(std::isinf(parse_float("1e999")));
  EXPECT_EQ(parse_float("1e-999"), 0);
}

TEST(LexerTest, Escapes) {
  auto unescaped = [](std::string_view token) {
    std::string out;
    append_unescaped(token, out);
    return out;
  };
  EXPECT_EQ(unescaped(R"("a\n\t\\\"\'")"), "a\n\t\\\"'");
  EXPECT_EQ(unescaped(R"("\101\x41\X4")"), "AA\x04");
  EXPECT_EQ(unescaped(R"("\u00e9\U0001F600")"), "\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(unescaped(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
}

struct CommentCase {
  const char* text;  // between the tokens `;` and `x`
  const char* trailing;
  std::vector<std::string> detached;
  const char* leading;
};

TEST(CommentsTest, GoToWhatTheyStandBeside) {
  const CommentCase kCases[] = {
      {" // a\n", " a\n", {}, ""},
      {"\n// a\n", "", {}, " a\n"},
      {"\n// a\n\n", " a\n", {}, ""},
      {" // a\n// b\n", " a\n", {}, " b\n"},
      {"\n// a\n// b\n", "", {}, " a\n b\n"},
      {"\n\n// a\n\n// b\n", "", {" a\n"}, " b\n"},
      {" /* a */ ", "", {" a "}, ""},
      {" /* a */\n", " a ", {}, ""},
      {" /* a */ /* b */\n", " a ", {}, " b "},
      {"\n/* a\n * b\n   c */\n", "", {}, " a\n b\nc "},
      {" ", "", {}, ""},
  };
  for (const CommentCase& c : kCases) {
    SCOPED_TRACE(c.text);
    SourceFile file("a.proto", "a.proto", ";" + std::string(c.text) + "x");
    Report report;
    CommentsBetween got = comments_after(lex(file, report), 0);
    EXPECT_EQ(got.trailing, c.trailing);
    EXPECT_EQ(got.detached, c.detached);
    EXPECT_EQ(got.leading, c.leading);
  }
}

}  // namespace
}  // namespace godwit::compiler
