#include "godwit/compiler/codegen/python/python_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "godwit/compiler/codegen/grpc_python/grpc_python_generator.h"
#include "godwit/compiler/codegen/pyi/pyi_generator.h"
#include "godwit/compiler/codegen/python/python_names.h"
#include "godwit/compiler/compiler.h"

// What the generated code does under Python is tested in tests/python_codegen.
namespace godwit::compiler::python {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kFile[] = R"(syntax = "proto3";
package a.b;
import public "dir/other-one.proto";
import "top.proto";
import "class/x.proto";
import "google/protobuf/empty.proto";
message Q {
  Other other = 1;
  Q class = 2;
  oneof kind { string text = 3; int64 number = 4; }
}
// Says """things""".
service Greeter {
  rpc Unary(Q) returns (google.protobuf.Empty);
  rpc lambda(stream Other) returns (stream Q);
}
)";

Result<std::vector<GeneratedOutput>, std::vector<GeneratorError>> generate(const Generator& generator,
                                                                           std::string_view parameter = "") {
  MemorySourceTree tree;
  tree.add("dir/file.proto", kFile);
  tree.add("dir/other-one.proto", "syntax = \"proto3\"; package a.b; message Other {} enum Kind { NONE = 0; }");
  tree.add("top.proto", "syntax = \"proto3\"; package top;");
  tree.add("class/x.proto", "syntax = \"proto3\"; package x;");
  Report report;
  Compiler compiler(tree, report);
  compiler.request({"dir/file.proto"});
  const proto::FileDescriptor* file = compiler.compile("dir/file.proto");
  EXPECT_NE(file, nullptr);
  const proto::FileDescriptor* files[] = {file};
  return generator.generate({files, parameter});
}

TEST(PythonNamesTest, Modules) {
  EXPECT_EQ(module_name("a/b-c.d.proto"), "a.b_c.d_pb2");
  EXPECT_EQ(output_stem("a/b-c.d.proto"), "a/b_c/d_pb2");
  EXPECT_EQ(module_alias("a/b_c.proto"), "a_dot_b__c__pb2");
  EXPECT_TRUE(is_importable("a.b_pb2"));
  EXPECT_FALSE(is_importable("class.b_pb2"));
  EXPECT_FALSE(is_importable("a.7_pb2"));
}

TEST(PythonNamesTest, PlacesRelativeToEachOther) {
  const auto place = [](std::string_view from, std::string_view to) {
    const RelativePlace p = relative_place(from, to);
    return std::to_string(p.up) + " " + p.path;
  };
  EXPECT_EQ(place("x.proto", "y.proto"), "0 y_pb2");
  EXPECT_EQ(place("x.proto", "a/y.proto"), "0 a.y_pb2");
  EXPECT_EQ(place("a/x.proto", "a/y.proto"), "0 y_pb2");
  EXPECT_EQ(place("a/x.proto", "b/y.proto"), "1 b.y_pb2");
  EXPECT_EQ(place("a/b/x.proto", "a/c/y.proto"), "1 c.y_pb2");
  EXPECT_EQ(place("a/b/x.proto", "y.proto"), "2 y_pb2");
}

TEST(PythonNamesTest, Text) {
  EXPECT_EQ(escape_bytes(std::string_view("a'\\\n\0\xff\"", 7)), "a\\'\\\\\\n\\x00\\xff\"");
  EXPECT_EQ(escape_docstring("a \"b\" \\ \"\"\""), "a \"b\" \\\\ \\\"\\\"\\\"");
  EXPECT_EQ(member_expression("m", "A.None.B"), "getattr(m.A, 'None').B");
}

TEST(PythonGeneratorTest, ImportsStandAtTheMargin) {
  auto made = generate(PythonGenerator());
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(made->size(), 1u);
  EXPECT_EQ((*made)[0].name, "dir/file_pb2.py");
  const std::string& text = (*made)[0].content;
  EXPECT_THAT(text,
              HasSubstr("\ntop__pb2 = _beside(1, 'top_pb2')\nif top__pb2 is None: \\\nimport top_pb2 as top__pb2\n"));
  EXPECT_THAT(text, HasSubstr("_beside(0, 'other_one_pb2')"));
  EXPECT_THAT(text, HasSubstr("\nfrom dir import other_one_pb2 as dir_dot_other__one__pb2\n"));
  EXPECT_THAT(text, HasSubstr("\nclass_dot_x__pb2 = _importlib.import_module('class.x_pb2')\n"));
  EXPECT_THAT(text, HasSubstr("\nfrom google.protobuf import empty_pb2 as google_dot_protobuf_dot_empty__pb2\n"));
  EXPECT_THAT(text, HasSubstr("vars(dir_dot_other__one__pb2)"));
  EXPECT_THAT(text, HasSubstr("  _globals['_Q']._serialized_start="));
  EXPECT_THAT(text, Not(HasSubstr("runtime_version")));
}

TEST(GrpcPythonGeneratorTest, KeywordsAndComments) {
  auto made = generate(GrpcPythonGenerator(), "grpc_2_0");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)[0].name, "dir/file_pb2_grpc.py");
  const std::string& text = (*made)[0].content;
  EXPECT_THAT(text, HasSubstr("class GreeterStub:\n    \"\"\"Says \\\"\\\"\"things\\\"\\\"\".\n    \"\"\"\n"));
  EXPECT_THAT(text, HasSubstr("        setattr(self, 'lambda', self.lambda_)\n"));
  EXPECT_THAT(text, HasSubstr("    def lambda_(self, request_iterator, context):\n"));
  EXPECT_THAT(text, HasSubstr("'/a.b.Greeter/lambda'"));
}

TEST(PyiGeneratorTest, ImportsOfAPackageAreRelative) {
  auto flat = generate(PyiGenerator());
  ASSERT_TRUE(flat.ok());
  ASSERT_EQ(flat->size(), 2u);
  EXPECT_EQ((*flat)[1].name, "dir/file_pb2_grpc.pyi");
  const std::string& text = (*flat)[0].content;
  EXPECT_THAT(text, HasSubstr("\nimport top_pb2 as _top__pb2\n"));
  EXPECT_THAT(text, HasSubstr("\nfrom dir.other_one_pb2 import NONE as NONE\n"));
  EXPECT_THAT(text, HasSubstr(", **kwargs: _Any) -> None: ..."));
  auto relative = generate(PyiGenerator(), "relative");
  ASSERT_TRUE(relative.ok());
  EXPECT_THAT((*relative)[0].content, HasSubstr("\nfrom .. import top_pb2 as _top__pb2\n"));
  EXPECT_THAT((*relative)[0].content, HasSubstr("\nfrom . import other_one_pb2 as _dir_dot_other__one__pb2\n"));
  EXPECT_THAT((*relative)[0].content, HasSubstr("\nfrom .other_one_pb2 import Other as Other\n"));
}

TEST(PythonGeneratorTest, UnknownOptionsAreNamed) {
  const PythonGenerator python;
  const PyiGenerator pyi;
  const GrpcPythonGenerator grpc;
  for (const Generator* generator : {static_cast<const Generator*>(&python), static_cast<const Generator*>(&pyi),
                                     static_cast<const Generator*>(&grpc)}) {
    auto made = generate(*generator, "good_day");
    ASSERT_FALSE(made.ok());
    ASSERT_EQ(made.error().size(), 1u);
    EXPECT_EQ(made.error()[0].message, "Unknown generator option: good_day");
  }
}

}  // namespace
}  // namespace godwit::compiler::python
