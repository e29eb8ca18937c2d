#include "godwit/compiler/codegen/pyi/pyi_generator.h"

namespace godwit::compiler::python {
Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> PyiGenerator::generate(
    const GeneratorRequest&) const {
  return std::vector<GeneratedOutput>();
}
}  // namespace godwit::compiler::python
