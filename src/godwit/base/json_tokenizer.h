#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/base/json_error.h"

namespace godwit {

enum class JsonToken : std::uint8_t {
  kBeginObject,
  kEndObject,
  kBeginArray,
  kEndArray,
  kKey,     // of a member; its value is the next token
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
  kEnd,     // the whole text was read
  kError,
};

// What a reader calls the value that begins with this token: "object", "array", "string", "number", "true", "null".
std::string_view json_token_name(JsonToken token);

// Reads a JSON text (RFC 8259) token by token. The whole grammar is checked here, so that the user sees only sequences of
// tokens that form one value. Strings are checked to be UTF-8, lone surrogates are refused; numbers stay as they are
// written. Duplicate keys are the user's business: it knows whether names are alike. No recursion and, but for strings
// with escapes, no copies.
class JsonTokenizer {
 public:
  // Levels of objects and arrays.
  static constexpr std::size_t kDefaultDepth = 200;

  // `text` must live as long as the tokenizer.
  explicit JsonTokenizer(std::string_view text, std::size_t max_depth = kDefaultDepth);

  // Goes to the next token. After kEnd and kError it stays where it is.
  JsonToken next();
  JsonToken token() const { return token_; }

  // Of keys and strings the content, escapes undone; of numbers the characters. Valid until the next call of next().
  std::string_view text() const { return text_; }
  // The first byte of the token in the JSON text.
  std::size_t offset() const { return offset_; }
  // Objects and arrays that are open; a begin token is inside, an end token outside of its own.
  std::size_t depth() const { return levels_.size(); }

  // From the first token of a value to its last one. False at an error.
  bool skip_value();

  // Takes time in the length of the text before the place.
  JsonPosition position() const { return position_of(offset_); }
  JsonPosition position_of(std::size_t offset) const;
  // Of kError.
  const JsonError& error() const { return error_; }

 private:
  enum class State : std::uint8_t { kValue, kFirstElement, kFirstMember, kAfterValue, kDone };

  JsonToken value();
  JsonToken member();
  JsonToken begin(JsonToken token);
  JsonToken end(JsonToken token);
  JsonToken literal(std::string_view word, JsonToken token);
  JsonToken number();
  bool string();
  bool escape();
  bool hex4(std::uint32_t& code);
  JsonToken after_value();
  void skip_space();
  JsonToken expected(std::string_view what);
  JsonToken fail(const char* at, std::string message);
  std::string describe_here() const;

  const char* begin_;
  const char* p_;
  const char* end_;
  std::size_t max_depth_;
  std::vector<bool> levels_;  // true: an object
  State state_ = State::kValue;
  JsonToken token_ = JsonToken::kNull;
  std::size_t offset_ = 0;
  std::string_view text_;
  std::string unescaped_;
  JsonError error_;
};

}  // namespace godwit
