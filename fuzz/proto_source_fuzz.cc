// Any bytes as a .proto file: they compile or are refused with messages, and what compiles has a descriptor that links
// again from its serialized form. The first line may name a second file's start: everything behind a line "%%" is
// b.proto, so that imports between two files are reached.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/base/assert.h"
#include "godwit/compiler/codegen/generators.h"
#include "godwit/compiler/compiler.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
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
  for (const compiler::Diagnostic& d : report.sorted()) {
    GODWIT_ASSERT(!compiler::render(d, compiler::ErrorFormat::kGcc).empty());
  }
  if (file == nullptr) {
    GODWIT_ASSERT(report.error_count() > 0);
    return 0;
  }
  // Run time linking takes what the compiler made.
  proto::DescriptorPool pool;
  for (const proto::FileDescriptor* f : compiler.pool().files()) {
    auto added = pool.add_serialized(as_bytes(f->proto().SerializeAsString()));
    GODWIT_ASSERT(added.ok());
    for (const auto& m : (*added)->messages()) {
      for (const auto& field : m.fields()) GODWIT_ASSERT(m.find_field(field.number()) == &field);
    }
  }
  const proto::FileDescriptor* files[] = {file};
  for (const std::string& name : compiler::generator_names()) (void)compiler::make_generator(name)->generate({files, ""});
  return 0;
}
