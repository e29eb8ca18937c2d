#include "godwit/base/json_tokenizer.h"

#include "godwit/base/json_utf8.h"
#include "godwit/base/text.h"

namespace godwit {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

std::string_view json_token_name(JsonToken token) {
  switch (token) {
    case JsonToken::kBeginObject:
      return "object";
    case JsonToken::kEndObject:
      return "end of object";
    case JsonToken::kBeginArray:
      return "array";
    case JsonToken::kEndArray:
      return "end of array";
    case JsonToken::kKey:
      return "key";
    case JsonToken::kString:
      return "string";
    case JsonToken::kNumber:
      return "number";
    case JsonToken::kTrue:
      return "true";
    case JsonToken::kFalse:
      return "false";
    case JsonToken::kNull:
      return "null";
    case JsonToken::kEnd:
      return "end of text";
    case JsonToken::kError:
      return "error";
  }
  return "";
}

JsonTokenizer::JsonTokenizer(std::string_view text, std::size_t max_depth)
    : begin_(text.data()), p_(text.data()), end_(text.data() + text.size()), max_depth_(max_depth) {}

JsonToken JsonTokenizer::next() {
  if (token_ == JsonToken::kError || state_ == State::kDone) return token_;
  skip_space();
  offset_ = static_cast<std::size_t>(p_ - begin_);
  switch (state_) {
    case State::kValue:
      return token_ = value();
    case State::kFirstElement:
      if (p_ < end_ && *p_ == ']') return token_ = end(JsonToken::kEndArray);
      return token_ = value();
    case State::kFirstMember:
      if (p_ < end_ && *p_ == '}') return token_ = end(JsonToken::kEndObject);
      return token_ = member();
    case State::kAfterValue:
      return token_ = after_value();
    case State::kDone:
      break;
  }
  return token_;
}

bool JsonTokenizer::skip_value() {
  if (token_ != JsonToken::kBeginObject && token_ != JsonToken::kBeginArray) return token_ != JsonToken::kError;
  const std::size_t outside = levels_.size() - 1;
  while (levels_.size() > outside) {
    if (next() == JsonToken::kError) return false;
  }
  return true;
}

JsonPosition JsonTokenizer::position_of(std::size_t offset) const {
  JsonPosition position;
  position.offset = offset;
  for (const char* p = begin_; p < begin_ + offset && p < end_; ++p) {
    if (*p == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<std::uint8_t>(*p) & 0xC0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

JsonToken JsonTokenizer::value() {
  state_ = State::kAfterValue;
  if (p_ == end_) return expected("a value");
  switch (*p_) {
    case '{':
      state_ = State::kFirstMember;
      return begin(JsonToken::kBeginObject);
    case '[':
      state_ = State::kFirstElement;
      return begin(JsonToken::kBeginArray);
    case '"':
      return string() ? JsonToken::kString : JsonToken::kError;
    case 't':
      return literal("true", JsonToken::kTrue);
    case 'f':
      return literal("false", JsonToken::kFalse);
    case 'n':
      return literal("null", JsonToken::kNull);
    case '-':
      return number();
    case ']':
      // Only behind a comma: the end of an empty array is read elsewhere.
      if (!levels_.empty() && !levels_.back()) return fail(p_, "expected a value after the comma, got \"]\"");
      return expected("a value");
    default:
      return is_ascii_digit(*p_) ? number() : expected("a value");
  }
}

JsonToken JsonTokenizer::member() {
  if (p_ == end_ || *p_ != '"') return expected("a key in double quotes");
  if (!string()) return JsonToken::kError;
  skip_space();
  if (p_ == end_ || *p_ != ':') return expected("\":\" after the key");
  ++p_;
  state_ = State::kValue;
  return JsonToken::kKey;
}

JsonToken JsonTokenizer::begin(JsonToken token) {
  if (levels_.size() >= max_depth_) {
    return fail(p_, "more than " + std::to_string(max_depth_) + " levels of objects and arrays");
  }
  levels_.push_back(token == JsonToken::kBeginObject);
  ++p_;
  return token;
}

JsonToken JsonTokenizer::end(JsonToken token) {
  levels_.pop_back();
  ++p_;
  state_ = State::kAfterValue;
  return token;
}

JsonToken JsonTokenizer::after_value() {
  if (levels_.empty()) {
    if (p_ != end_) return fail(p_, "expected the end of the text after the value, got " + describe_here());
    state_ = State::kDone;
    return JsonToken::kEnd;
  }
  const bool object = levels_.back();
  if (p_ < end_ && *p_ == (object ? '}' : ']')) return end(object ? JsonToken::kEndObject : JsonToken::kEndArray);
  if (p_ == end_ || *p_ != ',')
    return expected(object ? "\",\" or \"}\" after the member" : "\",\" or \"]\" after the element");
  ++p_;
  skip_space();
  offset_ = static_cast<std::size_t>(p_ - begin_);
  if (!object) return value();
  if (p_ < end_ && *p_ == '}') return fail(p_, "expected a key after the comma, got \"}\"");
  return member();
}

JsonToken JsonTokenizer::literal(std::string_view word, JsonToken token) {
  if (static_cast<std::size_t>(end_ - p_) < word.size() || std::string_view(p_, word.size()) != word)
    return expected("a value");
  if (p_ + word.size() < end_ && (is_letter(p_[word.size()]) || is_ascii_digit(p_[word.size()])))
    return expected("a value");
  p_ += word.size();
  return token;
}

JsonToken JsonTokenizer::number() {
  const char* const first = p_;
  const auto digits = [this] {
    const char* const from = p_;
    while (p_ < end_ && is_ascii_digit(*p_)) ++p_;
    return p_ - from;
  };
  if (*p_ == '-') ++p_;
  const char* const integer = p_;
  if (digits() == 0) return fail(first, "expected a digit after \"-\"");
  if (*integer == '0' && p_ - integer > 1) return fail(first, "a number must not begin with a superfluous 0");
  if (p_ < end_ && *p_ == '.') {
    ++p_;
    if (digits() == 0) return fail(first, "expected a digit after the decimal point");
  }
  if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
    ++p_;
    if (p_ < end_ && (*p_ == '+' || *p_ == '-')) ++p_;
    if (digits() == 0) return fail(first, "expected a digit in the exponent");
  }
  if (p_ < end_ && (is_letter(*p_) || *p_ == '.' || *p_ == '+' || *p_ == '-' || *p_ == '_')) {
    return fail(p_, "unexpected " + describe_here() + " in a number");
  }
  text_ = {first, static_cast<std::size_t>(p_ - first)};
  return JsonToken::kNumber;
}

// Reads the string at p_ into text_.
bool JsonTokenizer::string() {
  const char* const quote = p_++;
  const char* run = p_;  // what was not copied yet
  bool copied = false;
  for (;;) {
    while (end_ - p_ >= 8 && json_plain8(p_)) p_ += 8;
    while (p_ < end_ && json_plain(*p_)) ++p_;
    if (p_ == end_) return fail(quote, "the string has no closing quote"), false;
    if (*p_ == '"') break;
    if (*p_ == '\\') {
      if (!copied) unescaped_.clear();
      copied = true;
      unescaped_.append(run, p_);
      if (!escape()) return false;
      run = p_;
      continue;
    }
    if (static_cast<std::uint8_t>(*p_) < 0x20) {
      return fail(p_, "a string must not contain " + describe_here() + " unescaped"), false;
    }
    const std::size_t size = utf8_sequence_size(p_, end_);
    if (size == 0) return fail(p_, "the string is not valid UTF-8"), false;
    p_ += size;
  }
  if (copied) {
    unescaped_.append(run, p_);
    text_ = unescaped_;
  } else {
    text_ = {run, static_cast<std::size_t>(p_ - run)};
  }
  ++p_;
  return true;
}

// Reads the escape at p_ and appends what it stands for.
bool JsonTokenizer::escape() {
  const char* const backslash = p_++;
  if (p_ == end_) return fail(backslash, "the escape is cut off"), false;
  switch (*p_++) {
    case '"':
      unescaped_ += '"';
      return true;
    case '\\':
      unescaped_ += '\\';
      return true;
    case '/':
      unescaped_ += '/';
      return true;
    case 'b':
      unescaped_ += '\b';
      return true;
    case 'f':
      unescaped_ += '\f';
      return true;
    case 'n':
      unescaped_ += '\n';
      return true;
    case 'r':
      unescaped_ += '\r';
      return true;
    case 't':
      unescaped_ += '\t';
      return true;
    case 'u':
      break;
    default:
      return fail(backslash, "unknown escape; \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX are the ones there are"),
             false;
  }
  constexpr const char* kLone = "a surrogate without its other half";
  std::uint32_t code;
  if (!hex4(code)) return fail(backslash, "expected four hexadecimal digits after \\u"), false;
  if (code >= 0xDC00 && code <= 0xDFFF) return fail(backslash, kLone), false;
  if (code >= 0xD800 && code <= 0xDBFF) {
    std::uint32_t low;
    if (end_ - p_ < 2 || p_[0] != '\\' || p_[1] != 'u') return fail(backslash, kLone), false;
    p_ += 2;
    if (!hex4(low) || low < 0xDC00 || low > 0xDFFF) return fail(backslash, kLone), false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(unescaped_, code);
  return true;
}

bool JsonTokenizer::hex4(std::uint32_t& code) {
  if (end_ - p_ < 4) return false;
  code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = *p_++;
    const int digit = is_ascii_digit(c)      ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    code = code << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

void JsonTokenizer::skip_space() {
  while (p_ < end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
}

// What stands at p_, for an error.
std::string JsonTokenizer::describe_here() const {
  if (p_ == end_) return "the end of the text";
  const auto byte = static_cast<std::uint8_t>(*p_);
  if (byte < 0x20 || byte == 0x7F) {
    constexpr char kHex[] = "0123456789ABCDEF";
    return std::string("the control character U+00") + kHex[byte >> 4] + kHex[byte & 15];
  }
  if (is_letter(*p_) || *p_ == '_') {
    const char* p = p_;
    while (p < end_ && (is_letter(*p) || is_ascii_digit(*p) || *p == '_')) ++p;
    return quote_for_error({p_, static_cast<std::size_t>(p - p_)});
  }
  const std::size_t size = utf8_sequence_size(p_, end_);
  if (size == 0) return "a byte that is not UTF-8";
  if (size == 1 && *p_ == '"') return "a string";
  return quote_for_error({p_, size});
}

JsonToken JsonTokenizer::expected(std::string_view what) {
  std::string message = "expected " + std::string(what) + ", got " + describe_here();
  if (p_ < end_) {
    const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
    if (*p_ == '\'') message += "; strings stand in double quotes";
    if (*p_ == '/' || *p_ == '#') message += "; JSON has no comments";
    if (rest.starts_with("\xEF\xBB\xBF")) message = "the text begins with a byte order mark; leave it out";
    if (rest.starts_with("NaN") || rest.starts_with("Infinity")) message += "; it stands in double quotes";
  }
  return fail(p_, std::move(message));
}

JsonToken JsonTokenizer::fail(const char* at, std::string message) {
  error_.position = position_of(static_cast<std::size_t>(at - begin_));
  error_.message = std::move(message);
  offset_ = error_.position.offset;
  return token_ = JsonToken::kError;
}

}  // namespace godwit
