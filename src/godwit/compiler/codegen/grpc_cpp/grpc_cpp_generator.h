#pragma once

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler {

// --grpc_out: x.grpc.pb.h and x.grpc.pb.cc with one class for each service; stub/generated.h shows their form. Files
// without services give a pair without classes, so that build rules need not look inside. Takes no parameters.
class GrpcCppGenerator : public Generator {
 public:
  Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(const GeneratorRequest& request) const override;
};

}  // namespace godwit::compiler
