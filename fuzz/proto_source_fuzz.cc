// Any bytes as a .proto file: they compile or are refused with messages; what compiles has a descriptor that links
// again from its serialized form, and code is generated for it or refused with a reason. Everything behind a line "%%"
// is b.proto, so that imports between two files are reached.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/assert.h"
#include "godwit/compiler/codegen/generators.h"
#include "godwit/compiler/compiler.h"
#include "godwit/compiler/descriptor/descriptor_set.h"
#include "godwit/compiler/descriptor/free_numbers.h"
#include "godwit/compiler/descriptor/retention.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"
#include "pool_check.h"

namespace {

using namespace godwit;

void render_all(compiler::Report& report) {
  for (const compiler::Diagnostic& d : report.sorted()) {
    for (const auto format : {compiler::ErrorFormat::kGcc, compiler::ErrorFormat::kMsvs}) {
      const std::string text = compiler::render(d, format);
      GODWIT_ASSERT(!text.empty() && text.back() == '\n');
    }
  }
}

// Run time linking takes what the compiler made, file by file and as a set.
void link_again(compiler::Compiler& compiler) {
  proto::DescriptorPool one_by_one;
  const auto files = compiler.pool().files();
  for (const proto::FileDescriptor* f : files) {
    const auto added = one_by_one.add_serialized(as_bytes(f->proto().SerializeAsString()));
    GODWIT_ASSERT(added.ok());
    (void)compiler::has_range_options(**added);
    (void)compiler::free_field_numbers(**added);
    fuzz::check_file(**added);
  }
  for (const bool retain_options : {false, true}) {
    proto::DescriptorPool pool;
    google::protobuf::FileDescriptorSet set;
    GODWIT_ASSERT(set.ParseFromString(compiler::serialize_descriptor_set(files, true, retain_options)));
    GODWIT_ASSERT(pool.add(set).ok() && pool.files().size() == files.size());
  }
}

void generate(compiler::Compiler& compiler, const proto::FileDescriptor* file, std::string_view parameter) {
  const proto::FileDescriptor* files[] = {file};
  for (const std::string& name : compiler::generator_names()) {
    const auto made = compiler::make_generator(name)->generate({files, parameter});
    if (made.ok()) {
      for (const auto& output : *made) GODWIT_ASSERT(!output.name.empty() && output.name[0] != '/');
      continue;
    }
    GODWIT_ASSERT(!made.error().empty());
    for (const compiler::GeneratorError& e : made.error()) {
      GODWIT_ASSERT(!e.message.empty());
      if (e.file != nullptr) compiler.report_at(*e.file, e.path, e.message, e.help);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view second;
  if (std::size_t mark = text.find("\n%%\n"); mark != std::string_view::npos) {
    second = text.substr(mark + 4);
    text = text.substr(0, mark + 1);
  }
  compiler::MemorySourceTree tree;
  tree.add("a.proto", std::string(text));
  tree.add("b.proto", std::string(second));
  compiler::Report report;
  compiler::Compiler compiler(tree, report);
  compiler.request({"a.proto", "b.proto"});
  const proto::FileDescriptor* file = compiler.compile("a.proto");
  compiler.compile("b.proto");
  if (file == nullptr) {
    GODWIT_ASSERT(report.error_count() > 0);
    render_all(report);
    return 0;
  }
  GODWIT_ASSERT(compiler.path_of("a.proto") == "a.proto");
  link_again(compiler);
  generate(compiler, file, "");
  if (size % 16 == 0) generate(compiler, file, "one,two=2,");
  render_all(report);
  return 0;
}
