// The compiler's phases over files on disk.
#include "godwit/compiler/driver/compile_command.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <unordered_set>

#include "godwit/compiler/codegen/generators.h"
#include "godwit/compiler/compiler.h"
#include "godwit/compiler/descriptor/descriptor_set.h"
#include "godwit/compiler/descriptor/free_numbers.h"
#include "godwit/compiler/driver/compile_flags.h"
#include "godwit/compiler/driver/disk_source_tree.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler {
namespace {

using proto::FileDescriptor;

// "message\nwhat to do" as a diagnostic about `path`, which may be "".
void add_error(Report& report, std::string path, const std::string& text) {
  std::size_t newline = text.find('\n');
  Diagnostic& d = report.error(std::move(path), text.substr(0, newline));
  if (newline != std::string::npos) d.help = text.substr(newline + 1);
}

std::string text_of(Report& report, ErrorFormat format) {
  std::string text;
  for (const Diagnostic& d : report.sorted()) text += render(d, format);
  return text;
}

// A file behind what it imports.
void add_with_imports(const FileDescriptor& file, std::unordered_set<const FileDescriptor*>& seen,
                      std::vector<const FileDescriptor*>& out) {
  struct Step {
    const FileDescriptor* file;
    std::size_t next = 0;
  };
  if (!seen.insert(&file).second) return;
  std::vector<Step> stack = {{&file}};
  while (!stack.empty()) {
    Step& step = stack.back();
    if (step.next < step.file->dependencies().size()) {
      const FileDescriptor* next = step.file->dependencies()[step.next++];
      if (seen.insert(next).second) stack.push_back({next});
      continue;
    }
    out.push_back(step.file);
    stack.pop_back();
  }
}

// Whether the code of a generator works on the messages of another library.
bool uses_other_messages(std::string_view generator) {
  return generator == "python" || generator == "pyi" || generator == "grpc_python";
}

class Run {
 public:
  Run(const CompileFlags& flags, const CompileSetting& setting) : flags_(flags), setting_(setting) {
    for (const auto& [virtual_path, disk_path] : flags.proto_path) tree_.map(virtual_path, disk_path);
  }

  CompileOutcome run() {
    CompileOutcome outcome;
    bool good = compile_files() && (flags_.print_free_field_numbers || generate());
    if (good && flags_.fatal_warnings && report_.warning_count() > 0) {
      report_.error("", "There are warnings, and --fatal_warnings makes them errors.");
      good = false;
    }
    if (good && flags_.print_free_field_numbers) {
      for (const FileDescriptor* file : files_) outcome.out += free_field_numbers(*file);
    } else if (good && setting_.keep_files) {
      outcome.files = std::move(outputs_);
    } else if (good) {
      auto written = write_output_files(outputs_);
      if (!written.ok()) {
        add_error(report_, "", written.error().message);
        good = false;
      }
    }
    outcome.err = text_of(report_, flags_.error_format);
    outcome.exit_status = good ? 0 : 1;
    return outcome;
  }

 private:
  bool compile_files() {
    if (!flags_.descriptor_sets.empty()) return read_descriptor_sets();
    for (const auto& [virtual_path, disk_path] : flags_.proto_path) {
      std::error_code ignored;
      if (!std::filesystem::exists(disk_path.empty() ? "." : disk_path, ignored)) {
        report_.warning(disk_path, "the folder of -I does not exist");
      }
    }
    std::vector<std::string> names;
    bool good = true;
    for (const std::string& file : flags_.files) {
      auto name = tree_.import_name_of(file);
      if (!name.ok()) {
        add_error(report_, "", name.error().message);
        good = false;
      } else {
        names.push_back(*name);
      }
    }
    if (!good) return false;
    make_compiler();
    compiler_->request(names);
    for (const std::string& name : names) {
      const FileDescriptor* file = compiler_->compile(name);
      if (file == nullptr) {
        good = false;
      } else {
        files_.push_back(file);
      }
    }
    return good;
  }

  void make_compiler() {
    Compiler::Options options;
    options.source_info = flags_.include_source_info || !flags_.outputs.empty();
    options.for_our_messages = flags_.outputs.empty();
    for (const CompileFlags::Output& o : flags_.outputs) {
      options.for_our_messages |= !uses_other_messages(o.generator);
    }
    options.source_info_of_imports = flags_.include_source_info && flags_.include_imports;
    compiler_ = std::make_unique<Compiler>(tree_, report_, options);
  }

