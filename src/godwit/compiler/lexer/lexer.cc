#include "godwit/compiler/lexer/lexer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace godwit::compiler {
namespace {

enum Class : std::uint8_t { kOther = 0, kLetter = 1, kDigit = 2, kHex = 4, kBlank = 8, kOctal = 16 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> t{};
  for (int c = 'a'; c <= 'z'; ++c) t[c] = t[c - 'a' + 'A'] = kLetter;
  t['_'] = kLetter;
  for (int c = '0'; c <= '9'; ++c) t[c] = kDigit | kHex | (c < '8' ? kOctal : 0);
  for (int c = 'a'; c <= 'f'; ++c) {
    t[c] |= kHex;
    t[c - 'a' + 'A'] |= kHex;
  }
  for (char c : {' ', '\r', '\v', '\f'}) t[static_cast<unsigned char>(c)] = kBlank;  // a tab and a newline stand apart
  return t;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool is(char c, std::uint8_t mask) { return (kClasses[static_cast<unsigned char>(c)] & mask) != 0; }

int hex_value(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

class Lexer {
 public:
  Lexer(const SourceFile& file, Report& report)
      : file_(file), report_(report), begin_(file.text().data()), p_(begin_), end_(begin_ + file.text().size()) {
    list_.file = &file;
    list_.tokens.reserve(file.text().size() / 6 + 16);
  }

  TokenList run() {
    if (file_.text().starts_with("\xEF\xBB\xBF")) {
      p_ += 3;
    } else if (file_.text().starts_with("\xFF\xFE") || file_.text().starts_with("\xFE\xFF")) {
      error(p_, p_ + 2, "The file is UTF-16; .proto files are UTF-8.", "save it as UTF-8");
      p_ = end_;
    }
    // Columns count from the first byte after a byte order mark, but its bytes count, as they do for protoc.
    while (true) {
      skip_blank();
      if (p_ == end_) break;
      char c = *p_;
      if (is(c, kLetter)) {
        const char* start = p_;
        while (is(*p_, kLetter | kDigit)) ++p_;
        add(start, TokenKind::kIdentifier);
      } else if (is(c, kDigit) || (c == '.' && is(p_[1], kDigit))) {
        number();
      } else if (c == '"' || c == '\'') {
        string_literal();
      } else if (c == '/' && p_[1] == '/') {
        while (p_ != end_ && *p_ != '\n') ++p_;
        // What follows a line comment is a new line: columns need no care.
      } else if (c == '/' && p_[1] == '*') {
        block_comment();
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        control_characters();
      } else {
        if (static_cast<unsigned char>(c) >= 0x80) {
          non_ascii();
        } else {
          ++p_;
          add(p_ - 1, TokenKind::kSymbol);
        }
      }
    }
    Token end;
    end.offset = static_cast<std::uint32_t>(end_ - begin_);
    end.begin = position(p_);
    end.end_column = end.begin.column;
    list_.tokens.push_back(end);
    return std::move(list_);
  }

 private:
  Position position(const char* p) const {
    return {line_, column(p)};
  }

  std::uint32_t column(const char* p) const { return static_cast<std::uint32_t>((p - begin_) - column_origin_); }

  void newline() {  // p_ is behind it
    ++line_;
    column_origin_ = p_ - begin_;
  }
  void tab() {  // p_ is behind it
    column_origin_ = p_ - begin_ - static_cast<std::int64_t>((column(p_ - 1) / 8 + 1) * 8);
  }
  void skip_blank() {
    while (p_ != end_) {
      if (is(*p_, kBlank)) {
        ++p_;
      } else if (*p_ == '\n') {
        ++p_;
        newline();
      } else if (*p_ == '\t') {
        ++p_;
        tab();
      } else {
        return;
      }
    }
  }

  void add(const char* start, TokenKind kind) {
    Token t;
    t.offset = static_cast<std::uint32_t>(start - begin_);
    t.length = static_cast<std::uint32_t>(p_ - start);
    t.begin = position(start);
    t.end_column = column(p_);
    t.kind = kind;
    list_.tokens.push_back(t);
  }

  void error(const char* from, const char* to, std::string message, std::string help = {}) {
    SourceSpan span{position(from), position(to)};
    report_.error(file_, span, std::move(message)).help = std::move(help);
  }

  void number() {
    const char* start = p_;
    bool is_float = false, is_decimal = true;
    if (*p_ == '0' && (p_[1] == 'x' || p_[1] == 'X')) {
      is_decimal = false;
      p_ += 2;
      if (!is(*p_, kHex)) error(p_, p_ + 1, "\"0x\" must be followed by hex digits.");
      while (is(*p_, kHex)) ++p_;
    } else if (*p_ == '0' && is(p_[1], kDigit)) {
      is_decimal = false;
      while (is(*p_, kOctal)) ++p_;
      if (is(*p_, kDigit)) {
        error(p_, p_ + 1, "Numbers starting with leading zero must be in octal.", "drop the leading zero for a decimal number");
        while (is(*p_, kDigit)) ++p_;
      }
    } else {
      while (is(*p_, kDigit)) ++p_;
      if (*p_ == '.') {
        is_float = true;
        ++p_;
        while (is(*p_, kDigit)) ++p_;
      }
      if (*p_ == 'e' || *p_ == 'E') {
        is_float = true;
        ++p_;
        if (*p_ == '+' || *p_ == '-') ++p_;
        if (!is(*p_, kDigit)) error(p_, p_ + 1, "\"e\" must be followed by exponent.");
        while (is(*p_, kDigit)) ++p_;
      }
    }
    if (is(*p_, kLetter)) {
      error(p_, p_ + 1, "Need space between number and identifier.");
    } else if (*p_ == '.') {
      error(p_, p_ + 1, is_decimal ? "Already saw decimal point or exponent; can't have another one."
                                   : "Hex and octal numbers must be integers.");
    }
    add(start, is_float ? TokenKind::kFloat : TokenKind::kInteger);
  }

  // `digits` hexadecimal digits at p_; true and past them if they are there.
  bool take_hex(int digits, std::uint32_t& value) {
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!is(p_[i], kHex)) return false;
      value = value << 4 | static_cast<std::uint32_t>(hex_value(p_[i]));
    }
    p_ += digits;
    return true;
  }

