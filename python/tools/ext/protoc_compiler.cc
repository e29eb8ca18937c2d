// The extension grpc_tools._protoc_compiler: compile_command() for Python.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>
#include <string_view>
#include <vector>

#include "godwit/compiler/driver/compile_command.h"

namespace nb = nanobind;

namespace godwit::python {
namespace {

// Text and paths cross as bytes: a path need not be UTF-8.
nb::bytes bytes_of(std::string_view text) { return nb::bytes(text.data(), text.size()); }

// (exit status, text for stdout, text for stderr, [(path, content), ...]); the files only with keep_files.
nb::tuple compile(const nb::list& arguments, const std::string& program, bool keep_files) {
  compiler::CompileSetting setting;
  setting.program = program;
  setting.usage = "python -m grpc_tools.protoc";
  // The first two words are what scripts look for; the code is made for the protobuf release with this compiler.
  setting.version = "libprotoc 35.1 (godwit " GODWIT_VERSION ")";
  setting.keep_files = keep_files;
  std::vector<std::string> words;
  words.reserve(arguments.size());
  for (nb::handle argument : arguments) {
    const auto word = nb::cast<nb::bytes>(argument);
    words.emplace_back(word.c_str(), word.size());
  }
  compiler::CompileOutcome outcome;
  {
    nb::gil_scoped_release unlocked;
    outcome = compiler::compile_command(words, setting);
  }
  nb::list files;
  for (const compiler::OutputFile& file : outcome.files) {
    files.append(nb::make_tuple(bytes_of(file.path), bytes_of(file.content)));
  }
  return nb::make_tuple(outcome.exit_status, bytes_of(outcome.out), bytes_of(outcome.err), files);
}

}  // namespace
}  // namespace godwit::python

NB_MODULE(_protoc_compiler, m) {
  nanobind::set_leak_warnings(false);
  m.attr("__version__") = GODWIT_VERSION;
  m.def("compile", &godwit::python::compile, nb::arg("arguments"), nb::arg("program") = "protoc",
        nb::arg("keep_files") = false, "Runs the compiler: arguments as bytes, without the program's name.");
  // get_protos() and the like are written in Python.
  m.def("__getattr__", [](const nb::str& name) {
    return nb::module_::import_("grpc_tools._dynamic").attr("_of_the_extension")(name);
  });
}
