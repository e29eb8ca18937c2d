#include "godwit/compiler/codegen/python/imports.h"

#include <algorithm>

#include "godwit/compiler/codegen/python/python_names.h"

namespace godwit::compiler::python {
namespace {

// In the text of this function no line has both the word that begins an import and a module's name: scripts look for
// that.
constexpr char kBeside[] = R"(
def _beside(up, name):
    """The module of the same compilation, `up` packages above this one's; None where there is none."""
    here = __name__.split('.')[:-1]
    if up > len(here):
        return None
    place = '.'.join(here[:len(here) - up] + [name])
    try:
        return _importlib.import_module(place)
    except $errors$ as error:
        # The module, or a package that it should be in, may be missing. Anything else is an error.
        if isinstance(error, ModuleNotFoundError) and (place + '.').startswith(f'{error.name}.'):
            return None
$explain$        raise


)";
// Where grpc is at hand, it says what to type when protobuf refuses the module of messages.
constexpr char kExplain[] = "        getattr(grpc, '_explain_gencode', bool)(error)\n";

// protoc's statement.
std::string import_statement(const std::string& module, const std::string& alias) {
  if (!is_importable(module)) return alias + " = _importlib.import_module('" + module + "')";
  const std::size_t dot = module.rfind('.');
  if (dot == std::string::npos) return "import " + module + " as " + alias;
  return "from " + module.substr(0, dot) + " import " + module.substr(dot + 1) + " as " + alias;
}

}  // namespace

void print_imports(const proto::FileDescriptor& file, const std::vector<const proto::FileDescriptor*>& imports,
                   bool with_grpc, cpp::Printer& out) {
  const auto is_ours = [](const proto::FileDescriptor* import) { return !comes_with_protobuf(import->name()); };
  const bool any_ours = std::any_of(imports.begin(), imports.end(), is_ours);
  if (any_ours) out.print("import importlib as _importlib\n");
  for (const proto::FileDescriptor* import : imports) {
    if (is_ours(import)) continue;
    out.print("$import$\n", {{"import", import_statement(module_name(import->name()), module_alias(import->name()))}});
  }
  if (!any_ours) return;
  out.print(kBeside, {{"errors", with_grpc ? "Exception" : "ImportError"}, {"explain", with_grpc ? kExplain : ""}});
  for (const proto::FileDescriptor* import : imports) {
    if (!is_ours(import)) continue;
    const RelativePlace place = relative_place(file.name(), import->name());
    const std::string alias = module_alias(import->name());
    out.print("$alias$ = _beside($up$, '$path$')\nif $alias$ is None: \\\n$import$\n",
              {{"alias", alias},
               {"up", std::to_string(place.up)},
               {"path", place.path},
               {"import", import_statement(module_name(import->name()), alias)}});
  }
}

}  // namespace godwit::compiler::python
