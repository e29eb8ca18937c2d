#include "godwit/base/json_tokenizer.h"

#include <gtest/gtest.h>

#include <string>

namespace godwit {
namespace {

// The tokens of a text in one line; an error ends it with its text.
std::string tokens_of(std::string_view text, std::size_t max_depth = JsonTokenizer::kDefaultDepth) {
  JsonTokenizer tokens(text, max_depth);
  std::string out;
  for (;;) {
    switch (tokens.next()) {
      case JsonToken::kBeginObject: out += "{ "; break;
      case JsonToken::kEndObject: out += "} "; break;
      case JsonToken::kBeginArray: out += "[ "; break;
      case JsonToken::kEndArray: out += "] "; break;
      case JsonToken::kKey: out += std::string(tokens.text()) + ": "; break;
      case JsonToken::kString: out += "'" + std::string(tokens.text()) + "' "; break;
      case JsonToken::kNumber: out += std::string(tokens.text()) + " "; break;
      case JsonToken::kTrue: out += "true "; break;
      case JsonToken::kFalse: out += "false "; break;
      case JsonToken::kNull: out += "null "; break;
      case JsonToken::kEnd: return out + "end";
      case JsonToken::kError: return out + "! " + tokens.error().to_text();
    }
  }
}

TEST(JsonTokenizer, Values) {
  const struct {
    std::string_view text, tokens;
  } kTests[] = {
      {"{}", "{ } end"},
      {" [ ] ", "[ ] end"},
      {"1", "1 end"},
      {"\"\"", "'' end"},
      {"\t\r\n true \n", "true end"},
      {"[false,null,{\"a\":[1,2],\"b\":{}}]", "[ false null { a: [ 1 2 ] b: { } } ] end"},
      {"{\"a\" : 1 , \"a\" : 2}", "{ a: 1 a: 2 } end"},
      {"[[],[[]],{\"\":[]}]", "[ [ ] [ [ ] ] { : [ ] } ] end"},
      // Section 6: numbers stay as they are written.
      {"[0,-0,10,-1.50,1e2,1E+02,1.5e-3,123456789012345678901234567890]", "[ 0 -0 10 -1.50 1e2 1E+02 1.5e-3 123456789012345678901234567890 ] end"},
      // Section 7: strings.
      {R"("\"\\\/\b\f\n\r\t")", "'\"\\/\b\f\n\r\t' end"},
      {R"("\u0041\u00e9\u4F60\uD83D\uDE00\uffff")", "'A\u00e9\u4f60\U0001F600\uffff' end"},
      {"\"caf\u00e9 \u4f60\u597d \U0001F600 \x7f\"", "'caf\u00e9 \u4f60\u597d \U0001F600 \x7f' end"},
      {"\"12345678901234567\\n12345678\"", "'12345678901234567\n12345678' end"},
  };
  for (const auto& test : kTests) EXPECT_EQ(tokens_of(test.text), test.tokens) << test.text;
  EXPECT_EQ(tokens_of("\"\\u0000\""), std::string("'\0' end", 7));
}

TEST(JsonTokenizer, Errors) {
  const struct {
    std::string_view text, tokens;
  } kTests[] = {
      {"", "! 1:1: expected a value, got the end of the text"},
      {" \n ", "! 2:2: expected a value, got the end of the text"},
      {"{", "{ ! 1:2: expected a key in double quotes, got the end of the text"},
      {"[", "[ ! 1:2: expected a value, got the end of the text"},
      {"{\"a\"", "{ ! 1:5: expected \":\" after the key, got the end of the text"},
      {"{\"a\" 1}", "{ ! 1:6: expected \":\" after the key, got \"1\""},
      {"{\"a\":}", "{ a: ! 1:6: expected a value, got \"}\""},
      {"{\"a\":1 \"b\":2}", "{ a: 1 ! 1:8: expected \",\" or \"}\" after the member, got a string"},
      {"[1 2]", "[ 1 ! 1:4: expected \",\" or \"]\" after the element, got \"2\""},
      {"[1,]", "[ 1 ! 1:4: expected a value after the comma, got \"]\""},
      {"{\"a\":1,}", "{ a: 1 ! 1:8: expected a key after the comma, got \"}\""},
      {"{a:1}", "{ ! 1:2: expected a key in double quotes, got \"a\""},
      {"{'a':1}", "{ ! 1:2: expected a key in double quotes, got \"'\"; strings stand in double quotes"},
      {"{,}", "{ ! 1:2: expected a key in double quotes, got \",\""},
      {"[1}", "[ 1 ! 1:3: expected \",\" or \"]\" after the element, got \"}\""},
      {"{\"a\":1]", "{ a: 1 ! 1:7: expected \",\" or \"}\" after the member, got \"]\""},
      {"{} {}", "{ } ! 1:4: expected the end of the text after the value, got \"{\""},
      {"1 x", "1 ! 1:3: expected the end of the text after the value, got \"x\""},
      {"// no", "! 1:1: expected a value, got \"/\"; JSON has no comments"},
      {"\xEF\xBB\xBF{}", "! 1:1: the text begins with a byte order mark; leave it out"},
      {"tru", "! 1:1: expected a value, got \"tru\""},
      {"True", "! 1:1: expected a value, got \"True\""},
      {"nullx", "! 1:1: expected a value, got \"nullx\""},
      {"NaN", "! 1:1: expected a value, got \"NaN\"; it stands in double quotes"},
      {"-Infinity", "! 1:1: expected a digit after \"-\""},
      {"[01]", "[ ! 1:2: a number must not begin with a superfluous 0"},
      {"-00", "! 1:1: a number must not begin with a superfluous 0"},
      {"1.", "! 1:1: expected a digit after the decimal point"},
      {"1.e5", "! 1:1: expected a digit after the decimal point"},
      {"1e", "! 1:1: expected a digit in the exponent"},
      {"1e+", "! 1:1: expected a digit in the exponent"},
      {"+1", "! 1:1: expected a value, got \"+\""},
      {".5", "! 1:1: expected a value, got \".\""},
      {"0x10", "! 1:2: unexpected \"x10\" in a number"},
      {"1.5.2", "! 1:4: unexpected \".\" in a number"},
      {"1_000", "! 1:2: unexpected \"_000\" in a number"},
      {"\"abc", "! 1:1: the string has no closing quote"},
      {"\"abc\\", "! 1:5: the escape is cut off"},
      {"\"a\tb\"", "! 1:3: a string must not contain the control character U+0009 unescaped"},
      {"\"\\x41\"", "! 1:2: unknown escape; \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX are the ones there are"},
      {"\"\\u12\"", "! 1:2: expected four hexadecimal digits after \\u"},
      {"\"\\u12g4\"", "! 1:2: expected four hexadecimal digits after \\u"},
      {"\"\\ud83d\"", "! 1:2: a surrogate without its other half"},
      {"\"\\ude00\"", "! 1:2: a surrogate without its other half"},
      {"\"\\ud83d\\u0041\"", "! 1:2: a surrogate without its other half"},
      {"\"\\ud83d\\n\"", "! 1:2: a surrogate without its other half"},
      {"\"\u00e9\xff\"", "! 1:3: the string is not valid UTF-8"},
      {"[\x01]", "[ ! 1:2: expected a value, got the control character U+0001"},
      {"[\xff]", "[ ! 1:2: expected a value, got a byte that is not UTF-8"},
      // Columns count characters, lines end with \n.
      {"{\r\n  \"\u4f60\u597d\": x\n}", "{ \u4f60\u597d: ! 2:9: expected a value, got \"x\""},
  };
  for (const auto& test : kTests) EXPECT_EQ(tokens_of(test.text), test.tokens) << test.text;
}

// Unicode, table 3-7: the first and the last of each row, and what is just outside.
TEST(JsonTokenizer, Utf8) {
  for (const char* good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xec\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                           "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(tokens_of("\"" + std::string(good) + "\""), "'" + std::string(good) + "' end");
  }
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe1\x80", "\xe1\x80\x41", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf1\x80\x80", "\xf1\x80\x80\x41", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    EXPECT_EQ(tokens_of("\"" + std::string(bad) + "\""), "! 1:2: the string is not valid UTF-8");
    EXPECT_EQ(tokens_of("\"" + std::string(bad)), "! 1:2: the string is not valid UTF-8");
  }
}

