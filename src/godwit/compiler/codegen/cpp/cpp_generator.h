#pragma once

#include "godwit/compiler/codegen/generator.h"

namespace godwit::compiler::cpp {

// --cpp_out: x.pb.h and x.pb.cc of each x.proto. The classes carry tables and no code of their own; services are left to
// --grpc_out. No parameters.
class CppGenerator final : public Generator {
 public:
  Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(const GeneratorRequest& request) const override;
};

}  // namespace godwit::compiler::cpp
