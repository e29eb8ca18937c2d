#pragma once

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler::python {

// --grpc_python_out: x_pb2_grpc.py with XStub, XServicer, add_XServicer_to_server and the class X of static methods for
// each service, for the package grpc, Godwit's or any other release. A file without services gives a module without
// them. Takes the parameters that say what others write by default: grpc_2_0, and grpc_1_0, which means the same here.
class GrpcPythonGenerator : public Generator {
 public:
  Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(
      const GeneratorRequest& request) const override;
};

}  // namespace godwit::compiler::python