TEST(JsonTokenizer, Depth) {
  EXPECT_EQ(tokens_of("[[]]", 2), "[ [ ] ] end");
  EXPECT_EQ(tokens_of("[{\"a\":[]}]", 2), "[ { a: ! 1:7: more than 2 levels of objects and arrays");
  EXPECT_EQ(tokens_of("[[],[],{}]", 2), "[ [ ] [ ] { } ] end");
  const std::string deep(1000000, '[');
  JsonTokenizer tokens(deep, 1000000);
  while (tokens.next() == JsonToken::kBeginArray) {
  }
  EXPECT_EQ(tokens.depth(), 1000000u);
  EXPECT_EQ(tokens.token(), JsonToken::kError);
}

TEST(JsonTokenizer, PositionsAndSkipping) {
  JsonTokenizer tokens("{\"a\": [1, {\"x\": [[]]}],\n \"\xC3\xA9\": true, \"c\": 5}");
  tokens.next();
  tokens.next();
  ASSERT_EQ(tokens.next(), JsonToken::kBeginArray);
  EXPECT_EQ(tokens.offset(), 6u);
  EXPECT_EQ(tokens.depth(), 2u);
  EXPECT_TRUE(tokens.skip_value());
  EXPECT_EQ(tokens.token(), JsonToken::kEndArray);
  EXPECT_EQ(tokens.depth(), 1u);
  ASSERT_EQ(tokens.next(), JsonToken::kKey);
  EXPECT_EQ(tokens.position().line, 2u);
  EXPECT_EQ(tokens.position().column, 2u);
  ASSERT_EQ(tokens.next(), JsonToken::kTrue);
  EXPECT_TRUE(tokens.skip_value());
  EXPECT_EQ(tokens.token(), JsonToken::kTrue);
  EXPECT_EQ(tokens.position().column, 7u);
  EXPECT_EQ(tokens.position().offset, 31u);
  tokens.next();
  tokens.next();
  EXPECT_EQ(tokens.next(), JsonToken::kEndObject);
  EXPECT_EQ(tokens.next(), JsonToken::kEnd);
  EXPECT_EQ(tokens.next(), JsonToken::kEnd);

  JsonTokenizer broken("[1,[2,]]");
  broken.next();
  EXPECT_FALSE(broken.skip_value());
  EXPECT_EQ(broken.next(), JsonToken::kError);
  EXPECT_FALSE(broken.skip_value());
}