  void escape() {  // p_ is behind the backslash
    char c = *p_;
    std::uint32_t value = 0;
    if (p_ == end_) return;
    if (std::string_view("abfnrtv\\?'\"").find(c) != std::string_view::npos && c != '\0') {
      ++p_;
    } else if (is(c, kOctal)) {
      for (int i = 0; i < 3 && is(*p_, kOctal); ++i) ++p_;
    } else if (c == 'x' || c == 'X') {
      ++p_;
      if (!is(*p_, kHex)) {
        error(p_, p_ + 1, "Expected hex digits for escape sequence.");
      } else {
        p_ += is(p_[1], kHex) ? 2 : 1;
      }
    } else if (c == 'u') {
      ++p_;
      if (!take_hex(4, value)) error(p_, p_ + 1, "Expected four hex digits for \\u escape sequence.");
    } else if (c == 'U') {
      ++p_;
      const char* digits = p_;
      if (!take_hex(8, value) || value > 0x10FFFF) {
        error(digits, digits + 1, "Expected eight hex digits up to 10ffff for \\U escape sequence");
      }
    } else {
      error(p_, p_ + 1, "Invalid escape sequence in string literal.", "write \\\\ for a backslash");
    }
  }

  void string_literal() {
    const char* start = p_;
    char delimiter = *p_++;
    Position begin = position(start);
    while (true) {
      if (p_ == end_) {
        error(p_, p_, "Unexpected end of string.", "close the string with " + std::string(1, delimiter));
        break;
      }
      char c = *p_;
      if (c == '\n') {
        error(p_, p_, "String literals cannot cross line boundaries.",
              "close the string with " + std::string(1, delimiter) + "; adjacent strings are joined");
        break;
      }
      ++p_;
      if (c == delimiter) break;
      if (c == '\\') {
        escape();
      } else if (c == '\t') {
        tab();
      } else if (c == '\0') {
        --p_;
        error(p_, p_ + 1, "A string literal holds a NUL byte.", "write \\0 instead");
        ++p_;
      }
    }
    add(start, TokenKind::kString);
    list_.tokens.back().begin = begin;  // tabs inside have moved the origin of columns
  }

  void block_comment() {
    Position start = position(p_);
    const char* start_pointer = p_;
    p_ += 2;
    while (true) {
      if (p_ == end_) {
        Diagnostic& d = report_.error(file_, {position(p_), position(p_)}, "End-of-file inside block comment.");
        d.notes.push_back({&file_, {start, {start.line, start.column + 2}}, "The comment starts here."});
        return;
      }
      char c = *p_++;
      if (c == '*' && *p_ == '/') {
        ++p_;
        return;
      }
      if (c == '\n') {
        newline();
      } else if (c == '\t') {
        tab();
      } else if (c == '/' && *p_ == '*' && p_ - 1 > start_pointer + 1) {
        error(p_ - 1, p_ + 1, "\"/*\" inside block comment.  Block comments cannot be nested.");
        ++p_;
        if (*p_ == '/' && p_ != end_) {  // "/*/" ends the comment, as the star is free again
          --p_;
        }
      }
    }
  }

