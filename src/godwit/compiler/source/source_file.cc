#include "godwit/compiler/source/source_file.h"

namespace godwit::compiler {

std::string_view SourceFile::line(std::uint32_t number) const {
  std::string_view rest = text_;
  for (; number > 0; --number) {
    std::size_t newline = rest.find('\n');
    if (newline == std::string_view::npos) return {};
    rest.remove_prefix(newline + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

}  // namespace godwit::compiler
