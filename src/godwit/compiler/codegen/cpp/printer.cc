#include "godwit/compiler/codegen/cpp/printer.h"

namespace godwit::compiler::cpp {

void Printer::print(std::string_view text, Values values) {
  const auto put = [this](std::string_view part) {
    for (char c : part) {
      if (at_line_start_ && c != '\n') out_.append(indentation_, ' ');
      at_line_start_ = c == '\n';
      out_ += c;
    }
  };
  while (!text.empty()) {
    const std::size_t open = text.find('$');
    put(text.substr(0, open));
    if (open == std::string_view::npos) return;
    const std::size_t close = text.find('$', open + 1);
    if (close == std::string_view::npos) return put(text.substr(open));
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto* found = values.begin();
    while (found != values.end() && found->first != name) ++found;
    put(found == values.end() ? text.substr(open, close - open + 1) : found->second);
    text.remove_prefix(close + 1);
  }
}

void Printer::comment(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    // A backslash at the end would join the next line to the comment.
    std::string safe(line);
    if (!safe.empty() && safe.back() == '\\') safe += " .";
    if (!safe.empty() && safe.front() != ' ') safe.insert(0, " ");
    print("//$line$\n", {{"line", safe}});
  }
}

}  // namespace godwit::compiler::cpp
