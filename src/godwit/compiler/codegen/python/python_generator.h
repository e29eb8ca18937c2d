#pragma once

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler::python {

// --python_out: x_pb2.py, which makes its messages out of the file's serialized descriptor with the protobuf package
// that is installed: 4.21 or any newer one, in each of its implementations. Takes no parameters.
class PythonGenerator : public Generator {
 public:
  Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(
      const GeneratorRequest& request) const override;
};

}  // namespace godwit::compiler::python
