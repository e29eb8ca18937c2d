#include "godwit/compiler/linker/supported.h"

#include "godwit/compiler/linker/locate.h"

namespace godwit::compiler {
namespace {

using Part = proto::SchemaError::Part;

class Check {
 public:
  Check(const ast::File& tree, Report& report) : tree_(tree), report_(report) {}

  void message(const proto::MessageDescriptor& m) {
    for (const auto& f : m.fields()) field(f);
    for (const auto& f : m.extensions()) field(f);
    for (const auto& n : m.messages()) message(n);
  }

  void field(const proto::FieldDescriptor& f) {
    if (f.is_required()) {
      ast::Range at = locate(tree_, f.path(), Part::kWhole);
      error({at.first, at.first}, "Required fields are not supported: \"" + std::string(f.full_name()) + "\".",
            "write optional, and check has_" + std::string(f.name()) + "() where it matters");
    }
    if (f.type() == proto::FieldType::kGroup) {
      error(locate(tree_, f.path(), Part::kType), "Groups are not supported: \"" + std::string(f.full_name()) + "\".",
            "make the group a message and a field of it");
    }
    if (f.is_extension()) {
      std::string_view extendee = f.containing_type().full_name();
      bool options = extendee.starts_with("google.protobuf.") && (extendee.ends_with("Options") || extendee == "google.protobuf.FeatureSet");
      if (!options) {
        error(locate(tree_, f.path(), Part::kExtendee),
              "Extensions of \"" + std::string(extendee) + "\" are not supported: only options (google.protobuf.FieldOptions, ...) can be extended.",
              "use a google.protobuf.Any field, or put the field into the message");
      }
    }
  }

 private:
  void error(ast::Range at, std::string message, std::string help) {
    report_.error(*tree_.source, tree_.span(at), std::move(message)).help = std::move(help);
  }
  const ast::File& tree_;
  Report& report_;
};

}  // namespace

void report_unsupported(const ast::File& tree, const proto::FileDescriptor& file, Report& report) {
  if (file.name().starts_with("google/protobuf/")) return;
  Check check(tree, report);
  for (const auto& m : file.messages()) check.message(m);
  for (const auto& f : file.extensions()) check.field(f);
}

}  // namespace godwit::compiler
