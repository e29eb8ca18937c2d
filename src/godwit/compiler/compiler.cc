#include "godwit/compiler/compiler.h"

#include <algorithm>

#include "godwit/compiler/descriptor/descriptor_builder.h"
#include "godwit/compiler/linker/locate.h"
#include "godwit/compiler/linker/supported.h"
#include "godwit/compiler/options/interpreter.h"
#include "godwit/compiler/parser/parser.h"
#include "godwit/proto/schema/linker.h"

namespace godwit::compiler {

// One file on its way.
struct Compiler::Unit {
  std::string name;
  std::unique_ptr<SourceFile> source;
  std::unique_ptr<ast::File> tree;  // until it is linked
  std::vector<const ast::Import*> imports;
  std::size_t next_import = 0;
  const proto::FileDescriptor* file = nullptr;
  bool done = false;
  bool failed = false;
};

Compiler::Compiler(SourceTree& tree, Report& report, Options options) : tree_(tree), report_(report), options_(options) {}
Compiler::~Compiler() = default;

void Compiler::request(std::vector<std::string> names) {
  for (std::string& name : names) requested_.emplace(std::move(name), true);
}

std::string_view Compiler::path_of(std::string_view name) const {
  auto found = units_.find(std::string(name));
  return found == units_.end() || found->second->source == nullptr ? std::string_view() : std::string_view(found->second->source->path());
}

void Compiler::report_missing(std::string_view name, std::string message, const Unit* importer, const ast::Import* import) {
  if (importer == nullptr) {
    report_.error(std::string(name), std::move(message));
    return;
  }
  std::size_t newline = message.find('\n');
  Diagnostic& d = report_.error(*importer->source, importer->tree->span(import->at),
                                "Import \"" + std::string(name) + "\" was not found: " + message.substr(0, newline));
  if (newline != std::string::npos) d.help = message.substr(newline + 1);
}

// Reads and parses a file, unless that has been done. Null, after a report, when it cannot be opened.
Compiler::Unit* Compiler::start(std::string_view name, const Unit* importer, const ast::Import* import) {
  auto [entry, added] = units_.try_emplace(std::string(name));
  if (!added) return entry->second.get();
  entry->second = std::make_unique<Unit>();
  Unit& unit = *entry->second;
  unit.name = name;
  auto opened = tree_.open(name);
  if (!opened.ok()) {
    report_missing(name, opened.error().message, importer, import);
    unit.done = unit.failed = true;
    return &unit;
  }
  unit.source = std::move(*opened);
  unit.tree = parse(*unit.source, report_);
  unit.failed = !unit.tree->ok;
  if (unit.tree->syntax == nullptr && unit.tree->ok && find_bundled_file(name) == nullptr) {
    Diagnostic& d = report_.warning(*unit.source, {{0, 0}, {0, 0}}, "The file has no syntax statement, so it is read as proto2.");
    d.help = "start it with syntax = \"proto3\"; or syntax = \"proto2\";";
  }
  for (ast::Decl& decl : unit.tree->body) {
    if (decl.kind == ast::DeclKind::kImport) unit.imports.push_back(static_cast<ast::Import*>(&decl));
  }
  return &unit;
}

void Compiler::report_cycle(const std::vector<Unit*>& stack, const Unit& again, const ast::Import& import) {
  std::string chain;
  auto first = std::find(stack.begin(), stack.end(), &again);
  for (auto i = first; i != stack.end(); ++i) chain += (*i)->name + " -> ";
  chain += again.name;
  const Unit& importer = *stack.back();
  report_.error(*importer.source, importer.tree->span(import.at), "File recursively imports itself: " + chain).help =
      "move what both need into a file of its own";
}

const proto::FileDescriptor* Compiler::compile(std::string_view name) {
  Unit* root = start(name, nullptr, nullptr);
  if (root->done) return root->file;
  // Depth first, with a stack of our own: chains of imports may be long.
  std::vector<Unit*> stack = {root};
  while (!stack.empty()) {
    Unit& unit = *stack.back();
    if (unit.next_import < unit.imports.size()) {
      const ast::Import& import = *unit.imports[unit.next_import++];
      Unit* next = start(import.file, &unit, &import);
      if (next->done) {
        unit.failed |= next->failed;
      } else if (std::find(stack.begin(), stack.end(), next) != stack.end()) {
        report_cycle(stack, *next, import);
        unit.failed = true;
      } else {
        stack.push_back(next);
      }
      continue;
    }
    if (!unit.failed) link(unit);
    unit.done = true;
    unit.tree.reset();
    unit.imports.clear();
    stack.pop_back();
    if (!stack.empty()) stack.back()->failed |= unit.failed;
  }
  return root->file;
}

void Compiler::link(Unit& unit) {
  bool requested = requested_.contains(unit.name);
  bool source_info = options_.source_info && (requested || options_.source_info_of_imports);
  std::size_t errors_before = report_.error_count();
  auto* file = proto::create<google::protobuf::FileDescriptorProto>(pool_.tables().arena);
  build_descriptor(*unit.tree, source_info, *file, report_);

  proto::SchemaErrors errors;
  proto::SchemaLinker linker(pool_, *file, errors);
  const proto::FileDescriptor* linked = linker.link();
  if (linked != nullptr) {
    bool good = interpret_options(*unit.tree, *file, pool_, linker, report_);
    if (!linker.finish()) {
      linked = nullptr;
    } else if (!good) {
      linker.abandon();
      linked = nullptr;
    } else {
      if (requested) linker.report_unused_imports();
      if (options_.for_our_messages) report_unsupported(*unit.tree, *linked, report_);
    }
  }
  report_schema_errors(unit, errors);
  if (linked == nullptr || report_.error_count() != errors_before) {
    unit.failed = true;
    return;
  }
  unit.file = linked;
}

void Compiler::report_schema_errors(const Unit& unit, const proto::SchemaErrors& errors) {
  for (const proto::SchemaError& e : errors) {
    SourceSpan span = unit.tree->span(locate(*unit.tree, e.path, e.part));
    Diagnostic& d = e.warning ? report_.warning(*unit.source, span, e.message) : report_.error(*unit.source, span, e.message);
    d.help = e.help;
    if (e.undefined_name.empty() || (!e.help.empty() && !e.help.starts_with("did you mean"))) continue;
    std::string_view type = e.undefined_name;
    if (type.starts_with('.')) type.remove_prefix(1);
    if (const BundledFile* bundled = find_bundled_file_of_type(type)) {
      d.help = "add import \"" + std::string(bundled->name) + "\";";
    } else if (const BundledFile* alone = find_bundled_file_of_type("google.protobuf." + std::string(type)); alone != nullptr && d.help.empty()) {
      d.help = "did you mean \"google.protobuf." + std::string(type) + "\" of \"" + std::string(alone->name) + "\"?";
    }
  }
}

void Compiler::report_at(const proto::FileDescriptor& file, std::span<const std::int32_t> path, std::string message, std::string help) {
  auto found = units_.find(std::string(file.name()));
  if (found == units_.end() || found->second->source == nullptr) {
    report_.error(std::string(file.name()), std::move(message)).help = std::move(help);
    return;
  }
  // The tree has been given back after linking; for an error it is worth parsing again.
  const SourceFile& source = *found->second->source;
  Report ignored;
  std::unique_ptr<ast::File> tree = parse(source, ignored);
  google::protobuf::FileDescriptorProto scratch;
  build_descriptor(*tree, false, scratch, ignored);
  report_.error(source, tree->span(locate(*tree, path, proto::SchemaError::Part::kName)), std::move(message)).help = std::move(help);
}

}  // namespace godwit::compiler
