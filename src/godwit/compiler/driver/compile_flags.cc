#include "godwit/compiler/driver/compile_flags.h"

#include <algorithm>
#include <map>

#include "godwit/compiler/driver/disk_source_tree.h"
#include "godwit/proto/schema/suggest.h"

namespace godwit::compiler {

const char kCompileHelp[] =
    "Compiles .proto files. The options are those of protoc:\n"
    "  -IPATH, --proto_path=PATH   a folder that import names start from; may be given more than once, searched in\n"
    "                              this order; VIRTUAL=DISK puts VIRTUAL in front of the names; default: the current\n"
    "                              folder\n"
    "  --cpp_out=[PARAMETER:]DIR   write C++ messages (x.pb.h, x.pb.cc)\n"
    "  --grpc_out=[PARAMETER:]DIR  write C++ services (x.grpc.pb.h, x.grpc.pb.cc)\n"
    "  --python_out=[PARAMETER:]DIR\n"
    "                              write Python messages (x_pb2.py), which use the package protobuf\n"
    "  --pyi_out=[PARAMETER:]DIR   write their types (x_pb2.pyi, and x_pb2_grpc.pyi where there are services);\n"
    "                              --pyi_opt=relative for modules that lie in a package\n"
    "  --grpc_python_out=[PARAMETER:]DIR\n"
    "                              write Python services (x_pb2_grpc.py), which use the package grpc\n"
    "  --NAME_opt=PARAMETER        more parameters for a generator\n"
    "  -oFILE, --descriptor_set_out=FILE\n"
    "                              write a FileDescriptorSet\n"
    "  --descriptor_set_in=FILES   take the named files out of FileDescriptorSets instead of .proto files; colons\n"
    "                              between the names\n"
    "  --include_imports           put the imports into the set too\n"
    "  --include_source_info       keep comments and places in the set\n"
    "  --retain_options            keep options that are meant for the source only\n"
    "  --dependency_out=FILE       write what the output depends on, for make\n"
    "  --print_free_field_numbers  print the free numbers of each message instead of writing anything\n"
    "  --error_format=gcc|msvs     how errors name their place\n"
    "  --fatal_warnings            fail when there are warnings\n"
    "  @FILE                       read options and file names from FILE, one a line\n"
    "  --version, -h, --help\n"
    "The well-known types (google/protobuf/*.proto) are built in.\n";

namespace {

// Flags of protoc that we do not take, and what to do instead.
const std::map<std::string, std::string, std::less<>>& refused() {
  static const std::map<std::string, std::string, std::less<>> kRefused = {
      {"--plugin", "plug-ins are not supported; the built-in generators are cpp, grpc, python, pyi and grpc_python"},
      {"--encode", "convert messages in a program: message.SerializeToString()"},
      {"--decode", "convert messages in a program: message.ParseFromString()"},
      {"--decode_raw", "convert messages in a program: message.ParseFromString()"},
      {"--deterministic_output", "it goes with --encode, which is not supported"},
      {"--direct_dependencies", "check imports in your build rules"},
      {"--direct_dependencies_violation_msg", "check imports in your build rules"},
      {"--option_dependencies", "it is for editions, which are not supported"},
      {"--option_dependencies_violation_msg", "it is for editions, which are not supported"},
      {"--disallow_services", "drop the flag; without --grpc_out or --grpc_python_out services make no code"},
      {"--notices", "see the NOTICE and LICENSE files of this program"},
      {"--experimental_editions", "editions are not supported: write syntax = \"proto3\";"},
      {"--edition_defaults_out", "editions are not supported: write syntax = \"proto3\";"},
      {"--edition_defaults_minimum", "editions are not supported: write syntax = \"proto3\";"},
      {"--edition_defaults_maximum", "editions are not supported: write syntax = \"proto3\";"},
      {"--enable_codegen_trace", "drop the flag"},
      {"--unsafe_allow_out_dir_escape", "drop the flag: output stays in the folder that --NAME_out names"},
  };
  return kRefused;
}

const std::vector<std::string_view>& known() {
  static const std::vector<std::string_view> kKnown = {
      "--proto_path",
      "--descriptor_set_out",
      "--descriptor_set_in",
      "--include_imports",
      "--include_source_info",
      "--retain_options",
      "--error_format",
      "--fatal_warnings",
      "--dependency_out",
      "--version",
      "--help",
      "--print_free_field_numbers",
  };
  return kKnown;
}

// Flags that stand alone.
bool is_switch(std::string_view name) {
  for (std::string_view s :
       {"--include_imports", "--include_source_info", "--retain_options", "--fatal_warnings", "--version", "--help",
        "-h", "--print_free_field_numbers", "--experimental_allow_proto3_optional"}) {
    if (s == name) return true;
  }
  return false;
}

class FlagParser {
 public:
  FlagParser(CompileFlags& flags, const std::vector<std::string>& generators)
      : flags_(flags), generators_(generators) {}

