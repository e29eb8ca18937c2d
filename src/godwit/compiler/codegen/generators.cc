#include "godwit/compiler/codegen/generators.h"

#include "godwit/compiler/codegen/cpp/cpp_generator.h"
#include "godwit/compiler/codegen/grpc_cpp/grpc_cpp_generator.h"
#include "godwit/compiler/codegen/grpc_python/grpc_python_generator.h"
#include "godwit/compiler/codegen/pyi/pyi_generator.h"
#include "godwit/compiler/codegen/python/python_generator.h"

namespace godwit::compiler {
namespace {

// One line per generator.
struct Entry {
  const char* name;
  std::unique_ptr<Generator> (*make)();
};
template <typename T>
std::unique_ptr<Generator> make() {
  return std::make_unique<T>();
}
constexpr Entry kGenerators[] = {
    {"cpp", make<cpp::CppGenerator>},
    {"grpc", make<GrpcCppGenerator>},
    {"python", make<python::PythonGenerator>},
    {"pyi", make<python::PyiGenerator>},
    {"grpc_python", make<python::GrpcPythonGenerator>},
};

}  // namespace

std::vector<std::string> generator_names() {
  std::vector<std::string> names;
  for (const Entry& e : kGenerators) names.emplace_back(e.name);
  return names;
}

std::unique_ptr<Generator> make_generator(std::string_view name) {
  for (const Entry& e : kGenerators) {
    if (e.name == name) return e.make();
  }
  return nullptr;
}

}  // namespace godwit::compiler
