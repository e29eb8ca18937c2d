#pragma once

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler::python {

// --pyi_out: x_pb2.pyi, the types of x_pb2.py, and for a file with services x_pb2_grpc.pyi. Parameter: `relative`, when
// the modules are to lie in a package: the stubs then import each other by their place relative to each other.
class PyiGenerator : public Generator {
 public:
  Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(
      const GeneratorRequest& request) const override;
};

}  // namespace godwit::compiler::python