  Result<void, Error> run(const std::vector<std::string>& arguments) {
    std::vector<std::string> expanded;
    for (const std::string& a : arguments) {
      if (!a.starts_with('@')) {
        expanded.push_back(a);
        continue;
      }
      auto text = read_file(a.substr(1));
      if (!text.ok()) return Failure(Error("Failed to open argument file: " + text.error().message));
      std::string_view rest = *text;
      while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) expanded.emplace_back(line);
      }
    }
    for (std::size_t i = 0; i < expanded.size(); ++i) {
      const std::string& a = expanded[i];
      if (!a.starts_with('-') || a == "-") {
        flags_.files.push_back(a);
        continue;
      }
      std::string name = a, value;
      bool has_value = false;
      if (a.starts_with("--")) {
        std::size_t equals = a.find('=');
        if (equals != std::string::npos) {
          name = a.substr(0, equals);
          value = a.substr(equals + 1);
          has_value = true;
        }
      } else {
        name = a.substr(0, 2);
        value = a.substr(2);
        has_value = !value.empty();
      }
      if (is_switch(name)) {
        if (has_value) return Failure(Error(name + " takes no value.\nwrite " + name));
      } else if (!has_value && takes_value(name)) {
        if (i + 1 == expanded.size() || expanded[i + 1].starts_with('-'))
          return Failure(Error("Missing value for flag: " + name));
        value = expanded[++i];
      }
      auto done = flag(name, value);
      if (!done.ok()) return done;
    }
    for (auto& [generator, parameter] : parameters_) {
      bool found = false;
      for (CompileFlags::Output& o : flags_.outputs) {
        if (o.generator != generator) continue;
        o.parameter += (o.parameter.empty() ? "" : ",") + parameter;
        found = true;
      }
      if (!found)
        return Failure(Error("--" + generator + "_opt is given without --" + generator + "_out.\nadd --" + generator +
                             "_out=FOLDER"));
    }
    return {};
  }

 private:
  bool is_generator_flag(std::string_view name, std::string_view ending, std::string& generator) const {
    if (!name.starts_with("--") || !name.ends_with(ending)) return false;
    generator = name.substr(2, name.size() - 2 - ending.size());
    return std::find(generators_.begin(), generators_.end(), generator) != generators_.end();
  }

  bool takes_value(const std::string& name) const {
    std::string generator;
    return name == "-I" || name == "-o" || name == "--proto_path" || name == "--descriptor_set_out" ||
           name == "--dependency_out" || name == "--error_format" || is_generator_flag(name, "_out", generator) ||
           is_generator_flag(name, "_opt", generator);
  }

  Result<void, Error> flag(const std::string& name, const std::string& value) {
    std::string generator;
    if (name == "-I" || name == "--proto_path") {
      std::string_view rest = value;
      while (true) {  // several folders, with colons between
        std::string_view part = rest.substr(0, rest.find(':'));
        if (!part.empty()) {
          std::size_t equals = part.find('=');
          if (equals == std::string_view::npos) {
            flags_.proto_path.emplace_back("", part);
          } else {
            flags_.proto_path.emplace_back(part.substr(0, equals), part.substr(equals + 1));
          }
        }
        if (part.size() == rest.size()) break;
        rest.remove_prefix(part.size() + 1);
      }
    } else if (name == "-o" || name == "--descriptor_set_out") {
      if (!flags_.descriptor_set_out.empty()) return Failure(Error(name + " may only be passed once."));
      if (value.empty()) return Failure(Error(name + " requires a non-empty value.\nname the file to write"));
      flags_.descriptor_set_out = value;
    } else if (name == "--descriptor_set_in") {
      if (!flags_.descriptor_sets.empty()) return Failure(Error(name + " may only be passed once."));
      if (value.empty()) return Failure(Error(name + " requires a non-empty value.\nname the file to read"));
      for (std::size_t begin = 0; begin <= value.size();) {
        const std::size_t end = std::min(value.find(':', begin), value.size());
        if (end > begin) flags_.descriptor_sets.push_back(value.substr(begin, end - begin));
        begin = end + 1;
      }
    } else if (name == "--dependency_out") {
      if (!flags_.dependency_out.empty()) return Failure(Error(name + " may only be passed once."));
      if (value.empty()) return Failure(Error(name + " requires a non-empty value.\nname the file to write"));
      flags_.dependency_out = value;
    } else if (name == "--error_format") {
      if (value != "gcc" && value != "msvs")
        return Failure(Error("Unknown error format: " + value + "\nwrite gcc or msvs"));
      flags_.error_format = value == "gcc" ? ErrorFormat::kGcc : ErrorFormat::kMsvs;
    } else if (name == "--include_imports") {
      flags_.include_imports = true;
    } else if (name == "--include_source_info") {
      flags_.include_source_info = true;
    } else if (name == "--retain_options") {
      flags_.retain_options = true;
    } else if (name == "--fatal_warnings") {
      flags_.fatal_warnings = true;
    } else if (name == "--print_free_field_numbers") {
      flags_.print_free_field_numbers = true;
    } else if (name == "--version") {
      flags_.version = true;
    } else if (name == "-h" || name == "--help") {
      flags_.help = true;
    } else if (name == "--experimental_allow_proto3_optional") {
      // Allowed anyway.
    } else if (is_generator_flag(name, "_out", generator)) {
      return output(generator, name, value);
    } else if (is_generator_flag(name, "_opt", generator)) {
      parameters_.emplace_back(generator, value);
    } else {
      return unknown(name);
    }
    return {};
  }