  void control_characters() {
    const char* start = p_;
    while (p_ != end_ && ((static_cast<unsigned char>(*p_) < 0x20 && !is(*p_, kBlank) && *p_ != '\n' && *p_ != '\t') || *p_ == 0x7F)) ++p_;
    error(start, p_, "Invalid control characters encountered in text.");
  }

  void non_ascii() {
    const char* start = p_;
    while (p_ != end_ && static_cast<unsigned char>(*p_) >= 0x80) ++p_;
    error(start, p_, "Characters outside ASCII can only stand in comments and strings.");
  }

  const SourceFile& file_;
  Report& report_;
  const char* begin_;
  const char* p_;
  const char* end_;
  std::uint32_t line_ = 0;
  std::int64_t column_origin_ = 0;  // offset - column_origin_ is the column; tabs move it back
  TokenList list_;
};

}  // namespace

TokenList lex(const SourceFile& file, Report& report) {
  if (file.text().size() > kMaxSourceSize) {
    report.error(file, {}, "The file is larger than 1 GiB.");
    TokenList empty;
    empty.file = &file;
    empty.tokens.emplace_back();
    return empty;
  }
  return Lexer(file, report).run();
}

bool parse_integer(std::string_view text, std::uint64_t max, std::uint64_t& value) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error == std::errc::invalid_argument) {  // the lexer has complained about it
    value = 0;
    return true;
  }
  return error == std::errc() && value <= max;
}

double parse_float(std::string_view text) {
  if (text.size() > 1 && text[0] == '0' && is(text[1], kDigit | kLetter) && (text[1] | 0x20) != 'e') {
    std::uint64_t value = 0;
    if (parse_integer(text, std::numeric_limits<std::uint64_t>::max(), value)) return static_cast<double>(value);
  }
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // from_chars leaves the value alone: tell overflow from underflow by the sign of the exponent.
    std::size_t e = text.find_first_of("eE");
    bool small = e != std::string_view::npos ? text.find('-', e) != std::string_view::npos : (text.starts_with("0.") || text.starts_with("."));
    return small ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

namespace {
void append_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}
}  // namespace

void append_unescaped(std::string_view token, std::string& out) {
  if (token.size() < 2) return;
  char delimiter = token[0];
  std::string_view s = token.substr(1, token.size() - 1 - (token.back() == delimiter ? 1 : 0));
  auto hex_at = [&](std::size_t i, std::size_t digits) {
    std::uint32_t v = 0;
    for (std::size_t k = 0; k < digits && i + k < s.size() && is(s[i + k], kHex); ++k) {
      v = v << 4 | static_cast<std::uint32_t>(hex_value(s[i + k]));
    }
    return v;
  };
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    char c = s[++i];
    switch (c) {
      case 'a': out += '\a'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'v': out += '\v'; break;
      case 'x':
      case 'X': {
        std::size_t digits = i + 2 < s.size() && is(s[i + 2], kHex) ? 2 : 1;
        out += static_cast<char>(hex_at(i + 1, digits));
        i += digits;
        break;
      }
      case 'u':
      case 'U': {
        std::size_t digits = c == 'u' ? 4 : 8;
        std::uint32_t code = hex_at(i + 1, digits);
        i += digits;
        // A pair of surrogates is one character.
        if (code >= 0xD800 && code < 0xDC00 && i + 6 < s.size() && s[i + 1] == '\\' && s[i + 2] == 'u') {
          std::uint32_t low = hex_at(i + 3, 4);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + (((code - 0xD800) << 10) | (low - 0xDC00));
            i += 6;
          }
        }
        append_utf8(code, out);
        break;
      }
      default:
        if (is(c, kOctal)) {
          std::uint32_t v = 0;
          std::size_t k = 0;
          for (; k < 3 && i + k < s.size() && is(s[i + k], kOctal); ++k) v = v * 8 + static_cast<std::uint32_t>(s[i + k] - '0');
          out += static_cast<char>(v);
          i += k - 1;
        } else {
          out += c;
        }
    }
  }
}

}  // namespace godwit::compiler
