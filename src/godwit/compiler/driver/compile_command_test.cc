#include "godwit/compiler/driver/compile_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace godwit::compiler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A folder of its own for each test, with two .proto files.
class CompileCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/compile-command-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("a.proto",
          "syntax = \"proto3\"; package a; import \"b.proto\"; import \"google/protobuf/empty.proto\"; "
          "message A { b.B b = 1; google.protobuf.Empty e = 2; }");
    write("b.proto", "syntax = \"proto2\"; package b; message B { required int32 x = 1; }");
    setting_.keep_files = true;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
  CompileOutcome compile(std::vector<std::string> arguments) const { return compile_command(arguments, setting_); }
  static std::vector<std::string> paths(const CompileOutcome& outcome) {
    std::vector<std::string> out;
    for (const OutputFile& file : outcome.files) out.push_back(file.path);
    return out;
  }

  std::string folder_;
  CompileSetting setting_;
};

TEST_F(CompileCommandTest, KeepsFiles) {
  const CompileOutcome outcome = compile({"-I" + folder_, "--python_out=nowhere", "a.proto", "b.proto"});
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_THAT(paths(outcome), ElementsAre("nowhere/a_pb2.py", "nowhere/b_pb2.py"));
}

TEST_F(CompileCommandTest, OurMessagesHaveNoRequiredFields) {
  const CompileOutcome outcome = compile({"-I" + folder_, "--python_out=nowhere", "--cpp_out=nowhere", "b.proto"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("Required fields are not supported"));
  EXPECT_THAT(outcome.files, IsEmpty());
}

TEST_F(CompileCommandTest, TakesFilesOutOfSets) {
  const std::string set = folder_ + "/set.bin";
  CompileOutcome made = compile({"-I" + folder_, "--include_imports", "-o" + set, "--python_out=.", "a.proto"});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  ASSERT_EQ(made.files.size(), 2u);
  write("set.bin", made.files[1].content);
  const CompileOutcome again = compile({"--descriptor_set_in=" + set, "--python_out=.", "a.proto"});
  EXPECT_EQ(again.exit_status, 0) << again.err;
  ASSERT_EQ(again.files.size(), 1u);
  EXPECT_EQ(again.files[0].content, made.files[0].content);
  EXPECT_THAT(compile({"--descriptor_set_in=" + set, "--python_out=.", "c.proto"}).err,
              HasSubstr("c.proto: error: not in the files of --descriptor_set_in"));
  EXPECT_THAT(compile({"--descriptor_set_in=" + set, "--cpp_out=.", "a.proto"}).err, HasSubstr("--cpp_out: error:"));
  EXPECT_THAT(compile({"--descriptor_set_in=" + set + "x", "--python_out=.", "a.proto"}).err,
              HasSubstr("No such file"));
  write("set.bin", "no set");
  EXPECT_THAT(compile({"--descriptor_set_in=" + set, "--python_out=.", "a.proto"}).err, HasSubstr("Unable to parse"));
}

TEST_F(CompileCommandTest, ErrorsNameTheFlag) {
  setting_.program = "protoc";
  EXPECT_THAT(compile({"--pythn_out=.", "a.proto"}).err, HasSubstr("protoc: error: Unknown flag: --pythn_out"));
  EXPECT_THAT(compile({"-I" + folder_, "--pyi_out=fast:.", "a.proto"}).err,
              HasSubstr("--pyi_out: error: Unknown generator option: fast"));
  EXPECT_THAT(compile({"-I" + folder_, "--pyi_opt=relative", "--python_out=.", "a.proto"}).err,
              HasSubstr("--pyi_opt is given without --pyi_out"));
  EXPECT_THAT(compile({"--java_out=.", "a.proto"}).err, HasSubstr("there is no generator \"java\""));
}

TEST_F(CompileCommandTest, HelpAndVersion) {
  setting_.usage = "python -m it";
  setting_.version = "libprotoc 1";
  EXPECT_THAT(compile({"--help"}).out, testing::StartsWith("usage: python -m it [OPTION]... PROTO_FILES\n"));
  EXPECT_EQ(compile({"--version"}).out, "libprotoc 1\n");
}

}  // namespace
}  // namespace godwit::compiler