  Result<void, Error> output(const std::string& generator, const std::string& name, const std::string& value) {
    if (value.empty()) return Failure(Error(name + " requires a non-empty value.\nname the folder to write to"));
    CompileFlags::Output out;
    out.generator = generator;
    std::size_t colon = value.find(':');
    out.directory = colon == std::string::npos ? value : value.substr(colon + 1);
    if (colon != std::string::npos) out.parameter = value.substr(0, colon);
    if (out.directory.empty()) out.directory = ".";
    if (out.directory.ends_with(".zip") || out.directory.ends_with(".jar") || out.directory.ends_with(".srcjar")) {
      return Failure(Error(name + ": writing archives is not supported: " + out.directory + "\nname a folder"));
    }
    flags_.outputs.push_back(std::move(out));
    return {};
  }

  Result<void, Error> unknown(const std::string& name) {
    auto known_refused = refused().find(name);
    if (known_refused != refused().end()) return Failure(Error(name + " is not supported.\n" + known_refused->second));
    std::string list;
    for (const std::string& g : generators_) list += (list.empty() ? "" : ", ") + g;
    std::vector<std::string> names;
    for (std::string_view k : known()) names.emplace_back(k);
    for (const std::string& g : generators_) {
      names.push_back("--" + g + "_out");
      names.push_back("--" + g + "_opt");
    }
    std::vector<std::string_view> candidates(names.begin(), names.end());
    std::string_view nearest = proto::nearest_name(name, candidates);
    static const std::vector<std::string_view> kOthers = {
        "--java_out", "--csharp_out", "--js_out", "--kotlin_out", "--objc_out",    "--php_out",
        "--ruby_out", "--rust_out",   "--go_out", "--upb_out",    "--upbdefs_out", "--upb_minitable_out"};
    bool other = std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end();
    if (name.ends_with("_out") && name.starts_with("--") && (other || nearest.empty())) {
      return Failure(Error(name + ": there is no generator \"" + name.substr(2, name.size() - 6) +
                           "\".\nthe generators are " + list + "; plug-ins are not supported"));
    }
    std::string message = "Unknown flag: " + name;
    message +=
        nearest.empty() ? "\ngodwit compile --help lists the flags" : "\ndid you mean " + std::string(nearest) + "?";
    return Failure(Error(message));
  }

  CompileFlags& flags_;
  const std::vector<std::string>& generators_;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace

Result<CompileFlags, Error> parse_compile_flags(const std::vector<std::string>& arguments,
                                                const std::vector<std::string>& generators) {
  CompileFlags flags;
  auto done = FlagParser(flags, generators).run(arguments);
  if (!done.ok()) return Failure(done.error());
  if (flags.help || flags.version) return flags;
  if (!flags.descriptor_sets.empty() && !flags.proto_path.empty()) {
    return Failure(Error("Only one of --descriptor_set_in and --proto_path can be specified.\ndrop one of them"));
  }
  if (!flags.descriptor_sets.empty() && !flags.dependency_out.empty()) {
    return Failure(Error("--descriptor_set_in cannot be used with --dependency_out.\ndrop one of them"));
  }
  if (flags.proto_path.empty()) flags.proto_path.emplace_back("", ".");
  if (flags.files.empty()) return Failure(Error("Missing input file.\nname the .proto files to compile"));
  bool output = !flags.outputs.empty() || !flags.descriptor_set_out.empty();
  if (flags.print_free_field_numbers) {
    if (output)
      return Failure(
          Error("Cannot use --print_free_field_numbers and generate code or descriptors at the same time.\ndrop one of "
                "them"));
  } else if (!output) {
    return Failure(
        Error("Missing output directives.\nadd --cpp_out=FOLDER, --python_out=FOLDER or --descriptor_set_out=FILE"));
  }
  if (!flags.dependency_out.empty() && flags.files.size() > 1) {
    return Failure(
        Error("Can only process one input file when using --dependency_out=FILE.\ncompile the files one by one"));
  }
  if (flags.descriptor_set_out.empty() && (flags.include_imports || flags.include_source_info)) {
    const char* name = flags.include_imports ? "--include_imports" : "--include_source_info";
    return Failure(Error(std::string(name) +
                         " only makes sense when combined with --descriptor_set_out.\nadd --descriptor_set_out=FILE"));
  }
  return flags;
}

}  // namespace godwit::compiler
