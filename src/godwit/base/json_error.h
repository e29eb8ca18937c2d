#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace godwit {

// A place in a JSON text. Lines and columns count from 1, columns in characters (code points); offset counts bytes from 0.
struct JsonPosition {
  std::size_t offset = 0;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// What is wrong with a JSON text, and where.
struct JsonError {
  JsonPosition position;
  std::string path;     // of the value, as "articles[3].title"; empty for the outermost value and for syntax errors
  std::string message;  // "expected string, got number"; no full stop

  // One line: "4:17: articles[3].title: expected string, got number".
  std::string to_text() const {
    std::string text = std::to_string(position.line) + ":" + std::to_string(position.column) + ": ";
    if (!path.empty()) text += path + ": ";
    return text + message;
  }
};

// Builds a path from its end to its beginning, as an error comes up through the levels that it happened in.
class JsonPath {
 public:
  void prepend_field(std::string_view name);  // .name
  void prepend_index(std::size_t index);      // [3]
  void prepend_key(std::string_view key);     // ["key"], the key cut when it is long
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Text from a JSON document as an error may show it: in double quotes, escaped, cut after 40 bytes with "..." behind it.
std::string quote_for_error(std::string_view text);

}  // namespace godwit
