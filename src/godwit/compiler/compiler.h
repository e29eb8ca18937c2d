#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "godwit/compiler/parser/ast.h"
#include "godwit/compiler/report/diagnostic.h"
#include "godwit/compiler/source/source_tree.h"
#include "godwit/proto/schema/pool.h"

namespace godwit::compiler {

// From .proto files to linked descriptors: the phases put together. Opens files through its SourceTree only, reports
// through its Report, and keeps what it linked in a pool of its own.
class Compiler {
 public:
  struct Options {
    // Keep places and comments for the imports too, not only for the files that are asked for.
    bool source_info_of_imports = false;
    // Keep none at all: faster, and generated code has no comments.
    bool source_info = true;
    // Refuse what our own messages cannot do yet: required fields, groups, extensions of messages. Not needed when other
    // libraries make the messages.
    bool for_our_messages = true;
  };

  Compiler(SourceTree& tree, Report& report) : Compiler(tree, report, Options()) {}
  Compiler(SourceTree& tree, Report& report, Options options);
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;
  ~Compiler();

  // These are the files that the user asks for: they get warnings about unused imports, and source info. Call it before
  // compile().
  void request(std::vector<std::string> names);
  // Compiles a file and all it imports. Null when it, or an import, has errors; they are in the report then. A second
  // call for the same name answers the same.
  const proto::FileDescriptor* compile(std::string_view name);

  proto::DescriptorPool& pool() { return pool_; }
  // Reports an error at an element of a linked file, which its path names.
  void report_at(const proto::FileDescriptor& file, std::span<const std::int32_t> path, std::string message, std::string help);
  // The place where a file was found, for messages and dependency lists; "" if it was never opened.
  std::string_view path_of(std::string_view name) const;

 private:
  struct Unit;
  Unit* start(std::string_view name, const Unit* importer, const ast::Import* import);
  void link(Unit& unit);
  void report_missing(std::string_view name, std::string message, const Unit* importer, const ast::Import* import);
  void report_cycle(const std::vector<Unit*>& stack, const Unit& again, const ast::Import& import);
  void report_schema_errors(const Unit& unit, const proto::SchemaErrors& errors);

  SourceTree& tree_;
  Report& report_;
  Options options_;
  proto::DescriptorPool pool_;
  std::unordered_map<std::string, std::unique_ptr<Unit>> units_;
  std::unordered_map<std::string, bool> requested_;
};

}  // namespace godwit::compiler
