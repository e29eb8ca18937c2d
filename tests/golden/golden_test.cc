// Golden files. errors/*.txt hold cases one after the other: "=== NAME", then the files of the case, each under
// "--- FILE.proto", then under "--- report" what the compiler says about the first of them, all of it. accepted/*.proto
// have their descriptors beside them as *.descriptor.txt. With GODWIT_UPDATE_GOLDEN=1 in the environment the answers
// are written anew; read the difference before committing it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "godwit/compiler/compiler.h"
#include "godwit/proto/generated/google/protobuf/descriptor.pb.h"

namespace godwit::compiler {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

bool updating() {
  const char* value = std::getenv("GODWIT_UPDATE_GOLDEN");
  return value != nullptr && *value != '\0' && *value != '0';
}

struct Case {
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;
  std::string report;
};

// \xNN stands for a byte that a text file should not hold.
std::string with_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "<0x" && i + 5 < text.size() && text[i + 5] == '>') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 3, 2)), nullptr, 16));
      i += 5;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<Case> parse_cases(const std::string& text) {
  std::vector<Case> cases;
  std::string* target = nullptr;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}});
      target = nullptr;
    } else if (line == "--- report") {
      target = &cases.back().report;
    } else if (line.starts_with("--- ")) {
      cases.back().files.emplace_back(line.substr(4), "");
      target = &cases.back().files.back().second;
    } else if (target != nullptr) {
      *target += line + "\n";
    }
  }
  return cases;
}

std::string report_of(const Case& c) {
  MemorySourceTree tree;
  for (const auto& [name, text] : c.files) tree.add(name, with_bytes(text));
  Report report;
  Compiler compiler(tree, report);
  compiler.request({c.files[0].first});
  const proto::FileDescriptor* file = compiler.compile(c.files[0].first);
  std::string out;
  for (const Diagnostic& d : report.sorted()) out += render(d, ErrorFormat::kGcc);
  EXPECT_EQ(file == nullptr, report.error_count() > 0);
  return out;
}

class ErrorsTest : public testing::TestWithParam<std::string> {};

TEST_P(ErrorsTest, SaysWhatIsExpected) {
  fs::path path = fs::path(GOLDEN_DIR) / "errors" / GetParam();
  std::string text = read(path);
  std::string updated;
  for (const Case& c : parse_cases(text)) {
    SCOPED_TRACE(c.name);
    std::string report = report_of(c);
    updated += "=== " + c.name + "\n";
    for (const auto& [name, source] : c.files) updated += "--- " + name + "\n" + source;
    updated += "--- report\n" + report;
    if (!updating()) {
      EXPECT_EQ(report, c.report);
    }
  }
  if (updating()) write(path, updated);
}

std::vector<std::string> names_in(const char* folder, const char* ending) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(GOLDEN_DIR) / folder)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.find('.'));
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, ErrorsTest, testing::ValuesIn(names_in("errors", ".txt")), test_name);

// A serialized message as text, one field a line: "4.2.1: \"name\"". Enough to see what has changed; the wire bytes are
// compared as they are.
std::string escaped(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      char buffer[5];
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(c));
      out += buffer;
    } else {
      out += c;
    }
  }
  return out;
}

bool get_varint(std::string_view& in, std::uint64_t& v) {
  v = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto b = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    v |= std::uint64_t{b & 0x7Fu} << shift;
    if (b < 0x80) return true;
  }
  return false;
}

// True when the bytes can be read as a message, its text appended.
bool dump(std::string_view in, const std::string& path, std::string& out) {
  std::string text;
  while (!in.empty()) {
    std::uint64_t tag = 0, v = 0;
    if (!get_varint(in, tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) return false;
    std::string here = path + (path.empty() ? "" : ".") + std::to_string(tag >> 3);
    if ((tag & 7) == 0) {
      if (!get_varint(in, v)) return false;
      text += here + ": " + std::to_string(v) + "\n";
    } else if ((tag & 7) == 2) {
      if (!get_varint(in, v) || v > in.size()) return false;
      std::string_view part = in.substr(0, v);
      in.remove_prefix(v);
      bool words = !part.empty();
      for (char c : part) words &= (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t';
      std::string inner;
      if (words || !dump(part, here, inner) || part.empty()) {
        text += here + ": \"" + escaped(part) + "\"\n";
      } else {
        text += inner;
      }
    } else if ((tag & 7) == 1 || (tag & 7) == 5) {
      std::size_t size = (tag & 7) == 1 ? 8 : 4;
      if (in.size() < size) return false;
      text += here + ": fixed \"" + escaped(in.substr(0, size)) + "\"\n";
      in.remove_prefix(size);
    } else {
      return false;
    }
  }
  out += text;
  return true;
}

// Places as SourceCodeInfo has them, a line each: path, span, comments.
std::string locations(const google::protobuf::SourceCodeInfo& info) {
  std::string out;
  for (const auto& l : info.location()) {
    out += "[";
    for (std::int32_t p : l.path()) out += " " + std::to_string(p);
    out += " ] at";
    for (std::int32_t s : l.span()) out += " " + std::to_string(s);
    if (l.has_leading_comments()) out += " leading \"" + escaped(l.leading_comments()) + "\"";
    if (l.has_trailing_comments()) out += " trailing \"" + escaped(l.trailing_comments()) + "\"";
    for (std::string_view d : l.leading_detached_comments()) out += " detached \"" + escaped(d) + "\"";
    out += "\n";
  }
  return out;
}

class AcceptedTest : public testing::TestWithParam<std::string> {};

TEST_P(AcceptedTest, HasTheExpectedDescriptor) {
  fs::path path = fs::path(GOLDEN_DIR) / "accepted" / GetParam();
  MemorySourceTree tree;
  for (const std::string& name : names_in("accepted", ".proto")) tree.add(name, read(fs::path(GOLDEN_DIR) / "accepted" / name));
  Report report;
  Compiler compiler(tree, report);
  compiler.request({GetParam()});
  const proto::FileDescriptor* file = compiler.compile(GetParam());
  std::string diagnostics;
  for (const Diagnostic& d : report.sorted()) diagnostics += render(d, ErrorFormat::kGcc);
  ASSERT_NE(file, nullptr) << diagnostics;
  google::protobuf::FileDescriptorProto copy(file->proto());
  std::string text = diagnostics;
  std::string places = locations(copy.source_code_info());
  copy.clear_source_code_info();
  ASSERT_TRUE(dump(copy.SerializeAsString(), "", text));
  text += places;
  fs::path golden = path;
  golden.replace_extension(".descriptor.txt");
  if (updating()) write(golden, text);
  EXPECT_EQ(text, read(golden));
}

INSTANTIATE_TEST_SUITE_P(Golden, AcceptedTest, testing::ValuesIn(names_in("accepted", ".proto")), test_name);

}  // namespace
}  // namespace godwit::compiler
