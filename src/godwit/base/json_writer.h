#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace godwit {

// Appends the text in double quotes, escaped as RFC 8259 asks for and no more. False, with part of it appended, when the
// text is not valid UTF-8.
[[nodiscard]] bool append_json_string(std::string& out, std::string_view text);

// Writes a JSON text into a string; commas, line breaks and indentation come by themselves. Compact, without any space,
// or pretty: one member or element on each line, indented by two spaces a level. That keys and values alternate, and that
// what begins also ends, is the caller's affair.
class JsonWriter {
 public:
  enum class Style : std::uint8_t { kCompact, kPretty };

  // Appends to `out`, which must live as long as the writer.
  explicit JsonWriter(std::string& out, Style style = Style::kCompact) : out_(out), pretty_(style == Style::kPretty) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  // False when the text is not valid UTF-8; then what was written is of no use.
  [[nodiscard]] bool key(std::string_view name);
  [[nodiscard]] bool string(std::string_view text);

  void number(std::int64_t value);
  void number(std::uint64_t value);
  void number(double value);  // finite
  void number(float value);   // finite
  // In double quotes, for 64 bits that readers with doubles must not round.
  void quoted_number(std::int64_t value);
  void quoted_number(std::uint64_t value);
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void null() { raw("null"); }
  // A value that is JSON already.
  void raw(std::string_view value) {
    before_value();
    out_ += value;
  }

 private:
  void begin(char bracket);
  void end(char bracket);
  void before_value();
  void line_break();

  std::string& out_;
  std::size_t depth_ = 0;
  bool pretty_;
  bool first_ = true;       // nothing was written at this level yet
  bool after_key_ = false;
};

}  // namespace godwit