TEST(JsonTokenizer, EveryPrefixOfATextIsAnError) {
  const std::string text = "{\"a\":[1.5e3,\"\\ud83d\\ude00\",true,{}],\"b\":null}";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(tokens_of(text.substr(0, size)).find('!'), std::string::npos) << size;
  }
}

TEST(JsonPath, Joins) {
  JsonPath path;
  EXPECT_EQ(path.text(), "");
  path.prepend_field("title");
  path.prepend_index(3);
  path.prepend_field("articles");
  EXPECT_EQ(path.text(), "articles[3].title");
  path.prepend_key("a\"b");
  EXPECT_EQ(path.text(), "[\"a\\\"b\"].articles[3].title");
  path.prepend_index(0);
  EXPECT_EQ(path.text(), "[0][\"a\\\"b\"].articles[3].title");
}

TEST(JsonError, Quotes) {
  EXPECT_EQ(quote_for_error("a\"\\\n\x01\x80z"), "\"a\\\"\\\\\\x0a\\x01\\x80z\"");
  EXPECT_EQ(quote_for_error(std::string(40, 'x')), "\"" + std::string(40, 'x') + "\"");
  EXPECT_EQ(quote_for_error(std::string(39, 'x') + "\u00e9"), "\"" + std::string(39, 'x') + "\"...");
}

}  // namespace
}  // namespace godwit