  // The named files out of serialized sets. What their imports lack may be bundled with us.
  bool read_descriptor_sets() {
    make_compiler();
    google::protobuf::FileDescriptorSet all;
    for (const std::string& path : flags_.descriptor_sets) {
      auto text = read_file(path);
      if (!text.ok()) {
        add_error(report_, path, text.error().message);
        return false;
      }
      google::protobuf::FileDescriptorSet set;
      if (!set.ParseFromString(*text)) {
        add_error(report_, path,
                  "Unable to parse.\nit must be a serialized FileDescriptorSet, as --descriptor_set_out makes it");
        return false;
      }
      all.MergeFrom(set);
    }
    std::unordered_set<std::string_view> held;
    for (const auto& file : all.file()) held.insert(file.name());
    for (const auto& file : all.file()) {
      for (const std::string_view name : file.dependency()) {
        if (!held.contains(name) && find_bundled_file(name) != nullptr) compiler_->compile(name);
      }
    }
    auto added = compiler_->pool().add(all);
    if (!added.ok()) {
      for (const proto::SchemaError& e : added.error()) report_.error(e.element, e.message).help = e.help;
      return false;
    }
    for (const std::string& name : flags_.files) {
      const FileDescriptor* file = compiler_->pool().find_file(name);
      if (file == nullptr && find_bundled_file(name) != nullptr) file = compiler_->compile(name);
      if (file == nullptr) {
        add_error(report_, name,
                  "not in the files of --descriptor_set_in\nname it as the set does: without a folder of -I");
        return false;
      }
      files_.push_back(file);
    }
    return true;
  }

  bool generate() {
    for (const CompileFlags::Output& o : flags_.outputs) {
      if (!flags_.descriptor_sets.empty() && !uses_other_messages(o.generator)) {
        add_error(
            report_, "--" + o.generator + "_out",
            "It cannot be used with --descriptor_set_in.\ngive the .proto files themselves, with -I for their folders");
        return false;
      }
      if (!setting_.keep_files && !std::filesystem::is_directory(o.directory)) {
        add_error(report_, o.directory, "No such file or directory\nmake it first: mkdir -p " + o.directory);
        return false;
      }
      auto generator = make_generator(o.generator);
      auto made = generator->generate({files_, o.parameter});
      if (!made.ok()) {
        for (const GeneratorError& e : made.error()) {
          if (e.file != nullptr) {
            compiler_->report_at(*e.file, e.path, e.message, e.help);
          } else {
            report_.error("--" + o.generator + "_out", e.message).help = e.help;
          }
        }
        return false;
      }
      for (GeneratedOutput& g : *made) {
        std::string path = o.directory + (o.directory.ends_with('/') ? "" : "/") + g.name;
        if (!paths_.insert(std::filesystem::path(path).lexically_normal().string()).second) {
          add_error(report_, path, "two generators write this file\ngive them different folders");
          return false;
        }
        outputs_.push_back({path, std::move(g.content)});
      }
    }
    if (!flags_.descriptor_set_out.empty()) {
      std::vector<const FileDescriptor*> set;
      if (flags_.include_imports) {
        std::unordered_set<const FileDescriptor*> seen;
        for (const FileDescriptor* file : files_) add_with_imports(*file, seen, set);
      } else {
        for (const FileDescriptor* file : files_) {
          if (std::find(set.begin(), set.end(), file) == set.end()) set.push_back(file);
        }
      }
      outputs_.push_back({flags_.descriptor_set_out,
                          serialize_descriptor_set(set, flags_.include_source_info, flags_.retain_options)});
    }
    if (!flags_.dependency_out.empty()) add_dependency_file();
    return true;
  }

  void add_dependency_file() {
    std::string text;
    for (const OutputFile& o : outputs_) text += (text.empty() ? "" : " \\\n") + o.path;
    text += ":";
    std::vector<const FileDescriptor*> all;
    std::unordered_set<const FileDescriptor*> seen;
    for (const FileDescriptor* file : files_) add_with_imports(*file, seen, all);
    bool first = true;
    for (const FileDescriptor* file : all) {
      std::string_view path = compiler_->path_of(file->name());
      // Bundled files lie in the program itself.
      if (path == file->name() && find_bundled_file(path) != nullptr && !std::filesystem::exists(path)) continue;
      text += (first ? " " : "\\\n ") + std::string(path);
      first = false;
    }
    text += "\n";
    outputs_.push_back({flags_.dependency_out, text});
  }

  const CompileFlags& flags_;
  const CompileSetting& setting_;
  DiskSourceTree tree_;
  Report report_;
  std::unique_ptr<Compiler> compiler_;
  std::vector<const FileDescriptor*> files_;
  std::vector<OutputFile> outputs_;
  std::set<std::string> paths_;
};

}  // namespace

CompileOutcome compile_command(const std::vector<std::string>& arguments, const CompileSetting& setting) {
  auto flags = parse_compile_flags(arguments, generator_names());
  CompileOutcome outcome;
  if (!flags.ok()) {
    Report report;
    add_error(report, setting.program, flags.error().message);
    outcome.err = text_of(report, ErrorFormat::kGcc);
    outcome.exit_status = 1;
  } else if (flags->help) {
    outcome.out = "usage: " + setting.usage + " [OPTION]... PROTO_FILES\n" + kCompileHelp;
  } else if (flags->version) {
    outcome.out = setting.version + "\n";
  } else {
    outcome = Run(*flags, setting).run();
  }
  return outcome;
}

}  // namespace godwit::compiler
