#include "godwit/base/json_writer.h"

#include <charconv>

#include "godwit/base/json_number.h"
#include "godwit/base/json_utf8.h"

namespace godwit {
namespace {

// An integer between double quotes.
class Digits {
 public:
  template <typename T>
  explicit Digits(T value) {
    text_[0] = '"';
    end_ = std::to_chars(text_ + 1, text_ + sizeof text_ - 1, value).ptr;
    *end_++ = '"';
  }
  std::string_view quoted() const { return {text_, static_cast<std::size_t>(end_ - text_)}; }
  std::string_view plain() const { return quoted().substr(1, static_cast<std::size_t>(end_ - text_) - 2); }

 private:
  char text_[24];
  char* end_;
};

}  // namespace

bool append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* run = p;  // what was not appended yet
  while (p < end) {
    if (end - p >= 8 && json_plain8(p)) {
      p += 8;
      continue;
    }
    if (json_plain(*p)) {
      ++p;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(*p);
    if (byte >= 0x80) {
      const std::size_t size = utf8_sequence_size(p, end);
      if (size == 0) return false;
      p += size;
      continue;
    }
    out.append(run, p);
    run = ++p;
    out += '\\';
    switch (byte) {
      case '"':
      case '\\': out += static_cast<char>(byte); break;
      case '\b': out += 'b'; break;
      case '\f': out += 'f'; break;
      case '\n': out += 'n'; break;
      case '\r': out += 'r'; break;
      case '\t': out += 't'; break;
      default:
        constexpr char kHex[] = "0123456789abcdef";
        out += "u00";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
  }
  out.append(run, p);
  out += '"';
  return true;
}

bool JsonWriter::key(std::string_view name) {
  before_value();
  if (!append_json_string(out_, name)) return false;
  out_ += ':';
  if (pretty_) out_ += ' ';
  after_key_ = true;
  return true;
}

bool JsonWriter::string(std::string_view text) {
  before_value();
  return append_json_string(out_, text);
}

void JsonWriter::number(std::int64_t value) { raw(Digits(value).plain()); }
void JsonWriter::number(std::uint64_t value) { raw(Digits(value).plain()); }
void JsonWriter::quoted_number(std::int64_t value) { raw(Digits(value).quoted()); }
void JsonWriter::quoted_number(std::uint64_t value) { raw(Digits(value).quoted()); }

void JsonWriter::number(double value) {
  before_value();
  append_json_double(out_, value);
}

void JsonWriter::number(float value) {
  before_value();
  append_json_float(out_, value);
}

void JsonWriter::begin(char bracket) {
  before_value();
  out_ += bracket;
  ++depth_;
  first_ = true;
}

void JsonWriter::end(char bracket) {
  --depth_;
  if (!first_) line_break();
  out_ += bracket;
  first_ = false;
}

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_ += ',';
  first_ = false;
  if (depth_ != 0) line_break();
}

void JsonWriter::line_break() {
  if (!pretty_) return;
  out_ += '\n';
  out_.append(depth_ * 2, ' ');
}

}  // namespace godwit
