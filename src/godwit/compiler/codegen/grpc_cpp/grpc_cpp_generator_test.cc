#include "godwit/compiler/codegen/grpc_cpp/grpc_cpp_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "godwit/compiler/compiler.h"

namespace godwit::compiler {
namespace {

using testing::HasSubstr;

std::vector<GeneratedOutput> generate(std::string text, std::string_view parameter = "") {
  MemorySourceTree tree;
  tree.add("dir/a.proto", std::move(text));
  Report report;
  Compiler compiler(tree, report);
  compiler.request({"dir/a.proto"});
  const proto::FileDescriptor* file = compiler.compile("dir/a.proto");
  if (file == nullptr) return {};
  const proto::FileDescriptor* files[] = {file};
  auto made = GrpcCppGenerator().generate({files, parameter});
  return made.ok() ? *made : std::vector<GeneratedOutput>();
}

constexpr char kGreeter[] = R"(syntax = "proto3";
package a.b;
message Q { message R { } }
// Says things.
service Greeter {
  // One and one.
  rpc Unary(Q) returns (Q.R);
  rpc Down(Q) returns (stream Q.R);
  rpc Up(stream Q) returns (Q.R);
  rpc Both(stream Q) returns (stream Q.R);
  rpc delete(Q) returns (Q);
  rpc methods(Q) returns (Q);
}
)";

TEST(GrpcCppGeneratorTest, DeclaresEveryKindOfMethod) {
  std::vector<GeneratedOutput> out = generate(kGreeter);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].name, "dir/a.grpc.pb.h");
  EXPECT_EQ(out[1].name, "dir/a.grpc.pb.cc");
  for (const char* text : {
           "namespace a::b {",
           "// Says things.\nclass Greeter final {",
           "    // One and one.\n    virtual ::godwit::Task<::godwit::Status> Unary(::godwit::ServerContext& context, const ::a::b::Q& request, ::a::b::Q_R& reply);",
           "Down(::godwit::ServerContext& context, const ::a::b::Q& request, ::godwit::ServerWriter<::a::b::Q_R>& writer);",
           "Up(::godwit::ServerContext& context, ::godwit::ServerReader<::a::b::Q>& reader, ::a::b::Q_R& reply);",
           "Both(::godwit::ServerContext& context, ::godwit::BlockingServerReaderWriter<::a::b::Q, ::a::b::Q_R>& stream);",
           "::godwit::UnaryCall<::a::b::Q, ::a::b::Q_R> Unary(const ::a::b::Q& request);",
           "::godwit::StatusOr<::godwit::Owned<::a::b::Q_R>> Unary(::godwit::ClientContext& context, const ::a::b::Q& request);",
           "::godwit::ClientReaderWriter<::a::b::Q, ::a::b::Q_R> Both();",
           " delete_(",
           " methods_(",
       }) {
    EXPECT_THAT(out[0].content, HasSubstr(text));
  }
  for (const char* text : {
           "static const ::godwit::ClientMethod method(\"/a.b.Greeter/delete\", ::godwit::MethodKind::kUnary);",
           "methods.push_back(::godwit::bidi_streaming_method(\"/a.b.Greeter/Both\", *this, &BlockingService::Both));",
           "co_return ::godwit::unimplemented(\"/a.b.Greeter/Up\");",
       }) {
    EXPECT_THAT(out[1].content, HasSubstr(text));
  }
}

TEST(GrpcCppGeneratorTest, SameInputSameBytes) { EXPECT_EQ(generate(kGreeter)[0].content, generate(kGreeter)[0].content); }

TEST(GrpcCppGeneratorTest, RefusesParameters) { EXPECT_TRUE(generate(kGreeter, "mocks").empty()); }

}  // namespace
}  // namespace godwit::compiler
