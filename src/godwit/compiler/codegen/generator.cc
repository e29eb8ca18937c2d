#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler {

std::vector<std::pair<std::string, std::string>> parse_generator_parameter(std::string_view parameter) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!parameter.empty()) {
    std::size_t comma = parameter.find(',');
    std::string_view item = parameter.substr(0, comma);
    parameter = comma == std::string_view::npos ? std::string_view() : parameter.substr(comma + 1);
    if (item.empty()) continue;
    std::size_t equals = item.find('=');
    out.emplace_back(item.substr(0, equals), equals == std::string_view::npos ? "" : item.substr(equals + 1));
  }
  return out;
}

std::string_view strip_proto_extension(std::string_view name) {
  for (std::string_view ending : {".proto", ".protodevel"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

}  // namespace godwit::compiler
