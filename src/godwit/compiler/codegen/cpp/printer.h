#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace godwit::compiler::cpp {

// Writes text with $name$ replaced. Every line but an empty one gets the current indentation.
class Printer {
 public:
  using Values = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // `text` ends its lines itself. A name that is not among the values stays as it is, with its dollar signs.
  void print(std::string_view text, Values values = {});
  void indent() { indentation_ += 2; }
  void outdent() { indentation_ -= 2; }
  // Comment lines "// ..." from the text of a comment in a .proto file. Nothing for an empty one.
  void comment(std::string_view text);

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::size_t indentation_ = 0;
  bool at_line_start_ = true;
};

}  // namespace godwit::compiler::cpp
